"""Panels that show rows and structures: tables, logs, traces, graphs, text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Unpack

from grafanalib import core

from gnomon.errors import UserError
from gnomon_generators.promql.expression import Expr
from gnomon_generators.promql.series import AnyLabel
from gnomon_generators.vocabulary import models
from gnomon_generators.vocabulary.columns import (
    check_columns,
    check_kept_by_any,
    check_ranked,
    column_name,
    column_properties,
    matrix,
    tabled,
    value_heads,
)
from gnomon_generators.vocabulary.overrides import cell_options
from gnomon_generators.vocabulary.panel import (
    BY_VALUE,
    Common,
    Panel,
    Shape,
    as_queries,
    build,
    panel_function,
)
from gnomon_generators.vocabulary.queries import POSTGRES, TEMPO, Query

Json = dict[str, Any]

_TABLE: Final = Shape(models.Table, 12, 8, instant=True, shows="number", format="table")
_TRACES: Final = Shape(models.Table, 24, 9, sources=(TEMPO,))
_TRACE: Final = Shape(models.Trace, 24, 14, measures=False, sources=(TEMPO,))
_LOGS: Final = Shape(core.Logs, 24, 8, measures=False, sources=(POSTGRES,))
_NODE_GRAPH: Final = Shape(models.NodeGraph, 24, 12, measures=False, sources=(TEMPO, POSTGRES))
_TEXT: Final = Shape(core.Text, 24, 3, measures=False)
_ANY: Final = Shape(models.AnyPanel, 12, 8)


@panel_function
def table(
    title: str,
    *queries: Expr | Query,
    columns: Mapping[AnyLabel | str, str] | None = None,
    series: AnyLabel | str | None = None,
    sort: str = "",
    **common: Unpack[Common],
) -> Panel:
    """A table: one row for each set of labels, one column a query, headed by its legend.

    `columns` heads labels (or columns of a query in SQL) and puts them first, in its order. `series` is a
    label whose values become columns, beside the first of `columns`: a matrix. `sort` is the heading of a
    column, with a minus for the greatest first. Thresholds colour the numbers. Queries with
    `format="time_series"` become small lines in their cells.
    """
    asked = as_queries(queries)
    if not isinstance(columns, Mapping | None):
        raise UserError("columns= takes a mapping: write columns={LABEL: 'Heading'}")
    for column in (*(columns or {}), *(() if series is None else (series,))):
        check_kept_by_any(asked, column)
    heads = {column_name(column): head for column, head in (columns or {}).items()}
    options: Json = {"cellHeight": "sm", "showHeader": True}
    if sort:
        options["sortBy"] = [{"displayName": sort.removeprefix("-"), "desc": sort.startswith("-")}]
    if series is None:
        check_columns(asked, heads, title, common, sort=sort)
        if not common.get("transformations"):
            check_ranked(asked, title)
        _refuse_lost_headings(common, [*value_heads(asked, title).values()])
        transformations = tabled(asked, heads, default=title)
    else:
        rows = next((name for name in heads if name != column_name(series)), None)
        if rows is None:
            raise UserError("with series= it needs columns={LABEL: heading} for what its rows are")
        transformations, _ = matrix(asked, heads, rows, column_name(series))
    return build(
        _TABLE,
        title,
        asked,
        common,
        options=options,
        custom=_cells(common),
        color=BY_VALUE,
        transformations=transformations,
        overrides=column_properties(asked, title, common.get("unit")) if series is None else (),
    )


@panel_function
def traces(title: str, *queries: Query, **common: Unpack[Common]) -> Panel:
    """The traces that a TraceQL search finds, one a row; the id leads to the trace."""
    options: Json = {"cellHeight": "sm", "showHeader": True}
    return build(
        _TRACES,
        title,
        as_queries(queries),
        common,
        options=options,
        custom=_cells(common),
        color=BY_VALUE,
    )


@panel_function
def trace(title: str, query: Query, **common: Unpack[Common]) -> Panel:
    """The waterfall of one trace: `trace("Trace", traceql("$trace"), …)`."""
    return build(_TRACE, title, as_queries((query,)), common, options={})


@panel_function
def logs(title: str, *queries: Query, **common: Unpack[Common]) -> Panel:
    """Lines with a time: the first time and the first text column of a query in SQL."""
    options: Json = {
        "dedupStrategy": "none",
        "enableLogDetails": True,
        "prettifyLogMessage": False,
        "showCommonLabels": False,
        "showLabels": False,
        "showTime": True,
        "sortOrder": "Descending",
        "wrapLogMessage": True,
    }
    return build(_LOGS, title, as_queries(queries), common, options=options)


@panel_function
def node_graph(title: str, *queries: Query, **common: Unpack[Common]) -> Panel:
    """Nodes and edges: `service_map()`, or two queries in SQL.

    Nodes have the columns `id`, `title`, `mainstat`; edges `id`, `source`, `target`.
    """
    options: Json = {"edges": {}, "nodes": {}, "zoomMode": "cooperative"}
    return build(_NODE_GRAPH, title, as_queries(queries), common, options=options)


@panel_function
def text(title: str, content: str, *, about: str = "", width: int = 24, height: int = 3) -> Panel:
    """Words in Markdown; it shows no data, so `about` may be left out."""
    said = about or "Words, no data."
    return build(
        _TEXT,
        title,
        (),
        {"about": said, "width": width, "height": height},
        options={},
        fields={"content": content.strip(), "mode": "markdown"},
        texts=(content,),
    )


@panel_function
def panel(
    kind: str,
    title: str,
    *queries: Expr | Query,
    options: Mapping[str, object] | None = None,
    custom: Mapping[str, object] | None = None,
    **common: Unpack[Common],
) -> Panel:
    """A panel of any other type, such as that of a plugin, by Grafana's id of it.

    `options` and `custom` go into the panel as they are.
    """
    return build(
        _ANY,
        title,
        as_queries(queries),
        common,
        options=dict(options or {}),
        custom=dict(custom) if custom else None,
        fields={"plugin": kind},
    )


def _refuse_lost_headings(common: Common, headings: Sequence[str]) -> None:
    """A matrix of a column that has a heading would have that heading on every column."""
    for row in common.get("transformations", ()):
        if row["id"] == "groupingToMatrix" and row["options"]["valueField"] in headings:
            raise UserError(
                "a matrix is made by series=LABEL, not by grouping_to_matrix: it would lose its headings"
            )


def _cells(common: Common) -> Json:
    return {
        "align": "auto",
        "cellOptions": cell_options("color-text" if "thresholds" in common else "text"),
        "filterable": True,
        "inspect": False,
    }
