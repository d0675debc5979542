"""What may be asked of the results store in SQL: its tables and views, for those who check queries."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql

from gnomon_analysis.store import schema

# No question of a board's: what was read from which file, and what was wrong with it.
_BOOKKEEPING = frozenset({"ingested_files", "damaged_lines"})


def tables() -> dict[str, dict[str, str]]:
    """The columns of every table and view with their PostgreSQL types, in the order of the schema."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return {
        table.name: {column.name: column.type.compile(dialect).lower() for column in table.columns}
        for metadata in (schema.metadata, schema.views)
        for table in metadata.tables.values()
        if table.name not in _BOOKKEEPING
    }
