"""Variables that may hold several values where a query stands."""

from __future__ import annotations

import re
from typing import Final

from gnomon_generators.checks.subjects import DashboardFile, Query

# `.*`, `.+`, `%`: whatever it is, no value of SQL.
_PATTERN: Final = re.compile(r"[.*+%^$()]+")


def may_be_several(query: Query, name: str) -> bool:
    """Whether the variable of that name may hold several values, or All, in this query.

    In a panel that is repeated for each value it holds one, and so in every panel of a repeated row.
    """
    return is_list(query, name) and not _repeated(query, name)


def is_list(query: Query, name: str) -> bool:
    """Whether the variable is one of several values, which data sources write otherwise than one of one."""
    file = query.file
    variable = file.variable(name) if isinstance(file, DashboardFile) else None
    return variable is not None and bool(variable.raw.get("multi") or variable.raw.get("includeAll"))


def all_as_pattern(query: Query, name: str) -> bool:
    """Whether All is written as a pattern, such as `.*`, and not as the list of values."""
    file = query.file
    variable = file.variable(name) if isinstance(file, DashboardFile) else None
    if variable is None or not variable.raw.get("includeAll"):
        return False
    return _PATTERN.fullmatch(str(variable.raw.get("allValue") or "")) is not None


def _repeated(query: Query, name: str) -> bool:
    panel = query.panel
    holders = (panel, panel.row) if panel is not None else ()
    return any(holder is not None and holder.raw.get("repeat") == name for holder in holders)
