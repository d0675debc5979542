"""A table that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import in_words
from gnomon_generators.checks.known.tables import tables
from gnomon_generators.checks.sql.statements import is_variable, named_tables, place, statement
from gnomon_generators.checks.subjects import SqlQuery

ID = "sql/table"
SEVERITY = Severity.ERROR
BRIEF = "The query reads a table that the results store does not have."


def check(query: SqlQuery) -> Iterator[Finding]:
    """Reports unknown tables of our own boards' queries; others' may ask other databases."""
    known = tables()
    parsed = statement(query)
    if known is None:
        yield from _not_known(query)
        return
    if parsed.tree is None or not query.tree.contract.strict(query):
        return
    for table in named_tables(parsed.tree):
        if table.name not in known and not is_variable(table.name):
            near = get_close_matches(table.name, known, n=2)
            yield query.finding(
                ID,
                SEVERITY,
                f"The results store has no table {table.name}.",
                f"write {in_words(near)}" if near else f"its tables are {', '.join(known)}",
                span=place(table),
            )


def _not_known(query: SqlQuery) -> Iterator[Finding]:
    """Says once that tables and columns were not checked, and what to install."""
    queries = query.tree.sql_queries
    if query is queries[0]:
        yield query.finding(
            ID,
            Severity.INFO,
            f"The results store is not installed: tables and columns of {len(queries)} queries are not "
            "checked.",
            'install it: pip install "gnomon[analysis]"',
        )
