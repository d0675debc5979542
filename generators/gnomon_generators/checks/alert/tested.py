"""Alerts without tests."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.rule.unit_tests import missing_case
from gnomon_generators.checks.subjects import Rule

ID = "alert/tested"
SEVERITY = Severity.WARNING
BRIEF = "No promtool case shows that an alert fires, or none that it stays silent."


def check(rule: Rule) -> Iterator[Finding]:
    """Reports untested alerts of a project that has rule tests, or should have."""
    missing = missing_case(rule) if rule.kind == "alert" else ""
    if missing:
        yield rule.finding(
            ID,
            SEVERITY,
            f"The tests have {missing}: nothing shows that the alert tells good from bad.",
            "add an `alert_rule_test` with `exp_alerts`, and one without, to a file under alerts/tests",
        )
