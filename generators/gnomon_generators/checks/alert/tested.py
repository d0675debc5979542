"""Alerts without tests."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.rule.unit_tests import cases_of
from gnomon_generators.checks.subjects import Tree

ID = "alert/tested"
SEVERITY = Severity.WARNING
BRIEF = "No promtool case shows that an alert fires, or none that it stays silent."


def check(tree: Tree) -> Iterator[Finding]:
    """Reports alerts of a project that has rule tests, or should have; each name once."""
    if not (tree.whole or tree.rule_tests):
        return
    cases = cases_of(tree)
    told: set[str] = set()
    for rule in tree.rules:
        if rule.kind != "alert" or rule.name in told:
            continue
        missing = [] if cases.fires(rule) else ["in which it fires"]
        if not cases.stays_silent(rule):
            missing.append("in which it does not fire")
        if missing:
            told.add(rule.name)
            yield rule.finding(
                ID,
                SEVERITY,
                f"There is no case {' and none '.join(missing)}: nothing shows that it tells the two apart.",
                "add an `alert_rule_test` with `exp_alerts`, and one without, to a file under alerts/tests",
            )
