"""dashboard-linter's rule of when a variable's values are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Variable

ID = "dashboard/template-on-time-change-reload-rule"
SEVERITY = Severity.WARNING
BRIEF = "A variable's values are not asked for anew when the time range changes."

_ON_TIME_RANGE: Final = 2


def check(variable: Variable) -> Iterator[Finding]:
    """Reports variables by query whose `refresh` is not 2."""
    if variable.type == "query" and variable.raw.get("refresh") != _ON_TIME_RANGE:
        yield variable.finding(
            ID,
            SEVERITY,
            "The values are those of the range in which the dashboard was opened: whoever then looks at "
            "last week cannot choose what ran last week.",
            "write `refresh: 2` (on time range change)",
        )
