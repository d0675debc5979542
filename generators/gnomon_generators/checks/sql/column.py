"""A column that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import in_words
from gnomon_generators.checks.known.tables import Tables, tables
from gnomon_generators.checks.sql.statements import columns_of, is_variable, place, scopes, statement
from gnomon_generators.checks.subjects import SqlQuery

ID = "sql/column"
SEVERITY = Severity.ERROR
BRIEF = "The query names a column that what it reads from does not have."


def check(query: SqlQuery) -> Iterator[Finding]:
    """Reports unknown columns of known tables and of the query's own parts, each name once."""
    known = tables()
    parsed = statement(query)
    if known is None or parsed.tree is None:
        return
    seen = set()
    for scope in scopes(parsed.tree):
        for column in scope.columns:
            offered = _offered(scope, column, known)
            if offered is None or column.name in offered or is_variable(column.name) or column.name in seen:
                continue
            seen.add(column.name)
            near = get_close_matches(column.name, offered, n=2)
            yield query.finding(
                ID,
                SEVERITY,
                f"{column.table or 'What is read here'} has no column {column.name}.",
                f"write {in_words(near)}" if near else f"its columns are {', '.join(sorted(offered))}",
                span=place(column),
            )


def _offered(scope: Scope, column: exp.Column, known: Tables) -> set[str] | None:
    """The names that may stand where the column stands; None when that cannot be told."""
    if isinstance(column.this, exp.Star):
        return None
    if column.table:
        source = _source(scope, column.table)
        found = columns_of(source, known)
        return None if found is None else set(found)
    offered: set[str] = set()
    holder: Scope | None = scope
    while holder is not None:
        for source in holder.sources.values():
            found = columns_of(source, known)
            if found is None:
                return None
            offered |= set(found)
        offered |= {made.alias for made in holder.expression.expressions if isinstance(made, exp.Alias)}
        # A query inside another may name what the outer one reads.
        holder = holder.parent if holder.is_correlated_subquery or holder.is_subquery else None
    return offered


def _source(scope: Scope, alias: str) -> object:
    holder: Scope | None = scope
    while holder is not None:
        if alias in holder.sources:
            return holder.sources[alias]
        holder = holder.parent
    return None
