"""How often a group is evaluated."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Group

ID = "rule/interval"
SEVERITY = Severity.WARNING
BRIEF = "The interval of a group is nothing, or no multiple of the scrape interval."


def check(group: Group) -> Iterator[Finding]:
    """Reports the interval where one is written."""
    if group.interval is None:
        return
    scrape = group.tree.configuration.scrape_seconds
    line = group.file.line_of(*group.keys, "interval")
    if group.interval <= 0:
        yield group.finding(
            ID,
            SEVERITY,
            "An interval of nothing means the global one: the group says something that does not happen.",
            "write the interval that is meant, or leave the key out",
            line=line,
        )
    elif group.interval < scrape or group.interval % scrape:
        yield group.finding(
            ID,
            SEVERITY,
            f"The interval of {group.interval:g} s is no multiple of the scrape interval of {scrape:g} s: "
            "windows hold now one sample more and now one less, and the results waver.",
            f"write a multiple of {scrape:g} s; `scrape_interval` in gnomon-check.yaml says what it is",
            line=line,
        )
