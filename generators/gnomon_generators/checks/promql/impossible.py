"""A comparison whose outcome is certain."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.bounds import ANYTHING, Bounds, bounds
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Binary, Node, Number, Unary, bare, with_ancestors

ID = "promql/impossible"
SEVERITY = Severity.ERROR
BRIEF = "A comparison that is never true, or always, whatever happens."

_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_MIRRORED: Final = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}


def check(expression: Expression) -> Iterator[Finding]:
    """Reports comparisons with a number that lies outside what the other side can be."""
    root = expression.parsed.root
    for node, above in with_ancestors(root) if root else ():
        if not (isinstance(node, Binary) and node.compares):
            continue
        existence = _asks_for_existence(node, above)
        for side, number, sign in (
            (node.left, node.right, node.operator),
            (node.right, node.left, _MIRRORED[node.operator]),
        ):
            limit = bounds(number, expression) if isinstance(bare(number), Number | Unary) else ANYTHING
            if limit[0] != limit[1]:
                continue
            within = bounds(side, expression)
            outcome = _outcome(within, sign, limit[0])
            if outcome and not (outcome == "always" and existence):
                yield expression.finding(
                    ID,
                    SEVERITY if outcome == "never" else Severity.WARNING,
                    f"The left side lies between {_shown(within)}: the comparison is {outcome} true."
                    if side is node.left
                    else f"The right side lies between {_shown(within)}: the comparison is {outcome} true.",
                    _advice(within, limit[0]),
                    span=node.span,
                )


def _asks_for_existence(node: Node, above: tuple[Node, ...]) -> bool:
    """Whether the comparison stands on the right of `and` or `unless`, where a value is as good as any."""
    inside = node
    for outer in reversed(above):
        if isinstance(outer, Binary) and outer.operator in ("and", "unless") and outer.right is inside:
            return True
        inside = outer
    return False


def _outcome(within: Bounds, sign: str, limit: float) -> str | None:
    low, high = within
    if sign == "==":
        return "never" if not low <= limit <= high else None
    if sign == "!=":
        return "always" if not low <= limit <= high else None
    compare = _COMPARISONS[sign]
    if not compare(low, limit) and not compare(high, limit):
        return "never"
    return "always" if compare(low, limit) and compare(high, limit) else None


def _shown(within: Bounds) -> str:
    low, high = (f"{value:g}".replace("inf", "infinity") for value in within)
    return f"{low} and {high}"


def _advice(within: Bounds, limit: float) -> str:
    if within == (0.0, 1.0) and 1 < limit <= 100:
        return f"compare with {limit / 100:g}: the left side is a share, no percentage"
    if within == (0.0, 100.0) and limit > 100:
        return "compare with a percentage up to 100"
    return "compare with a value that is sometimes reached and sometimes not, or leave the comparison out"
