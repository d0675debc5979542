"""A query whose least step is shorter than its panel's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Target
from gnomon_generators.promql.windows import is_fixed, milliseconds

ID = "dashboard/interval"
SEVERITY = Severity.ERROR
BRIEF = "The least step of a query is shorter than that of its panel, which is not heeded then."

_HEEDING: Final = ("promql", "logql")


def check(target: Target) -> Iterator[Finding]:
    """Reports what two fixed lengths prove; of a variable's length nothing is known."""
    own, panel = target.raw.get("interval"), target.panel.raw.get("interval")
    if target.language not in _HEEDING or not isinstance(own, str) or not isinstance(panel, str):
        return
    if is_fixed(own) and is_fixed(panel) and milliseconds(own) < milliseconds(panel):
        yield target.finding(
            ID,
            SEVERITY,
            f"The panel asks for points at least {panel} apart and this query for {own}: the data source "
            "heeds the query's alone, so that a bar covers less than the panel says.",
            f"leave the query's out, or write {panel!r} there too",
        )
