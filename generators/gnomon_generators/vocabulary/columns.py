"""From the answers to queries to the columns of one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from gnomon.errors import UserError
from gnomon_generators.promql.series import AnyLabel, constant, label_text
from gnomon_generators.vocabulary.arguments import check_overrides
from gnomon_generators.vocabulary.links import fields_in
from gnomon_generators.vocabulary.overrides import Override, cell_options, matched
from gnomon_generators.vocabulary.panel import reference_id
from gnomon_generators.vocabulary.queries import PROMETHEUS, Query
from gnomon_generators.vocabulary.transformations import (
    grouping_to_matrix,
    merge,
    organize,
    time_series_table,
)
from gnomon_generators.vocabulary.units import grafana_unit

Json = dict[str, Any]


def column_name(column: AnyLabel | str) -> str:
    """The name of a column in the result: a label's in Prometheus, or as it stands in the query in SQL."""
    return column if isinstance(column, str) else label_text(column)


def check_kept(queries: Sequence[Query], column: AnyLabel | str) -> None:
    """Raises `UserError` when one of the queries does not keep a label that its bars stand for."""
    for query in queries:
        if (kept := _kept([query])) is not None and column_name(column) not in kept:
            raise _lost(column, kept)


def check_kept_by_any(queries: Sequence[Query], column: AnyLabel | str) -> None:
    """Raises `UserError` when none of the queries keeps a label that a table has as column."""
    kept = _kept(queries)
    if kept is not None and column_name(column) not in kept:
        raise _lost(column, kept)


def check_columns(
    queries: Sequence[Query],
    heads: Mapping[str, str],
    default: str,
    common: Mapping[str, Any],
    *,
    sort: str = "",
) -> None:
    """Raises `UserError` where something is said of a column that a table does not have.

    It looks at `sort`, at overrides and at what links take from the row, as far as the columns are known:
    not those of SQL, nor those that transformations make.
    """
    kept = _kept(queries)
    if kept is None or common.get("transformations"):
        return
    values = value_heads(queries, default)
    known = [*(heads.get(name, name) for name in kept), *values.values()]
    behind = (*kept, *values)
    overrides = [one for one in common.get("overrides", ()) if isinstance(one, Override)]
    check_overrides(overrides, known, behind, "its columns")
    if any(not isinstance(one, Override) for one in common.get("overrides", ())):
        return
    renamed = [str(one.properties["displayName"]) for one in overrides if one.properties.get("displayName")]
    if sort:
        minus, wanted = sort[: sort.startswith("-")], sort.removeprefix("-")
        _check_column(wanted, [*known, *renamed], f"sort={sort!r}", lambda name: f"sort='{minus}{name}'")
    for link in (*common.get("links", ()), *(link for one in overrides for link in one.links)):
        for name in fields_in(" ".join([link.url, *dict(link.values or ()).values()])):
            if name not in behind:
                _check_column(name, [*known, *renamed], f"field({name!r})", lambda name: f"field({name!r})")


def _check_column(wanted: str, known: Sequence[str], said: str, written: Callable[[str], str]) -> None:
    if wanted not in known:
        near = get_close_matches(wanted, known, n=1)
        advice = f"write {written(near[0])}" if near else f"its columns are {', '.join(known)}"
        raise UserError(f"{said} names no column: {advice}")


def check_ranked(queries: Sequence[Query], title: str) -> None:
    """Raises `UserError` when one query of a table has the highest only, and another has the rest as well."""
    shown = [query for query in queries if query.source == PROMETHEUS and not query.hidden]
    for query in shown:
        if query.ranked and any(query.text not in other.text for other in shown):
            head = query.legend or title
            raise UserError(
                f"top() or bottom() in one query leaves the rows of the others, with {head!r} blank: write "
                f"the expression without it and transformations=[sort_by({head!r}, desc=True), limit(10)]"
            )


