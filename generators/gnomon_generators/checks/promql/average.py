"""An average of ratios."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import series_of
from gnomon_generators.checks.known.shapes import is_quotient
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation, Call, Node, Range, Selector, bare

ID = "promql/average"
SEVERITY = Severity.ERROR
BRIEF = "Ratios, percentages or means are averaged or added up."

_AGGREGATIONS: Final = ("avg", "sum")
_FUNCTIONS: Final = ("avg_over_time", "sum_over_time")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports averages and sums of quotients, and of metrics whose values must not be added up."""
    root = expression.parsed.root
    for node in root.walk() if root else ():
        found = _combined(node)
        if found is None:
            continue
        name, inner = found
        if is_quotient(expression, inner) or _is_not_additive(expression, inner):
            yield expression.finding(
                ID,
                SEVERITY,
                f"{name}() of {_what(expression, inner)}: one of two tests weighs as much as one of two "
                "thousand, so the result is nobody's ratio."
                if "avg" in name
                else f"{name}() of {_what(expression, inner)}: such numbers do not add up to anything.",
                "divide sums: sum(a) / (sum(b) > 0)",
                span=node.span,
            )


def _combined(node: Node) -> tuple[str, Node] | None:
    if isinstance(node, Aggregation) and node.operator in _AGGREGATIONS:
        return node.operator, node.inner
    if isinstance(node, Call) and node.name in _FUNCTIONS:
        return node.name, node.arguments[0]
    return None


def _is_not_additive(expression: Expression, node: Node) -> bool:
    node = bare(node)
    selector = node.selector if isinstance(node, Range) else node
    if not isinstance(selector, Selector):
        return False
    known = series_of(expression, selector)
    return known is not None and not known.additive


def _what(expression: Expression, node: Node) -> str:
    node = bare(node)
    selector = node.selector if isinstance(node, Range) else node
    if isinstance(selector, Selector) and selector.name:
        return str(selector.name)
    return "a quotient" if len(text := expression.parsed.of(node.span)) > 60 else text
