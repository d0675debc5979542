"""Panels that show one value a series: the last one of the time range."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, Unpack

from grafanalib import core

from gnomon_generators.promql.expression import Expr
from gnomon_generators.vocabulary import models
from gnomon_generators.vocabulary.colors import NEUTRAL
from gnomon_generators.vocabulary.panel import (
    Common,
    Panel,
    Shape,
    as_queries,
    build,
    by_query,
    panel_function,
    unit_of,
)
from gnomon_generators.vocabulary.queries import POSTGRES, Query

_LAST: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_STAT: Final = Shape(core.Stat, 4, 4, instant=True, shows="number")
_STAT_WITH_TREND: Final = Shape(core.Stat, 4, 4, shows="number")
_GAUGE: Final = Shape(models.Gauge, 6, 8, instant=True, shows="number")
_BAR_GAUGE: Final = Shape(models.BarGauge, 12, 8, instant=True, shows="number")
_PIE: Final = Shape(core.PieChartv2, 8, 8, instant=True, shows="number")


@panel_function
def stat(
    title: str,
    *queries: Expr | Query,
    trend: bool = False,
    show: Literal["auto", "value", "name", "value_and_name"] = "auto",
    percent_change: bool | Literal["standard", "inverted", "same_as_value"] = False,
    background: bool = False,
    field: str = "",
    **common: Unpack[Common],
) -> Panel:
    """Big numbers.

    With `trend` the number is the last point of a line drawn behind it, of which each point is what the
    number was then: over the time range that ended there, or over its window. Without it, one value is asked
    for at the end of the time range. `percent_change` adds an arrow with the change over that line, for which
    the whole of it is asked: green for more (`"inverted"`: for less), or in the colour of the number
    (`"same_as_value"`). `show="name"` shows the legend in place of the number, and `field` one column of a
    query in SQL, which may hold text.
    """
    asked = as_queries(queries)
    options = {
        "colorMode": "background_solid" if background else "value",
        "graphMode": "area" if trend else "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": percent_change if isinstance(percent_change, str) else "standard",
        "reduceOptions": {**_fields_of(asked), "fields": f"/^{re.escape(field)}$/" if field else ""},
        "showPercentChange": bool(percent_change),
        "textMode": show,
        "wideLayout": True,
    }
    judged = "thresholds" in common
    return build(
        _STAT_WITH_TREND if trend or percent_change else _STAT,
        title,
        asked,
        common,
        options=options,
        color=None if judged else {"mode": "fixed", "fixedColor": "text"},
        overrides=by_query(asked, common, colored=False),
        # grafanalib would write the word "none" where there is nothing.
        fields={"noValue": None},
    )


@panel_function
def gauge(title: str, *queries: Expr | Query, **common: Unpack[Common]) -> Panel:
    """A dial between `min` and `max`: 0 and 100 for percent, 0 and 1 for shares, unless told."""
    asked = as_queries(queries)
    bounded = _bounded(asked, common)
    options = {
        "minVizHeight": 75,
        "minVizWidth": 75,
        "orientation": "auto",
        "reduceOptions": _fields_of(asked),
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
        "sizing": "auto",
    }
    return build(
        _GAUGE,
        title,
        asked,
        bounded,
        options=options,
        color=None if "thresholds" in common else {"mode": "fixed", "fixedColor": NEUTRAL},
        overrides=by_query(asked, common, colored=False),
    )


@panel_function
def bar_gauge(
    title: str,
    *queries: Expr | Query,
    orientation: Literal["horizontal", "vertical"] = "horizontal",
    **common: Unpack[Common],
) -> Panel:
    """A bar for each series, longest possible at `max`; percent and shares end at 100 and 1 unless told."""
    asked = as_queries(queries)
    bounded = _bounded(asked, common)
    options = {
        "displayMode": "basic",
        "maxVizHeight": 300,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": orientation,
        "reduceOptions": _fields_of(asked),
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "color",
    }
    judged = "thresholds" in common
    return build(
        _BAR_GAUGE,
        title,
        asked,
        bounded,
        options=options,
        color=None if judged else {"mode": "palette-classic-by-name"},
        overrides=by_query(asked, common, colored=True),
    )


@panel_function
def pie(
    title: str,
    *queries: Expr | Query,
    donut: bool = True,
    **common: Unpack[Common],
) -> Panel:
    """Parts of a whole, each with its share in the legend."""
    asked = as_queries(queries)
    options = {
        "displayLabels": ["percent"],
        "legend": {
            "displayMode": "table",
            "placement": "right",
            "showLegend": True,
            "values": ["value", "percent"],
        },
        "pieType": "donut" if donut else "pie",
        "reduceOptions": _fields_of(asked),
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return build(
        _PIE,
        title,
        asked,
        common,
        options=options,
        color={"mode": "palette-classic-by-name"},
        overrides=by_query(asked, common, colored=True),
    )


def _fields_of(asked: tuple[Query, ...]) -> dict[str, Any]:
    """Which values of the result are shown: of a table from the store every row, of a series the last."""
    rows = any(query.source == POSTGRES and query.format == "table" for query in asked)
    return {**_LAST, "values": rows}


def _bounded(asked: tuple[Query, ...], common: Common) -> dict[str, Any]:
    """The same with the ends of the scale that percentages and shares have."""
    most = {"%": 100, "1": 1}.get(unit_of(asked, common))
    return {"min": 0, **({} if most is None else {"max": most}), **common}
