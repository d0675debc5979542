"""dashboard-linter's rule of the matcher of `instance`; off unless it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.dashboard.job_and_instance import selector_findings
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression

ID = "dashboard/target-instance-rule"
SEVERITY = Severity.WARNING
BRIEF = "A query does not filter by the variable `instance` (for dashboards of scraped processes)."
DEFAULT = False


def check(expression: Expression) -> Iterator[Finding]:
    """Reports each selector without the matcher."""
    yield from selector_findings(expression, "instance", ID, SEVERITY)
