"""What happens to results between the query and the panel, in Grafana's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from gnomon_generators.vocabulary.closed_sets import checked
from gnomon_generators.vocabulary.queries import Calculation

Json = dict[str, Any]


def transformation(id: str, **options: object) -> Json:
    """Any transformation by its id, with its options as Grafana stores them."""
    return {"id": id, "options": options}


def merge() -> Json:
    """The tables of several queries as one, rows with the same labels joined."""
    return transformation("merge")


def organize(
    *,
    rename: Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    order: Sequence[str] = (),
) -> Json:
    """Columns under other names, left out, or in another order (by their names before)."""
    return transformation(
        "organize",
        renameByName=dict(rename or {}),
        excludeByName=dict.fromkeys(exclude, True),
        indexByName={name: position for position, name in enumerate(order)},
    )


def grouping_to_matrix(row: str, column: str, value: str) -> Json:
    """A matrix of a table: one row for each value of a column, one column for each value of another."""
    return transformation(
        "groupingToMatrix", rowField=row, columnField=column, valueField=value, emptyValue="null"
    )


def sort_by(field: str, *, desc: bool = False) -> Json:
    """Rows in the order of a column."""
    return transformation("sortBy", fields={}, sort=[{"field": field, "desc": desc}])


@checked("limit()")
def limit(count: int) -> Json:
    """The first rows only."""
    return transformation("limit", limitField=count)


@checked("reduce_rows()")
def reduce_rows(*reducers: Calculation) -> Json:
    """One row for each series, with a column for each calculation (`lastNotNull`, `max`, `sum` …)."""
    return transformation("reduce", reducers=list(reducers), mode="seriesToRows", includeTimeField=False)


@checked("join_by_field()")
def join_by_field(field: str, *, mode: Literal["outer", "inner"] = "outer") -> Json:
    """Tables side by side, rows joined where the field is the same."""
    return transformation("joinByField", byField=field, mode=mode)


def labels_to_fields(*, keep: Sequence[str] = (), value_label: str | None = None) -> Json:
    """Labels as columns."""
    options: Json = {"mode": "columns"}
    if keep:
        options["keepLabels"] = list(keep)
    if value_label is not None:
        options["valueLabel"] = value_label
    return transformation("labelsToFields", **options)


def time_series_table(*refs: str) -> Json:
    """Series as cells of a table, one row a series, its labels in columns: for cells with a `sparkline`.

    `refs` are the letters of the queries; the column of query A is `Trend #A`.
    """
    return transformation("timeSeriesTable", **{ref: {"stat": "lastNotNull"} for ref in refs})


@checked("calculate()")
def calculate(left: str, operator: Literal["+", "-", "*", "/"], right: str, name: str) -> Json:
    """Another column, computed from two."""
    return transformation(
        "calculateField",
        mode="binary",
        binary={"left": left, "operator": operator, "right": right},
        alias=name,
        replaceFields=False,
    )
