"""A variable that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.dashboard.references import references
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile

ID = "dashboard/variables-used"
SEVERITY = Severity.WARNING
BRIEF = "A variable is defined and nothing names it: choosing a value changes nothing."

# Grafana adds these to every query of their data source by itself.
_APPLIED_BY_GRAFANA = frozenset({"adhoc", "groupby"})


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports variables that no panel, link, annotation or other variable names."""
    way = ("templating", "list")
    # A variable that names itself is not used by that.
    used = {
        reference.name
        for reference in references(dashboard)
        if not (reference.path[:2] == way and _name_at(dashboard, reference.path[2]) == reference.name)
    }
    for variable in dashboard.variables:
        if variable.name not in used and variable.type not in _APPLIED_BY_GRAFANA:
            yield variable.finding(
                ID,
                SEVERITY,
                f"Nothing names `${variable.name}`: whatever a reader chooses there, the panels stay the "
                "same.",
                "use it in the queries that it is meant to filter, or remove it",
            )


def _name_at(dashboard: DashboardFile, position: object) -> str:
    return next(
        (variable.name for variable in dashboard.variables if variable.keys[-1] == position),
        "",
    )
