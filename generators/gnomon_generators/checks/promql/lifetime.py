"""A counter shown as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import grows, series_of
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import (
    Aggregation,
    Binary,
    Call,
    Node,
    Range,
    Selector,
    Subquery,
    with_ancestors,
)

ID = "promql/lifetime"
SEVERITY = Severity.ERROR
BRIEF = (
    "A counter's value since its process began is shown, summed, divided or compared as if it were a total."
)

# What only asks whether series are there, or when.
_COUNTING: Final = ("count", "group", "count_values")
_EXISTENCE: Final = ("absent", "timestamp", "info")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports the first counter without a window; others stand there for the same reason."""
    root = expression.parsed.root
    if root is None or expression.role == "variable":
        return
    for node, above in with_ancestors(root):
        if isinstance(node, Selector) and grows(expression, node) and not _is_meant(node, above):
            known = series_of(expression, node)
            yield expression.finding(
                ID,
                SEVERITY,
                f"{node.name} counts since its process began: the number is not that of the time shown, "
                f"falls to nothing with every restart, and {_how(above)}.",
                _advice(str(node.name), ledger=known is not None and known.kind == "ledger"),
                span=node.span,
            )
            return


def _is_meant(selector: Selector, above: tuple[Node, ...]) -> bool:
    if any(isinstance(node, Range | Subquery) for node in above):
        return True
    for node in above:
        if isinstance(node, Aggregation) and node.operator in _COUNTING:
            return True
        if isinstance(node, Call) and node.name in _EXISTENCE:
            return True
        # `… and x`, `… unless x` ask whether x is there.
        if isinstance(node, Binary) and node.operator in ("and", "unless") and _holds(node.right, selector):
            return True
        if isinstance(node, Binary) and node.operator == "-" and _is_difference(node, selector):
            return True
    return False


def _holds(node: Node, selector: Selector) -> bool:
    return any(inner is selector for inner in node.walk())


def _is_difference(node: Binary, selector: Selector) -> bool:
    """Whether the same series now and then are subtracted."""
    then = [
        inner
        for side in node.children
        for inner in side.walk()
        if isinstance(inner, Selector) and inner.name == selector.name
    ]
    return {inner.shifted for inner in then} == {True, False}


def _how(above: tuple[Node, ...]) -> str:
    if any(isinstance(node, Binary) and node.operator == "/" for node in above):
        return "a ratio of two such numbers mixes all versions that ever ran"
    if any(isinstance(node, Aggregation) and node.operator == "sum" for node in above):
        return "the sum of such numbers depends on which processes still live"
    return "nobody can tell since when it counts"


def _advice(name: str, *, ledger: bool) -> str:
    if ledger:
        return (
            f"write last_over_time({name}[1h]) - last_over_time({name}[1h] offset $__range), or read the run "
            "points that it is made from"
        )
    return f"write increase({name}[$__range]), in a rule with a fixed window"
