"""From the answers to queries to the columns of one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gnomon_generators.promql.series import AnyLabel, label_text
from gnomon_generators.vocabulary.overrides import matched
from gnomon_generators.vocabulary.panel import reference_id
from gnomon_generators.vocabulary.queries import Query
from gnomon_generators.vocabulary.transformations import merge, organize
from gnomon_generators.vocabulary.units import grafana_unit

Json = dict[str, Any]


def column_name(column: AnyLabel | str) -> str:
    """The name of a column in the result: a label's in Prometheus, or as it stands in the query in SQL."""
    return column if isinstance(column, str) else label_text(column)


def value_heads(queries: Sequence[Query], default: str) -> dict[str, str]:
    """What the columns of values are called in the result of Prometheus, and how they are headed."""
    asked = [(position, query) for position, query in enumerate(queries) if query.source == "prometheus"]
    if len(asked) == 1:
        return {"Value": asked[0][1].legend or default}
    return {
        f"Value #{reference_id(position)}": query.legend or f"{default} {reference_id(position)}"
        for position, query in asked
    }


def tabled(queries: Sequence[Query], heads: Mapping[str, str], default: str) -> list[Json]:
    """The transformations that make one table of the results, its columns headed and in the order given."""
    values = value_heads(queries, default) if _from_prometheus(queries) else {}
    if not values and not heads:
        return []
    renamed = {**heads, **values}
    organized = organize(
        rename={name: head for name, head in renamed.items() if name != head},
        exclude=("Time",) if values else (),
        order=tuple(renamed),
    )
    return [merge(), organized] if len(queries) > 1 else [organized]


def column_units(queries: Sequence[Query], default: str, panel_unit: str | None) -> list[Json]:
    """The unit of each column of values, where the panel has none of its own."""
    if panel_unit is not None or not _from_prometheus(queries):
        return []
    heads = value_heads(queries, default).values()
    units = [query.unit for query in queries if query.source == "prometheus"]
    return [
        matched("byName", head, {"unit": grafana_unit(unit)})
        for head, unit in zip(heads, units, strict=True)
        if unit
    ]


def _from_prometheus(queries: Sequence[Query]) -> bool:
    return any(query.source == "prometheus" for query in queries)
