"""Keys of groups and rules."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Group, Rule, RuleFile

ID = "rule/keys"
SEVERITY = Severity.ERROR
BRIEF = "A group or rule has a key that Prometheus does not know."

_FILE: Final = ("groups",)
_GROUP: Final = ("name", "interval", "query_offset", "limit", "labels", "rules", "partial_response_strategy")
_RULE: Final = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")


def check(file: RuleFile) -> Iterator[Finding]:
    """Reports unknown keys of the file, its groups and its rules."""
    for subject, raw, known, keys in (
        (file, file.document, _FILE, ()),
        *((group, group.raw, _GROUP, group.keys) for group in file.groups),
        *((rule, rule.raw, _RULE, rule.keys) for rule in file.rules),
    ):
        for key in raw:
            if key not in known:
                yield _finding(file, subject, str(key), known, keys)


def _finding(
    file: RuleFile,
    subject: RuleFile | Group | Rule,
    key: str,
    known: tuple[str, ...],
    keys: tuple[str | int, ...],
) -> Finding:
    close = get_close_matches(key, known, 1)
    return subject.finding(
        ID,
        SEVERITY,
        f"Prometheus knows no key `{key}` here and refuses the file.",
        f"write `{close[0]}`" if close else f"write one of {', '.join(known)}",
        part=f"key {key}",
        line=file.line_of(*keys, key),
    )