def _kept(queries: Sequence[Query]) -> tuple[str, ...] | None:
    """The labels that these queries keep together; None where one of them may return any column."""
    found: dict[str, None] = {}
    for query in queries:
        if query.source != PROMETHEUS or query.labels is None:
            return None
        found |= dict.fromkeys(query.labels)
    return tuple(found)


def _lost(column: AnyLabel | str, kept: Sequence[str]) -> UserError:
    written = column if isinstance(column, str) else constant(column)
    return UserError(
        f"its query does not keep {column_name(column)}, but {', '.join(kept) or 'no label at all'}: write "
        f"by=[{written}, …] in it"
    )


def value_heads(queries: Sequence[Query], default: str) -> dict[str, str]:
    """What the columns of values are called in the result of Prometheus, and how they are headed."""
    asked = [
        (reference_id(position), query)
        for position, query in enumerate(queries)
        if query.source == PROMETHEUS and not query.hidden
    ]
    if _drawn(queries):
        return {f"Trend #{ref}": query.legend or default for ref, query in asked}
    if len(asked) == 1:
        return {"Value": asked[0][1].legend or default}
    return {f"Value #{ref}": query.legend or f"{default} {ref}" for ref, query in asked}


def tabled(queries: Sequence[Query], heads: Mapping[str, str], default: str) -> list[Json]:
    """The transformations that make one table of the results, its columns headed and in the order given."""
    values = value_heads(queries, default) if _from_prometheus(queries) else {}
    if not values and not heads:
        return []
    drawn = [time_series_table(*map(reference_id, range(len(queries))))] if _drawn(queries) else []
    joined = [merge()] if len(queries) > 1 else []
    return [*drawn, *joined, _headed({**heads, **values}, timed=bool(values))]


def matrix(
    queries: Sequence[Query], heads: Mapping[str, str], rows: str, across: str
) -> tuple[list[Json], str]:
    """The transformations that split one column of values by those of another, and the rows' column then.

    Raises `UserError` when there is more than one query.
    """
    if len(queries) != 1:
        raise UserError("with series= it takes one query: its values are what is split")
    # Grafana gives every new column the heading of the one that is split: that one must not have any.
    of_prometheus = _from_prometheus(queries)
    value = "Value" if of_prometheus else queries[0].legend
    if not value:
        raise UserError("with series= a query in SQL needs the name of its column of values: sql(…, 'runs')")
    split = grouping_to_matrix(heads.get(rows, rows), heads.get(across, across), value)
    # Grafana's own name for the first column of a matrix.
    first = f"{heads.get(rows, rows)}\\{heads.get(across, across)}"
    return [_headed(heads, timed=of_prometheus), split], first


def _headed(heads: Mapping[str, str], *, timed: bool) -> Json:
    return organize(
        rename={name: head for name, head in heads.items() if name != head},
        exclude=("Time",) if timed else (),
        order=tuple(heads),
    )


def column_properties(queries: Sequence[Query], default: str, panel_unit: str | None) -> list[Json]:
    """How each column of values is shown: its unit where the panel has none of its own, lines as lines."""
    if not _from_prometheus(queries):
        return []
    heads = value_heads(queries, default).values()
    asked = [query for query in queries if query.source == PROMETHEUS and not query.hidden]
    found = []
    for head, query in zip(heads, asked, strict=True):
        properties = {
            "unit": grafana_unit(query.unit) if query.unit and panel_unit is None else None,
            "custom.cellOptions": cell_options("sparkline") if _drawn(queries) else None,
        }
        if any(properties.values()):
            found.append(matched("byName", head, properties))
    return found


def _drawn(queries: Sequence[Query]) -> bool:
    """Whether the cells are lines over time: all of them or none, for the two cannot share a table.

    Raises `UserError` when only some are.
    """
    lines = [query.format == "time_series" and query.source == PROMETHEUS for query in queries]
    if any(lines) and not all(lines):
        raise UserError(
            "lines over time and single values cannot share a table: give all queries "
            "format='time_series', or none"
        )
    return any(lines)


def _from_prometheus(queries: Sequence[Query]) -> bool:
    return any(query.source == PROMETHEUS for query in queries)
