"""A shape of older Grafana that is still written."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.dashboard.faults import shapes_of
from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile

ID = "dashboard/old-shapes"
SEVERITY = Severity.WARNING
BRIEF = "Something is written as older Grafana had it; today's ignores it, drops it or reads it otherwise."


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports each leftover with what Grafana makes of it."""
    for shape in shapes_of(dashboard):
        yield place(dashboard, shape.path).finding(ID, shape.severity, shape.effect, shape.advice)
