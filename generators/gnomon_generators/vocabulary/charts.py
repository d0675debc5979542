"""Panels with axes: values over time, over categories, over buckets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, Unpack

from grafanalib import core

from gnomon_generators.promql.expression import Expr
from gnomon_generators.promql.series import AnyLabel
from gnomon_generators.vocabulary import models
from gnomon_generators.vocabulary.buckets import bucket_unit
from gnomon_generators.vocabulary.colors import NEUTRAL
from gnomon_generators.vocabulary.columns import (
    check_columns,
    check_kept,
    check_ranked,
    column_name,
    column_properties,
    matrix,
    tabled,
)
from gnomon_generators.vocabulary.overrides import matched
from gnomon_generators.vocabulary.panel import (
    BY_VALUE,
    Common,
    Panel,
    Shape,
    as_queries,
    build,
    by_query,
    panel_function,
    unit_of,
)
from gnomon_generators.vocabulary.queries import POSTGRES, PROMETHEUS, Calculation, Query
from gnomon_generators.vocabulary.transformations import reduce_rows
from gnomon_generators.vocabulary.units import grafana_unit

Json = dict[str, Any]

_TIMED: Final = (PROMETHEUS, POSTGRES)
_TIME_SERIES: Final = Shape(core.TimeSeries, 12, 8, shows="moments", sources=_TIMED)
_STATE_TIMELINE: Final = Shape(core.StateTimeline, 24, 8, shows="moments", sources=_TIMED)
_HEATMAP: Final = Shape(models.Heatmap, 12, 8, shows="moments", format="heatmap", sources=_TIMED)
_HEATMAP_OF_VALUES: Final = Shape(models.Heatmap, 12, 8, shows="moments", sources=_TIMED)
_BARS: Final = Shape(core.BarChart, 12, 8, instant=True, shows="number", format="table", sources=_TIMED)
_BUCKETS: Final = Shape(
    core.BarChart, 12, 8, instant=True, shows="number", format="heatmap", sources=(PROMETHEUS,)
)
_HISTOGRAM: Final = Shape(core.Histogram, 12, 8, sources=(POSTGRES,))
_VISIBLE: Final[Json] = {"legend": False, "tooltip": False, "viz": False}
_SHOW_ALL: Final[Json] = {"mode": "multi", "sort": "desc"}
_BAR_OPTIONS: Final[Json] = {
    "barRadius": 0,
    "barWidth": 0.9,
    "fullHighlight": False,
    "groupWidth": 0.7,
    "orientation": "auto",
    "showValue": "auto",
    "stacking": "none",
    "tooltip": _SHOW_ALL,
    "xTickLabelRotation": 0,
    "xTickLabelSpacing": 0,
}
_BAR_STYLE: Final[Json] = {"axisBorderShow": False, "fillOpacity": 80, "gradientMode": "none", "lineWidth": 0}


@panel_function
def timeseries(
    title: str,
    *queries: Expr | Query,
    style: Literal["line", "bars", "points"] = "line",
    stack: Literal["none", "normal", "percent"] = "none",
    fill: int | None = None,
    connect: bool | int = False,
    legend_values: Sequence[Calculation] = (),
    log: bool = False,
    centered: bool = False,
    **common: Unpack[Common],
) -> Panel:
    """Values over time.

    `fill` is the opacity below the line in percent (10 unless told, 70 in bars and stacks). `connect` draws
    the line over gaps: all of them, or those of at most so many milliseconds. `legend_values` are
    calculations that the legend tables (`lastNotNull`, `mean`, `max`, `sum`). Thresholds are dashed lines.
    `centered` puts zero into the middle. Latencies show exemplars, which lead to traces.
    """
    asked = as_queries(queries)
    solid = style == "bars" or stack != "none"
    custom = {
        "axisBorderShow": False,
        "axisCenteredZero": centered,
        "axisColorMode": "text",
        "drawStyle": style,
        "fillOpacity": fill if fill is not None else 70 if solid else 10,
        "insertNulls": False,
        "lineWidth": 0 if style == "bars" else 1,
        "scaleDistribution": {"type": "log", "log": 10} if log else {"type": "linear"},
        "showPoints": "never" if style == "bars" else "auto",
        "spanNulls": connect,
        "stacking": {"group": "A", "mode": stack},
        "thresholdsStyle": {"mode": "dashed" if "thresholds" in common else "off"},
    }
    options = {"legend": _legend(legend_values), "tooltip": _SHOW_ALL}
    return build(
        _TIME_SERIES,
        title,
        asked,
        common,
        options=options,
        custom=custom,
        color={"mode": "palette-classic-by-name"},
        overrides=by_query(asked, common, colored=True),
    )


@panel_function
def state_timeline(title: str, *queries: Expr | Query, **common: Unpack[Common]) -> Panel:
    """States over time, one band a series; colours come from `thresholds` or `mappings`."""
    asked = as_queries(queries)
    options = {
        "alignValue": "left",
        "legend": _legend(()),
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return build(
        _STATE_TIMELINE,
        title,
        asked,
        common,
        options=options,
        custom={"fillOpacity": 70, "lineWidth": 0, "spanNulls": False, "insertNulls": False},
        color=BY_VALUE,
        overrides=by_query(asked, common, colored=False),
    )


@panel_function
def heatmap(title: str, *queries: Expr | Query, calculate: bool = False, **common: Unpack[Common]) -> Panel:
    """How values are spread over time: buckets of a histogram, or plain values to `calculate` buckets of.

    The unit is that of the vertical axis: the metric's own.
    """
    asked = as_queries(queries)
    unit = common.get("unit") or bucket_unit(asked) or unit_of(asked, common)
    options: Json = {
        "calculate": calculate,
        "cellGap": 1,
        "cellValues": {"unit": "short"},
        # Light to dark for every eye; exemplars stand out against it.
        "color": {
            "exponent": 0.5,
            "fill": "dark-orange",
            "mode": "scheme",
            "reverse": False,
            "scale": "exponential",
            "scheme": "Viridis",
            "steps": 64,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": True},
        "yAxis": {
            "axisPlacement": "left",
            "reverse": False,
            **({"unit": grafana_unit(unit)} if unit else {}),
        },
    }
    custom = {"hideFrom": _VISIBLE, "scaleDistribution": {"type": "linear"}}
    shape = _HEATMAP_OF_VALUES if calculate else _HEATMAP
    return build(shape, title, asked, {**common, "unit": unit}, options=options, custom=custom)


@panel_function
def bars(
    title: str,
    *queries: Expr | Query,
    x: AnyLabel | str,
    series: AnyLabel | str | None = None,
    stack: Literal["none", "normal", "percent"] = "none",
    orientation: Literal["auto", "horizontal", "vertical"] = "auto",
    **common: Unpack[Common],
) -> Panel:
    """Bars by category: one group for each value of `x`, in it one bar a query, or one a value of `series`.

    `x` and `series` are labels of the expressions, or columns of the query in SQL. Thresholds colour
    the bars.
    """
    asked = as_queries(queries)
    for one in (x,) if series is None else (x, series):
        check_kept(asked, one)
    axis = column_name(x)
    if series is None:
        check_columns(asked, {}, title, common)
        if not common.get("transformations"):
            check_ranked(asked, title)
        transformations = tabled(asked, {}, default=title)
    else:
        transformations, axis = matrix(asked, {}, axis, column_name(series))
    options = {
        **_BAR_OPTIONS,
        "legend": _legend(()),
        "orientation": orientation,
        "stacking": stack,
        "xField": axis,
    }
    return build(
        _BARS,
        title,
        asked,
        common,
        options=options,
        custom=_BAR_STYLE,
        transformations=transformations,
        overrides=column_properties(asked, title, common.get("unit")) if series is None else (),
    )


@panel_function
def histogram(title: str, *queries: Expr | Query, **common: Unpack[Common]) -> Panel:
    """How values are spread over the time range.

    For the buckets of a metric (`buckets`) one bar a bucket; for a column of values out of the results store
    the bars are made by Grafana.
    """
    asked = as_queries(queries)
    if all(query.source == POSTGRES for query in asked):
        options: Json = {"bucketOffset": 0, "combine": True, "legend": _legend(()), "tooltip": _SHOW_ALL}
        return build(
            _HISTOGRAM, title, asked, common, options=options, custom={"fillOpacity": 80, "lineWidth": 1}
        )
    options = {
        **_BAR_OPTIONS,
        "legend": {**_legend(()), "showLegend": False},
        "xField": "Field",
        "barWidth": 0.97,
    }
    # The horizontal axis has the buckets' upper bounds, in the unit of the metric; bars are counts.
    counted: Common = {**common, "unit": "{observation}"}
    return build(
        _BUCKETS,
        title,
        asked,
        counted,
        options=options,
        custom=_BAR_STYLE,
        color={"mode": "fixed", "fixedColor": NEUTRAL},
        transformations=[reduce_rows("lastNotNull")],
        overrides=[matched("byName", "Last *", {"displayName": "observations"})],
    )


def _legend(values: Sequence[str]) -> Json:
    mode = "table" if values else "list"
    return {"calcs": list(values), "displayMode": mode, "placement": "bottom", "showLegend": True}
