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
    yield from _unknown(file, file, _FILE)
    for group in file.groups:
        yield from _unknown(file, group, _GROUP)
    for rule in file.rules:
        yield from _unknown(file, rule, _RULE)


def _unknown(file: RuleFile, subject: RuleFile | Group | Rule, known: tuple[str, ...]) -> Iterator[Finding]:
    raw, keys = (file.document, ()) if isinstance(subject, RuleFile) else (subject.raw, subject.keys)
    for key in (str(key) for key in raw if key not in known):
        close = get_close_matches(key, known, 1)
        yield subject.finding(
            ID,
            SEVERITY,
            f"Prometheus knows no key `{key}` here and refuses the file.",
            f"write `{close[0]}`" if close else f"write one of {', '.join(known)}",
            part=f"key {key}",
            line=file.line_of(*keys, key),
        )
