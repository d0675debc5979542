"""dashboard-linter's rule of the variable `instance`; off unless it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.dashboard.job_and_instance import variable_findings
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile

ID = "dashboard/template-instance-rule"
SEVERITY = Severity.WARNING
BRIEF = "No variable chooses the label `instance` (for dashboards of scraped processes)."
DEFAULT = False


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports a missing or unlike variable."""
    yield from variable_findings(dashboard, "instance", ID, SEVERITY)
