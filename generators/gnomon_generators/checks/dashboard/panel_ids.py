"""Ids of panels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile, Panel

ID = "dashboard/panel-ids"
SEVERITY = Severity.ERROR
BRIEF = "Two panels have the same id, or one has none: links, alerts and annotations meet the wrong panel."


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports each panel whose id another one before it has, and each without."""
    first: dict[Any, Panel] = {}
    for panel in dashboard.panels:
        number = panel.raw.get("id")
        if number is None:
            yield panel.finding(
                ID,
                Severity.WARNING,
                "The panel has no id: Grafana gives it one on every load, and links to it are right by "
                "chance.",
                "number the panels, each with a whole number of its own",
            )
        elif number in first:
            yield panel.finding(
                ID,
                SEVERITY,
                f'The panel "{first[number].title}" has the id {number} too: "View" and links open '
                "one for the other, and the editor saves over it.",
                "give each panel of the dashboard, rows included, an id of its own",
            )
        else:
            first[number] = panel
