"""Recording rules without a test."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.rule.unit_tests import cases_of
from gnomon_generators.checks.subjects import Rule, Tree

ID = "rule/tested"
SEVERITY = Severity.WARNING
BRIEF = "No promtool case expects a value of a recorded series."


def check(tree: Tree) -> Iterator[Finding]:
    """Reports untested recording rules of a project that has rule tests, or should have."""
    if not (tree.whole or tree.rule_tests):
        return
    cases = cases_of(tree)
    told: set[str] = set()
    for rule in tree.rules:
        if rule.kind == "record" and rule.name not in told and not cases.records(rule):
            told.add(rule.name)
            yield _finding(rule)


def _finding(rule: Rule) -> Finding:
    return rule.finding(
        ID,
        SEVERITY,
        f"No test loads this rule and expects a value of {rule.name}: nothing shows that it gives the right "
        "number.",
        "add a `promql_expr_test` that names it, with its `exp_samples`, to a file under rules/tests",
    )
