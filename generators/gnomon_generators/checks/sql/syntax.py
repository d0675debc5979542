"""A query that the database refuses."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.sql.statements import statement
from gnomon_generators.checks.subjects import SqlQuery

ID = "sql/syntax"
SEVERITY = Severity.ERROR
BRIEF = "The query does not parse."


def check(query: SqlQuery) -> Iterator[Finding]:
    """Reports what the parser says."""
    parsed = statement(query)
    if parsed.tree is None:
        yield query.finding(
            ID,
            SEVERITY,
            f"The database refuses this: {parsed.error}.",
            "mend the marked part",
            span=parsed.span,
        )
