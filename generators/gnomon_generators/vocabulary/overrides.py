"""What is different about some fields of a panel, and texts in place of values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attr

from gnomon.errors import UserError
from gnomon_generators.vocabulary.closed_sets import checked
from gnomon_generators.vocabulary.links import Link
from gnomon_generators.vocabulary.thresholds import Thresholds, check_thresholds
from gnomon_generators.vocabulary.units import grafana_unit

Json = dict[str, Any]
Cell = Literal["text", "color-text", "color-background", "gauge", "sparkline", "json-view"]
"""How a table shows a cell: plain, in the colour of its threshold or mapping, as a bar, as a small chart."""


@attr.frozen
class Override:
    """What is different about the fields that a matcher of Grafana's finds; `override` makes it."""

    matcher: str
    field: str
    properties: Mapping[str, object]
    links: tuple[Link, ...] = ()

    def json(self) -> Json:
        """As Grafana's field configuration has it; properties that are None are left out."""
        return matched(self.matcher, self.field, self.properties)

    def fits(self, name: str) -> bool:
        """Whether it is about the field of that name; true as well where that cannot be told."""
        if self.matcher == "byName":
            return self.field == name
        try:
            return re.search(self.field[1:-1], name) is not None
        except re.error:
            return True


@checked("override {field!r}")
def override(
    field: str,
    *,
    name: str | None = None,
    unit: str | None = None,
    decimals: int | None = None,
    min: float | None = None,
    max: float | None = None,
    color: str | None = None,
    thresholds: Thresholds | None = None,
    mappings: Sequence[Json] = (),
    links: Sequence[Link] = (),
    cell: Cell | None = None,
    width: int | None = None,
    hidden: bool = False,
    axis: Literal["left", "right", "hidden"] | None = None,
    dashed: bool = False,
    fill_below_to: str | None = None,
    properties: Mapping[str, object] | None = None,
) -> Override:
    """What is different about the fields of a name: columns of a table, series of a chart.

    `field` is the name as it is shown, or a regular expression between slashes (`/^p9/`). `properties` takes
    whatever else Grafana knows, by its id (`{"custom.lineWidth": 2}`).
    """
    try:
        check_thresholds(thresholds)
        shown = None if unit is None else grafana_unit(unit)
        steps = None if thresholds is None else thresholds.json()
    except UserError as error:
        raise UserError(f"override {field!r}: {error}") from None
    wanted: Json = {
        "displayName": name,
        "unit": shown,
        "decimals": decimals,
        "min": min,
        "max": max,
        "color": None if color is None else {"mode": "fixed", "fixedColor": color},
        "thresholds": steps,
        "mappings": list(mappings) or None,
        "links": [one.json() for one in links] or None,
        "custom.cellOptions": None if cell is None else cell_options(cell),
        "custom.width": width,
        "custom.hidden": hidden or None,
        "custom.axisPlacement": axis,
        "custom.lineStyle": {"fill": "dash", "dash": [8, 8]} if dashed else None,
        "custom.fillBelowTo": fill_below_to,
        **(properties or {}),
    }
    matcher = "byRegexp" if len(field) > 1 and field[0] == field[-1] == "/" else "byName"
    return Override(matcher, field, wanted, tuple(links))


def matched(matcher: str, options: str, properties: Mapping[str, object]) -> Json:
    """An override by any of Grafana's matchers; properties that are None are left out."""
    rows = [{"id": key, "value": value} for key, value in properties.items() if value is not None]
    return {"matcher": {"id": matcher, "options": options}, "properties": rows}


def cell_options(cell: Cell) -> Json:
    """How a table shows a cell, in Grafana's words."""
    if cell == "gauge":
        return {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    if cell == "sparkline":
        return {"type": cell, "drawStyle": "line", "fillOpacity": 10, "hideValue": False, "lineWidth": 1}
    if cell == "color-background":
        return {"type": cell, "mode": "basic"}
    return {"type": "auto" if cell == "text" else cell}


def mapping(
    value: float | str | bool | tuple[float | None, float | None] | None, text: str, color: str | None = None
) -> Json:
    """A text, and a colour, in place of a value: one value, a range (`(0, None)`: from 0 on), or no value."""
    result = {"text": text} if color is None else {"text": text, "color": color}
    if value is None:
        return {"type": "special", "options": {"match": "null+nan", "result": result}}
    if isinstance(value, tuple):
        bounds = {key: bound for key, bound in zip(("from", "to"), value, strict=True) if bound is not None}
        return {"type": "range", "options": {**bounds, "result": result}}
    if isinstance(value, bool):
        return {"type": "special", "options": {"match": str(value).lower(), "result": result}}
    shown = value if isinstance(value, str) else f"{value:g}"
    return {"type": "value", "options": {shown: result}}
