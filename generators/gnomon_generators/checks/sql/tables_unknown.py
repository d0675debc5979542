"""Queries whose tables nobody can look up."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.tables import tables
from gnomon_generators.checks.subjects import Tree

ID = "sql/tables-unknown"
SEVERITY = Severity.INFO
BRIEF = "There are queries in SQL, and what the results store has is not known here."


def check(tree: Tree) -> Iterator[Finding]:
    """Says that tables and columns were not checked, and what to install."""
    if tree.sql_queries and tables() is None:
        yield tree.finding(
            ID,
            SEVERITY,
            f"Tables and columns of {len(tree.sql_queries)} queries are not checked: the results store is "
            "not "
            "installed.",
            'install it: pip install "gnomon[analysis]"',
        )
