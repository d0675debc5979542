"""From a definition to the JSON that Grafana reads, and the one pass that takes out what it does not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import attr
from grafanalib import core
from grafanalib._gen import DashboardEncoder

from gnomon_generators.vocabulary import variables
from gnomon_generators.vocabulary.annotations import BUILT_IN
from gnomon_generators.vocabulary.dashboard import Dashboard, Row
from gnomon_generators.vocabulary.identity import panel_ids, uid_of
from gnomon_generators.vocabulary.layout import Place, flow
from gnomon_generators.vocabulary.links import FAMILY, Link, with_variables
from gnomon_generators.vocabulary.panel import Panel

SCHEMA_VERSION: Final = 42
"""The classic model's last; Grafana replays the migrations since a dashboard's on every load."""

_ROW_HEIGHT: Final = 1
_SHARED_CROSSHAIR: Final = 1
_REFRESHES: Final = ("30s", "1m", "5m", "15m", "1h")

# What grafanalib writes for Grafanas before 8, by where it stands.
_DASHBOARD_JUNK: Final = frozenset(
    {"__inputs", "hideControls", "rows", "sharedCrosshair", "style", "gnetId", "id", "version"}
)
_PANEL_JUNK: Final = frozenset({"editable", "error", "height", "minSpan", "span", "cacheTimeout"})
_ROW_KEYS: Final = frozenset({"collapsed", "gridPos", "id", "panels", "repeat", "title", "type"})
# Off, or nothing, is what Grafana takes for granted.
_IDLE: Final = ("hideTimeOverride", "links", "targets", "transformations", "transparent")


def render(dashboard: Dashboard, name: str) -> str:
    """The JSON of the dashboard that is defined in `<name>.py`, ending in a newline.

    The same definition gives the same bytes. Raises `UserError`, which begins with the name, when the name
    makes no uid.
    """
    return json.dumps(document(dashboard, name), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def document(dashboard: Dashboard, name: str) -> dict[str, Any]:
    """What `render` writes, as data."""
    model = core.Dashboard(
        title=dashboard.title,
        description=dashboard.description.strip(),
        uid=uid_of(name),
        tags=list(
            dict.fromkeys([FAMILY, *([dashboard.audience] if dashboard.audience else []), *dashboard.tags])
        ),
        editable=False,
        graphTooltip=_SHARED_CROSSHAIR,
        links=[_family(), *map(_head_link, dashboard.links)],
        panels=_placed(dashboard),
        refresh=dashboard.refresh,
        schemaVersion=SCHEMA_VERSION,
        templating=core.Templating([variables.model(one) for one in dashboard.all_variables()]),
        annotations=core.Annotations([BUILT_IN, *(one.json() for one in dashboard.annotations)]),
        time=core.Time(dashboard.time_from, dashboard.time_to),
        timePicker=core.TimePicker(refreshIntervals=list(_REFRESHES), timeOptions=[]),
        timezone=dashboard.timezone,
    )
    names = [one.name for one in dashboard.all_variables()]
    linked: dict[str, Any] = _linked(json.loads(json.dumps(model, cls=DashboardEncoder)), names)
    return cleaned(linked)


def cleaned(dashboard: dict[str, Any]) -> dict[str, Any]:
    """A dashboard of grafanalib's without nulls and without keys that no Grafana since 11 reads."""
    kept: dict[str, Any] = _without_nulls({k: v for k, v in dashboard.items() if k not in _DASHBOARD_JUNK})
    kept["timepicker"].pop("time_options", None)
    kept["timepicker"] = {key: value for key, value in kept["timepicker"].items() if value}
    kept["panels"] = [_clean_panel(panel) for panel in kept["panels"]]
    return kept


def _clean_panel(panel: dict[str, Any]) -> dict[str, Any]:
    if panel["type"] == "row":
        kept = {key: value for key, value in panel.items() if key in _ROW_KEYS}
        return {**kept, "panels": [_clean_panel(one) for one in kept["panels"]]}
    idle = {key for key in _IDLE if not panel.get(key)}
    kept = {key: value for key, value in panel.items() if key not in _PANEL_JUNK | idle}
    defaults = kept["fieldConfig"]["defaults"]
    for key in [key for key, value in defaults.items() if value in ([], {})]:
        del defaults[key]
    if not defaults.get("thresholds", {}).get("steps"):
        defaults.pop("thresholds", None)
    return kept


def _linked(value: Any, names: Sequence[str]) -> Any:
    """The same with the dashboard's variables in every link."""
    if isinstance(value, dict):
        return {
            key: with_variables(item, names)
            if key == "url" and isinstance(item, str)
            else _linked(item, names)
            for key, item in value.items()
        }
    return [_linked(item, names) for item in value] if isinstance(value, list) else value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _placed(dashboard: Dashboard) -> list[core.Panel]:
    titles = [panel.title for panel in dashboard.all_panels()] + [one.title for one in dashboard.rows]
    ids = dict(zip(titles, panel_ids(titles), strict=True))
    found, top = _panels(dashboard.panels, ids, 0)
    for one in dashboard.rows:
        inner, below = _panels(one.panels, ids, top + _ROW_HEIGHT)
        found.append(_row(one, ids[one.title], top, inner if one.collapsed else []))
        if not one.collapsed:
            found += inner
        top = top + _ROW_HEIGHT if one.collapsed else below
    return found


def _panels(panels: Sequence[Panel], ids: dict[str, int], top: int) -> tuple[list[core.Panel], int]:
    places, below = flow([(panel.width, panel.height) for panel in panels], top)
    return [_at(panel, ids[panel.title], place) for panel, place in zip(panels, places, strict=True)], below


def _at(panel: Panel, number: int, place: Place) -> core.Panel:
    position = core.GridPos(h=place.height, w=place.width, x=place.x, y=place.y)
    return attr.evolve(panel.model, id=number, gridPos=position)


def _row(row: Row, number: int, top: int, inner: Iterable[core.Panel]) -> core.RowPanel:
    return core.RowPanel(
        id=number,
        title=row.title,
        collapsed=row.collapsed,
        repeat=core.Repeat(variable=row.repeat.name if row.repeat else None),
        gridPos=core.GridPos(h=_ROW_HEIGHT, w=24, x=0, y=top),
        panels=list(inner),
    )


def _family() -> core.DashboardLink:
    """The dropdown of all our dashboards: the same time range and the same choices there as here."""
    return core.DashboardLink(
        title="Gnomon",
        type="dashboards",
        tags=[FAMILY],
        asDropdown=True,
        includeVars=True,
        keepTime=True,
        tooltip="Other dashboards of this family, with this time range and these choices",
    )


def _head_link(link: Link) -> core.DashboardLink:
    inside = link.values is not None
    return core.DashboardLink(
        title=link.title,
        type="link",
        icon="dashboard" if inside else "external link",
        includeVars=inside and not link.values,
        keepTime=inside,
        targetBlank=link.new_tab,
        uri=link.url + link.assignments("&").replace("&", "?", 1),
    )
