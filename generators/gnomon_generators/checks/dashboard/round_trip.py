"""A round trip through Grafana's own models."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.dashboard.faults import shapes_of, unexplained_faults
from gnomon_generators.checks.dashboard.models import keys_lost, models_missing
from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.dashboard.shapes import explains
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.schema import is_data_source
from gnomon_generators.checks.subjects import DashboardFile, Tree

ID = "dashboard/round-trip"
SEVERITY = Severity.ERROR
BRIEF = "A key is lost when Grafana's own models read the dashboard and write it again."


def check(tree: Tree) -> Iterator[Finding]:
    """Reports the keys that do not come back, without those of which another check says more."""
    if not tree.dashboards:
        return
    if missing := models_missing():
        yield tree.finding(
            ID,
            Severity.INFO,
            f"Grafana's own models are not installed ({missing}): dashboards were not read with them.",
            "pip install grafana-foundation-sdk==0.0.21 (an unpinned install fetches those of Grafana 10)",
        )
        return
    for dashboard in tree.dashboards:
        yield from _lost(dashboard)


def _lost(dashboard: DashboardFile) -> Iterator[Finding]:
    refused = [fault.path for fault in unexplained_faults(dashboard)]
    for path, message in keys_lost(dashboard.document):
        said = any(path[: len(other)] == other or other[: len(path)] == path for other in refused)
        if not said and not explains(shapes_of(dashboard), path) and not is_data_source(path):
            yield place(dashboard, path).finding(
                ID, SEVERITY, message, "write it as today's Grafana does, or leave it out"
            )
