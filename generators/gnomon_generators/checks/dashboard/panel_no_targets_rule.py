"""dashboard-linter's rule of panels without queries, over all kinds of panels."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.dashboard.kinds import WITHOUT_QUERIES
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Panel

ID = "dashboard/panel-no-targets-rule"
SEVERITY = Severity.ERROR
BRIEF = "A panel asks nothing: it is empty for ever."

# A drawing or a map may stand without data.
_MAY_BE_STATIC = frozenset({"canvas", "geomap"})


def check(panel: Panel) -> Iterator[Finding]:
    """Reports panels that need a query and have none."""
    if panel.targets or panel.type in WITHOUT_QUERIES | _MAY_BE_STATIC or "libraryPanel" in panel.raw:
        return
    if panel.type:
        yield panel.finding(
            ID,
            SEVERITY,
            f'The {panel.type} panel has no query: it shows "No data" whatever happens.',
            "give it a query, or take it out",
        )
