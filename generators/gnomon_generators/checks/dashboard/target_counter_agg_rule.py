"""dashboard-linter's rule of counters to the letter; off unless it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Call, Node, Range, Selector

ID = "dashboard/target-counter-agg-rule"
SEVERITY = Severity.WARNING
BRIEF = "A metric that ends in `_total` stands in no `rate`, `irate` or `increase`."
DEFAULT = False

_SUFFIX: Final = "_total"
_OF_COUNTERS: Final = ("rate", "irate", "increase")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports every such metric in a panel's query."""
    root = expression.parsed.root
    if root is None or expression.role != "panel":
        return
    for selector in _elsewhere(root):
        if (selector.name or "").endswith(_SUFFIX):
            yield expression.finding(
                ID,
                SEVERITY,
                f"{selector.name} is a counter by its name, and no rate of it is taken.",
                "write increase(…[$__range]) for a total, rate(…[$__rate_interval]) for a rate",
                span=selector.name_span,
            )


def _elsewhere(node: Node) -> Iterator[Selector]:
    """The selectors that do not stand in a range of one of those functions."""
    if isinstance(node, Selector):
        yield node
    counted = isinstance(node, Call) and node.name in _OF_COUNTERS
    for child in node.children:
        if not (counted and isinstance(child, Range)):
            yield from _elsewhere(child)
