"""Recording rules that wait for each other."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Rule
from gnomon_generators.checks.syntax.nodes import Range, Selector

ID = "contract/cycle"
SEVERITY = Severity.ERROR
BRIEF = "A recording rule is made, through other rules, from its own result."


def check(rule: Rule) -> Iterator[Finding]:
    """Reports a circle once, at the rule whose name comes first in the alphabet."""
    if rule.kind != "record":
        return
    way = _way_back(rule)
    if way and rule.name == min(way):
        yield rule.finding(
            ID,
            SEVERITY,
            f"The rules are made from each other ({' → '.join([*way, rule.name])}): none of them ever has a "
            "value, or each carries an old one on for ever.",
            "record one of them from emitted metrics",
        )


def _way_back(rule: Rule) -> list[str]:
    """The names on the way from the rule to itself; empty when there is none."""
    waiting: list[list[str]] = [[rule.name]]
    seen: set[str] = set()
    while waiting:
        way = waiting.pop()
        for name in _named_now(rule, way[-1]):
            if name == rule.name:
                return way
            if name not in seen:
                seen.add(name)
                waiting.append([*way, name])
    return []


def _named_now(rule: Rule, name: str) -> set[str]:
    """The series that the rules of a name read at the moment of their evaluation, not from the past."""
    contract = rule.tree.contract
    found: set[str] = set()
    for other in contract.rules.get(name, ()):
        expression = contract.expressions.get(other)
        nodes = list(expression.parsed.root.walk()) if expression and expression.parsed.root else []
        past = {id(node.selector) for node in nodes if isinstance(node, Range)}
        found |= {
            node.name
            for node in nodes
            if isinstance(node, Selector) and node.name and not node.shifted and id(node) not in past
        }
    return found
