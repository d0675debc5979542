"""Between which values an expression's result can lie."""

from __future__ import annotations

import math
from typing import Final

from gnomon_generators.checks.known.naming import series_of
from gnomon_generators.checks.known.shapes import is_part
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import (
    Aggregation,
    Binary,
    Call,
    Node,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Unary,
    bare,
)

Bounds = tuple[float, float]

ANYTHING: Final[Bounds] = (-math.inf, math.inf)
NOT_NEGATIVE: Final[Bounds] = (0.0, math.inf)
_SHARE: Final[Bounds] = (0.0, 1.0)
# Functions whose result lies where their argument lies.
_WITHIN: Final = {
    *("last_over_time", "min_over_time", "max_over_time", "avg_over_time", "first_over_time"),
    *("sort", "sort_desc", "vector", "scalar", "label_replace", "label_join"),
}
_COUNTS: Final = {
    *("rate", "irate", "increase", "resets", "changes", "count_over_time", "present_over_time"),
    *("stddev_over_time", "stdvar_over_time", "abs", "exp", "sqrt", "timestamp", "time"),
}
_PICKS: Final = {"min", "max", "avg", "topk", "bottomk", "limitk", "limit_ratio"}


def bounds(node: Node, expression: Expression) -> Bounds:  # noqa: PLR0911 - one a kind of node
    """The least and the greatest value that the result can have, as far as that is certain."""
    match node:
        case Number(value=value):
            return ANYTHING if value is None else (value, value)
        case Selector():
            return _of_series(node, expression)
        case Range(selector=inner) | Paren(inner=inner) | Subquery(inner=inner):
            return bounds(inner, expression)
        case Unary(inner=inner):
            low, high = bounds(inner, expression)
            return -high, -low
        case Aggregation():
            return _of_aggregation(node, expression)
        case Call():
            return _of_call(node, expression)
        case Binary():
            return _of_operation(node, expression)
        case _:
            return ANYTHING


def _of_series(selector: Selector, expression: Expression) -> Bounds:
    known = series_of(expression, selector)
    if known is None:
        return ANYTHING
    if known.kind == "recorded":
        return _of_recorded(selector, expression)
    if known.unit == "%":
        return (0.0, 100.0)
    if selector.name == "up":
        return _SHARE
    return NOT_NEGATIVE if known.kind != "gauge" else ANYTHING


def _of_recorded(selector: Selector, expression: Expression) -> Bounds:
    made = [bounds(root, other) for other, root in expression.tree.contract.made_of(selector.name)]
    return (min(low for low, _ in made), max(high for _, high in made)) if made else ANYTHING


def _of_aggregation(node: Aggregation, expression: Expression) -> Bounds:
    inner = bounds(node.inner, expression)
    if node.operator in _PICKS or node.operator == "quantile":
        return inner
    if node.operator in ("count", "group"):
        return (1.0, 1.0 if node.operator == "group" else math.inf)
    if node.operator in ("stddev", "stdvar"):
        return NOT_NEGATIVE
    return NOT_NEGATIVE if node.operator == "sum" and inner[0] >= 0 else ANYTHING


def _of_call(node: Call, expression: Expression) -> Bounds:
    if node.name in _COUNTS:
        return NOT_NEGATIVE
    if node.name in ("absent", "absent_over_time"):
        return (1.0, 1.0)
    if not node.arguments:
        return ANYTHING
    if node.name == "histogram_quantile":
        return NOT_NEGATIVE if bounds(node.arguments[-1], expression)[0] >= 0 else ANYTHING
    inner = bounds(node.arguments[0], expression)
    if node.name in _WITHIN:
        return inner
    return NOT_NEGATIVE if node.name == "sum_over_time" and inner[0] >= 0 else ANYTHING


def _of_operation(node: Binary, expression: Expression) -> Bounds:  # noqa: PLR0911 - one an operator
    left, right = bounds(node.left, expression), bounds(node.right, expression)
    if node.compares:
        return _SHARE if node.returns_bool else left
    if node.operator in ("and", "unless"):
        return left
    if node.operator == "or":
        return min(left[0], right[0]), max(left[1], right[1])
    if node.operator == "+":
        return left[0] + right[0], left[1] + right[1]
    if node.operator == "-":
        return left[0] - right[1], left[1] - right[0]
    if node.operator == "*":
        return _product(left, right)
    if node.operator == "/":
        return _quotient(node, left, right)
    return ANYTHING


def _product(left: Bounds, right: Bounds) -> Bounds:
    products = [
        # Nothing times endless is nothing here: the factor that is zero is certain.
        0.0 if 0.0 in (one, other) else one * other
        for one in left
        for other in right
    ]
    return min(products), max(products)


def _quotient(node: Binary, left: Bounds, right: Bounds) -> Bounds:
    part, factor = _scaled(bare(node.left))
    if factor > 0 and is_part(part, node.right):
        return (0.0, factor)
    if right[0] == right[1] and right[0] not in (0.0, math.inf):
        return _product(left, (1 / right[0], 1 / right[0]))
    return NOT_NEGATIVE if left[0] >= 0 and right[0] >= 0 else ANYTHING


def _scaled(node: Node) -> tuple[Node, float]:
    """What is multiplied by a constant, and the constant: `100 * a / b` is a hundred times a share."""
    if isinstance(node, Binary) and node.operator == "*":
        for number, other in ((node.left, node.right), (node.right, node.left)):
            constant = bare(number)
            if isinstance(constant, Number) and constant.value is not None:
                part, factor = _scaled(bare(other))
                return part, factor * constant.value
    return node, 1.0
