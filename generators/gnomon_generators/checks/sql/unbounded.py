"""A query that returns every row."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.sql.statements import place, statement
from gnomon_generators.checks.subjects import SqlQuery

ID = "sql/unbounded"
SEVERITY = Severity.WARNING
BRIEF = "A query returns rows one by one without a LIMIT."


def check(query: SqlQuery) -> Iterator[Finding]:
    """Reports SELECTs of a table's own rows that nothing bounds."""
    tree = statement(query).tree
    # A LIMIT inside bounds what is outside of it too.
    if not isinstance(tree, exp.Select) or tree.find(exp.Limit) is not None:
        return
    source = tree.args.get("from_") or tree.args.get("from")
    if source is None or not isinstance(source.this, exp.Table) or _is_condensed(tree):
        return
    yield query.finding(
        ID,
        SEVERITY,
        f"Every row of {source.this.name} that fits is sent to the browser: today some hundreds, in a year "
        "some hundred thousand.",
        "add ORDER BY … LIMIT …, or group the rows",
        span=place(source.this),
    )


def _is_condensed(tree: exp.Select) -> bool:
    """Whether several rows become one."""
    if tree.args.get("group") is not None or tree.args.get("distinct") is not None:
        return True
    return any(
        isinstance(inner, exp.AggFunc) and inner.find_ancestor(exp.Window, exp.Select) is tree
        for column in tree.expressions
        for inner in column.find_all(exp.AggFunc)
    )
