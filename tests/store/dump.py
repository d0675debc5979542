"""The whole content of a store, for comparisons."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from gnomon_analysis.store import Store, schema

# What was read when is no part of what is known.
BOOKKEEPING = {"ingested_files", "damaged_lines"}


def dump(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of results, in a fixed order."""
    with store.engine.connect() as connection:
        return {
            table.name: sorted((dict(row._mapping) for row in connection.execute(select(table))), key=repr)
            for table in schema.metadata.sorted_tables
            if table.name not in BOOKKEEPING
        }
