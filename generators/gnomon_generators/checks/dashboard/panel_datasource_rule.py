"""dashboard-linter's rule of data sources of panels, over all kinds of panels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gnomon_generators.checks.dashboard.kinds import WITHOUT_QUERIES
from gnomon_generators.checks.dashboard.references import names_in
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Panel

ID = "dashboard/panel-datasource-rule"
SEVERITY = Severity.WARNING
BRIEF = "A panel names a data source of one Grafana, or none, instead of a variable of the dashboard."

# Data sources that every Grafana has.
_EVERYWHERE = frozenset({"-- Mixed --", "-- Dashboard --", "-- Grafana --", "grafana", "__expr__"})


def check(panel: Panel) -> Iterator[Finding]:
    """Reports a panel once, by the first of its data sources that is no variable.

    On a board without such a variable dashboard/template-datasource-rule says so once for all panels.
    """
    if not any(variable.type == "datasource" for variable in panel.dashboard.variables):
        return
    if panel.type in WITHOUT_QUERIES or "libraryPanel" in panel.raw or not panel.targets:
        return
    holders = [panel.raw, *(target.raw for target in panel.targets)]
    sources = [holder["datasource"] for holder in holders if holder.get("datasource")]
    if not sources:
        yield panel.finding(
            ID,
            SEVERITY,
            "The panel says no data source: it asks whichever is the default of the Grafana that it runs in.",
            'write `{"type": "prometheus", "uid": "${datasource}"}` on panel and targets',
        )
        return
    fixed = next((uid for source in sources if (uid := _fixed(source)) is not None), None)
    if fixed is not None:
        yield panel.finding(
            ID,
            SEVERITY,
            f"The panel asks the data source with the uid {fixed!r}: in any other Grafana it finds none.",
            'define a variable of type datasource and write `"uid": "${datasource}"` on panel and targets',
        )


def _fixed(source: object) -> str | None:
    """The uid, where it is neither a variable nor one that every Grafana has."""
    uid = source.get("uid") if isinstance(source, Mapping) else source
    # Data sources as text are the business of dashboard/schema-version.
    if not isinstance(uid, str) or not isinstance(source, Mapping) or uid in _EVERYWHERE:
        return None
    # A variable that is not there is the business of dashboard/variables-defined.
    return None if any(names_in(uid)) else uid
