"""The order of rules within a group."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression, Rule
from gnomon_generators.checks.syntax.nodes import Selector

ID = "rule/order"
SEVERITY = Severity.WARNING
# Of rules that wait for each other each comes before another.
YIELDS_TO = ("contract/cycle",)
BRIEF = "A rule reads a series that its own group records only after it."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports each such series once; rules of a group are evaluated one after the other."""
    rule, root = expression.owner, expression.parsed.root
    if not isinstance(rule, Rule) or root is None:
        return
    rules = rule.group.rules
    later = {other.name for other in rules[rules.index(rule) + 1 :] if other.kind == "record"}
    later -= {other.name for other in rules[: rules.index(rule)] if other.kind == "record"}
    seen = set()
    for node in root.walk():
        if isinstance(node, Selector) and node.name in later and node.name not in seen:
            seen.add(node.name)
            yield expression.finding(
                ID,
                SEVERITY,
                f"The group records {node.name} after this rule, which therefore reads the value of the "
                "evaluation before: it is late by an interval.",
                "move this rule behind the one that records it",
                span=node.name_span,
            )
