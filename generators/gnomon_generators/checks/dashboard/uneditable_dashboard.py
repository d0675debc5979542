"""dashboard-linter's rule of dashboards that come from a file."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile

ID = "dashboard/uneditable-dashboard"
SEVERITY = Severity.WARNING
BRIEF = "The dashboard may be edited in Grafana, where the next deployment takes the edit back."


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports dashboards that do not say `editable: false`; without the key Grafana takes it for true."""
    if dashboard.document.get("editable") is not False:
        yield place(dashboard, ("editable",) if "editable" in dashboard.document else ()).finding(
            ID,
            SEVERITY,
            "Grafana offers to edit this dashboard; what somebody saves there is gone with the next "
            "deployment, or keeps the file from being read.",
            "write `editable: false`; whoever wants to try something saves a copy",
        )
