"""Recording rules without a test."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.rule.unit_tests import missing_case
from gnomon_generators.checks.subjects import Rule

ID = "rule/tested"
SEVERITY = Severity.WARNING
BRIEF = "No promtool case expects a value of a recorded series, or none expects that there is none."


def check(rule: Rule) -> Iterator[Finding]:
    """Reports untested recording rules of a project that has rule tests, or should have."""
    missing = missing_case(rule) if rule.kind == "record" else ""
    if missing:
        yield rule.finding(
            ID,
            SEVERITY,
            f"The tests have {missing} of {rule.name}: nothing shows that it gives the right number, and "
            "none where there is nothing to count.",
            "add `promql_expr_test`s that name it, with `exp_samples` and without, to a file under "
            "rules/tests",
        )
