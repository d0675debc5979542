"""The tables that queries in SQL may name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Final

ENTRY_POINTS: Final = "gnomon.tables"
"""Functions that give the columns of tables, each with its type: `{table: {column: type}}`."""

Tables = Mapping[str, Mapping[str, str]]


@cache
def tables() -> Tables | None:
    """All tables of all installed distributions; None when nobody knows of any.

    A function whose imports are not installed (the store's, without the extra `analysis`) counts as absent.
    """
    found: dict[str, Mapping[str, str]] = {}
    known = False
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            found |= entry.load()()
        except ModuleNotFoundError:
            continue
        known = True
    return found if known else None


def tells_time(column: str, type_: str) -> bool:
    """Whether a column holds a moment, as a timestamp or in nanoseconds since 1970."""
    return type_.startswith(("timestamp", "date")) or column.endswith("_ns")
