"""What an alert tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Rule

ID = "alert/annotations"
SEVERITY = Severity.WARNING
BRIEF = "An alert has no summary, description or runbook_url."

_REQUIRED: Final = {
    "summary": "one sentence that is the same for every alert of this name",
    "description": "what happened, with labels and value",
    "runbook_url": "the page that says what to do",
}


def check(rule: Rule) -> Iterator[Finding]:
    """Reports all that is missing in one finding."""
    if rule.kind != "alert":
        return
    missing = [name for name in _REQUIRED if not str(rule.annotations.get(name) or "").strip()]
    if missing:
        yield rule.finding(
            ID,
            SEVERITY,
            f"The alert has no {', no '.join(missing)}: whoever is woken has to find out.",
            "; ".join(f"write `{name}`: {_REQUIRED[name]}" for name in missing),
        )
