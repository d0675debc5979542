"""A query that pays no heed to the time range."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.tables import Tables, tables, tells_time
from gnomon_generators.checks.sql.statements import named_tables, place, statement
from gnomon_generators.checks.subjects import SqlQuery

ID = "sql/time-filter"
SEVERITY = Severity.WARNING
BRIEF = "A panel's query reads a table with times and does not keep to the board's time range."

# One thing is chosen, and the panel is about that thing whenever it was.
_CHOSEN: Final = re.compile(r"=\s*'?\$\{?[A-Za-z]")
_FILTERS: Final = re.compile(r"\$__(?:time|unixEpoch)(?:Nano)?(?:Filter|From|To)\b|\$\{?__(?:from|to)\b")


def check(query: SqlQuery) -> Iterator[Finding]:
    """Reports queries of panels without a time macro.

    The newest few by a LIMIT are meant to be the newest, whatever time is chosen.
    """
    parsed = statement(query)
    if parsed.tree is None or query.role != "panel" or _FILTERS.search(query.text):
        return
    if _CHOSEN.search(query.text):
        return
    if parsed.tree.args.get("limit") is not None and parsed.tree.args.get("order") is not None:
        return
    for table in named_tables(parsed.tree):
        column = _time_column(table, tables() or {})
        if column is not None:
            yield query.finding(
                ID,
                SEVERITY,
                f"The panel shows all of {table.name} whatever time is chosen above it, and gets slower "
                "with every run.",
                f"add WHERE {_condition(column)}",
                span=place(table),
            )
            return


def _time_column(table: exp.Table, known: Tables) -> str | None:
    columns = known.get(table.name) or {}
    moments = [name for name, type_ in columns.items() if tells_time(name, type_)]
    # What is a timestamp already needs no conversion.
    return min(moments, key=lambda name: name.endswith("_ns"), default=None)


def _condition(column: str) -> str:
    return f"$__unixEpochNanoFilter({column})" if column.endswith("_ns") else f"$__timeFilter({column})"
