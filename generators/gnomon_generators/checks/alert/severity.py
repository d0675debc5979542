"""How bad an alert is."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Rule
from gnomon_generators.rules import SEVERITIES

ID = "alert/severity"
SEVERITY = Severity.ERROR
BRIEF = "An alert has no severity, or one that no route knows."

# For alerts that are always on, so that their silence tells of a broken chain.
_OF_HEARTBEATS: Final = "none"


def check(rule: Rule) -> Iterator[Finding]:
    """Reports alerts whose `severity` label is not in the set; a template may give any."""
    if rule.kind != "alert":
        return
    severity = str(rule.labels.get("severity") or "")
    if severity in SEVERITIES or severity == _OF_HEARTBEATS or "{{" in severity:
        return
    close = get_close_matches(severity.lower(), SEVERITIES, 1)
    yield rule.finding(
        ID,
        SEVERITY,
        f"The severity is {severity!r}: routes by severity pass the alert by, and the default receiver gets "
        "it."
        if severity
        else "The alert has no `severity`: routes by severity pass it by, and the default receiver gets it.",
        f"write `severity: {close[0]}`" if close else f"write one of {', '.join(SEVERITIES)}",
        line=rule.group.file.line_of(*rule.keys, "labels", "severity"),
    )
