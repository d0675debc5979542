"""An accepted finding that is no longer found."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import SuppressionUse

ID = "suppression/unused"
SEVERITY = Severity.WARNING
BRIEF = "An entry of gnomon-check.yaml accepts something that is not found any more."


def check(use: SuppressionUse) -> Iterator[Finding]:
    """Reports entries that covered nothing in a whole run."""
    if use.covered == 0:
        yield use.finding(
            ID,
            SEVERITY,
            "Nothing that this entry accepts is found: the next fault of the kind would pass unseen.",
            "remove the entry",
        )
