"""Letters of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Panel

ID = "dashboard/ref-ids"
SEVERITY = Severity.ERROR
BRIEF = "Two queries of a panel have the same letter: one of them is lost."


def check(panel: Panel) -> Iterator[Finding]:
    """Reports each letter that stands more than once."""
    letters = Counter(target.raw["refId"] for target in panel.targets if target.raw.get("refId"))
    for letter, number in letters.items():
        if number > 1:
            yield panel.finding(
                ID,
                SEVERITY,
                f"{number} queries have the `refId` {letter}: results come back under it, so that one answer "
                "stands for the other, and overrides by query match both.",
                "give each query a letter of its own",
                part=f"refId {letter}",
            )
