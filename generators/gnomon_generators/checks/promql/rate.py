"""The growth of what does not only grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import grows, series_of
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation, Call, Node, Range, Selector, Subquery, bare

ID = "promql/rate"
SEVERITY = Severity.ERROR
BRIEF = "`rate`, `irate` or `increase` of something that is no counter."

FUNCTIONS: Final = ("rate", "irate", "increase")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports gauges, recorded series, and sums of counters that are rated through a subquery."""
    root = expression.parsed.root
    for node in root.walk() if root else ():
        if isinstance(node, Call) and node.name in FUNCTIONS:
            wrong = _wrong(expression, node.arguments[0])
            if wrong:
                message, advice = wrong
                yield expression.finding(ID, SEVERITY, f"{node.name}() {message}", advice, span=node.span)


def _wrong(expression: Expression, argument: Node) -> tuple[str, str] | None:
    if isinstance(argument, Subquery):
        return _of_subquery(expression, bare(argument.inner))
    if not isinstance(argument, Range):
        return None
    name = argument.selector.name
    known = series_of(expression, argument.selector)
    if known is None and not (name and ":" in name):
        return None
    if known is None or known.kind == "recorded":
        return (
            f"of {name}, which a recording rule made: where one of the counters behind it began anew the sum "
            "falls, and the fall is counted as growth from zero.",
            "record the rate of each counter and sum those",
        )
    if known.kind == "gauge":
        return (
            f"of {name}, which is a gauge: every fall of it is taken for a restart from zero.",
            f"write delta({name}[…]) or deriv({name}[…]) for its change, or show it as it stands",
        )
    return None


def _of_subquery(expression: Expression, inner: Node) -> tuple[str, str] | None:
    if isinstance(inner, Aggregation) and any(
        isinstance(node, Selector) and grows(expression, node) for node in inner.walk()
    ):
        return (
            "of a sum of counters: where one of them began anew the sum falls, and the fall is counted as "
            "growth from zero.",
            "rate first and sum then: sum(rate(x[…]))",
        )
    return None
