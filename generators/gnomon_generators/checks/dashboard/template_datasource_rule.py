"""dashboard-linter's rule of the variable that chooses the data source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.dashboard.kinds import WITHOUT_QUERIES
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile, Variable

ID = "dashboard/template-datasource-rule"
SEVERITY = Severity.WARNING
BRIEF = "No variable chooses the data source, or it has another name or label than everywhere else."

# Words by which the types with long ids are known.
_SHORT: Final = {
    "grafana-postgresql-datasource": ("postgres", "PostgreSQL"),
    "grafana-pyroscope-datasource": ("pyroscope", "Pyroscope"),
    "grafana-testdata-datasource": ("testdata", "TestData"),
}


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports a missing variable on a dashboard that asks anything, then names and labels."""
    chosen = [variable for variable in dashboard.variables if variable.type == "datasource"]
    if not chosen and any(panel.targets for panel in dashboard.panels if panel.type not in WITHOUT_QUERIES):
        yield dashboard.finding(
            ID,
            SEVERITY,
            "No variable chooses the data source: the dashboard works in the one Grafana whose uids it "
            "names.",
            "add a variable `datasource` of type datasource, labelled `Data source`, and use it on every "
            "panel",
        )
    for variable in chosen:
        yield from _named(variable)


def _named(variable: Variable) -> Iterator[Finding]:
    """Whether name and label are the ones that a link from another dashboard would use."""
    kind = str(variable.raw.get("query") or "").lower()
    short, shown = _SHORT.get(kind, (kind, kind.capitalize()))
    names = {f"{short}_datasource", f"{kind}_datasource", "datasource"}
    labels = {f"{shown} data source".lower(), "data source"}
    if variable.name not in names:
        yield variable.finding(
            ID,
            SEVERITY,
            f"The variable for the {shown} data source is called {variable.name}: links from other "
            "dashboards carry the choice over only under the common name.",
            f"call it `datasource`, or `{short}_datasource` beside another one",
        )
    elif str(variable.raw.get("label") or "").lower() not in labels:
        yield variable.finding(
            ID,
            Severity.INFO,
            f"The variable {variable.name} is labelled {variable.raw.get('label') or 'with nothing'}.",
            f"label it `Data source`, or `{shown} data source` beside another one",
        )
