"""The version that a dashboard claims, and what follows from it for references to data sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.dashboard.kinds import WITHOUT_QUERIES
from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.schema import data_source_texts
from gnomon_generators.checks.subjects import DashboardFile

ID = "dashboard/schema-version"
SEVERITY = Severity.ERROR
BRIEF = "The schema version is missing, or promises references to data sources that are not there."

_CURRENT: Final = 42
# The first version of which Grafana expects what the migration to 33 made: objects for names.
_REFERENCES: Final = 33
# The migration to 36 gives targets the data source of their panel, and panels without one the default.
_FILLED: Final = 36
# Grafana 13's backend migrates from version 2; earlier ones of Grafana 12 only from 37.
_EARLY_12: Final = 37


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports the version, names of data sources, and targets without one."""
    version = dashboard.document.get("schemaVersion")
    if not isinstance(version, int):
        yield dashboard.finding(
            ID,
            Severity.WARNING,
            "The dashboard says no `schemaVersion`: Grafana takes it for the oldest shape there was and "
            "replays every migration on every load.",
            f"write `schemaVersion: {_CURRENT}` and data sources as `{{type, uid}}` on panels and targets",
        )
        version = 0
    elif version < _EARLY_12:
        yield place(dashboard, ("schemaVersion",)).finding(
            ID,
            Severity.WARNING,
            f"`schemaVersion: {version}`: Grafana replays the migrations {version + 1} to {_CURRENT} on "
            "every load, and the dashboard API of early Grafana 12 hands it out unmigrated, with a "
            "conversion error.",
            f"write what the migrations make of it, and `schemaVersion: {_CURRENT}`",
        )
    yield from _texts(dashboard, version)
    if version >= _FILLED:
        yield from _targets(dashboard)


def _texts(dashboard: DashboardFile, version: int) -> Iterator[Finding]:
    for path, text in data_source_texts(dashboard.document):
        if version >= _REFERENCES:
            effect = "at this `schemaVersion` Grafana no longer looks names up, and asks the default or none."
            severity = SEVERITY
        else:
            effect = (
                "the name is looked up on every load, and whoever renames the data source breaks the panel."
            )
            severity = Severity.WARNING
        yield place(dashboard, path).finding(
            ID,
            severity,
            f"The data source is the text {text!r}, not a reference: {effect}",
            'write `{"type": "prometheus", "uid": "${datasource}"}`, the uid being a variable of the '
            "dashboard",
        )


def _targets(dashboard: DashboardFile) -> Iterator[Finding]:
    for panel in dashboard.panels:
        if panel.type in WITHOUT_QUERIES or not panel.raw.get("datasource"):
            continue
        bare = [target for target in panel.targets if not target.raw.get("datasource")]
        # Where none says its own, Grafana asks the panel's; where some do, a bare one is a slip.
        if bare and len(bare) < len(panel.targets):
            names = ", ".join(target.ref_id for target in bare)
            yield panel.finding(
                ID,
                Severity.WARNING,
                f"Of this panel's queries only some name their data source; {names} would be asked of the "
                "panel's.",
                "write `datasource: {type, uid}` on every target",
            )
