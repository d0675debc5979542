"""Uids over all dashboards."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile, Tree

ID = "dashboard/unique-uid"
SEVERITY = Severity.ERROR
BRIEF = "Two dashboards have the same uid: one replaces the other."


def check(tree: Tree) -> Iterator[Finding]:
    """Reports every dashboard whose uid one before it has."""
    first: dict[str, DashboardFile] = {}
    for dashboard in tree.dashboards:
        before = first.setdefault(dashboard.uid, dashboard)
        if dashboard.uid and before is not dashboard:
            yield place(dashboard, ("uid",)).finding(
                ID,
                SEVERITY,
                f"{before.path} has the uid {dashboard.uid!r} too: Grafana provisions neither reliably, and "
                "shows whichever it read last.",
                "give each dashboard a uid of its own",
            )
