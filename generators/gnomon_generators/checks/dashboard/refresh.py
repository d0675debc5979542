"""How often a dashboard asks again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon.settings import Duration
from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile
from gnomon_generators.checks.syntax.nodes import Selector

ID = "dashboard/refresh"
SEVERITY = Severity.WARNING
BRIEF = "The dashboard asks again sooner than anything new can be there."

_DURATION: Final = re.compile(r"\d+(?:ms|[smhdwy])")


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports a refresh below the interval of the rules that it reads, or below that of scraping."""
    written = str(dashboard.document.get("refresh") or "")
    if not _DURATION.fullmatch(written):
        return
    interval, of = _newest_after(dashboard)
    if Duration(written).seconds < interval:
        yield place(dashboard, ("refresh",)).finding(
            ID,
            SEVERITY,
            f"The dashboard asks all its queries again every {written}, and {of} every {interval:g} s: most "
            "answers are the ones before.",
            f"write a refresh of at least {interval:g} s, or none and let the reader choose",
        )


def _newest_after(dashboard: DashboardFile) -> tuple[float, str]:
    """After how many seconds something new can be there, and where it would come from."""
    tree = dashboard.tree
    names = {
        node.name
        for expression in tree.expressions
        if expression.file is dashboard and expression.parsed.root
        for node in expression.parsed.root.walk()
        if isinstance(node, Selector) and node.name
    }
    recorded = {rule.name: rule.group.interval for rule in tree.rules if rule.kind == "record"}
    if any(name in recorded or ":" in name for name in names):
        own = tree.settings.rules.interval.seconds
        read = [recorded[name] or own for name in names if name in recorded]
        return min(read, default=own), "its recorded series are evaluated"
    return tree.configuration.scrape_seconds, "its metrics are scraped"
