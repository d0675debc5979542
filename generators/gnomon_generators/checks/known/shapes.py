"""What an expression computes, told from its shape."""

from __future__ import annotations

from gnomon_generators.checks.known.labels import PICKING, is_scalar
from gnomon_generators.checks.known.naming import series_of
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import (
    Aggregation,
    Binary,
    Call,
    Node,
    Range,
    Selector,
    Subquery,
    Unary,
    bare,
)

_QUANTILES = ("histogram_quantile", "quantile_over_time")
_KEEPING = ("last_over_time", "min_over_time", "max_over_time", "sort", "sort_desc", "round", "clamp_min")


def is_quotient(expression: Expression, node: Node) -> bool:
    """Whether each series is one sum divided by another: a ratio, a percentage, a mean."""
    node = _core(node)
    if isinstance(node, Binary):
        return node.operator == "/" and not (is_scalar(node.left) or is_scalar(node.right))
    if isinstance(node, Selector):
        known = series_of(expression, node)
        if known is not None and known.kind == "recorded":
            return any(is_quotient(*made) for made in expression.tree.contract.made_of(node.name))
        return known is not None and not known.additive and known.unit in ("%", "1")
    return False


def is_quantile(expression: Expression, node: Node) -> bool:
    """Whether each series is a quantile."""
    node = _core(node)
    if isinstance(node, Call):
        return node.name in _QUANTILES
    if isinstance(node, Aggregation):
        return node.operator == "quantile"
    return isinstance(node, Selector) and any(
        is_quantile(*made) for made in expression.tree.contract.made_of(node.name)
    )


def is_part(part: Node, whole: Node) -> bool:
    """Whether one counts a subset of what the other counts: the same but for more matchers."""
    part, whole = _counted(part), _counted(whole)
    match part, whole:
        case Aggregation(), Aggregation():
            return _groups_alike(part, whole) and is_part(part.inner, whole.inner)
        case Call(), Call():
            return (
                part.name == whole.name
                and len(part.arguments) == len(whole.arguments) == 1
                and is_part(part.arguments[0], whole.arguments[0])
            )
        case Range(), Range():
            return part.window.text == whole.window.text and is_part(part.selector, whole.selector)
        case Selector(), Selector():
            return (
                part.name is not None
                and part.name == whole.name
                and part.shifted == whole.shifted
                and _matchers(whole) <= _matchers(part)
            )
        case _:
            return False


def _groups_alike(one: Aggregation, other: Aggregation) -> bool:
    return (
        one.operator == other.operator
        and one.operator in ("sum", "count")
        and one.grouping == other.grouping
        and {label.name for label in one.labels} == {label.name for label in other.labels}
    )


def _matchers(selector: Selector) -> set[tuple[str, str, str]]:
    return {(one.label, one.operator, one.value) for one in selector.matchers}


def _core(node: Node) -> Node:
    """The node without scaling, guards and what keeps each series' value."""
    while True:
        node = bare(node)
        match node:
            case Unary(inner=inner) | Subquery(inner=inner):
                node = inner
            case Range(selector=selector):
                node = selector
            case Call(name=name, arguments=arguments) if name in _KEEPING and arguments:
                node = arguments[0]
            case Aggregation(operator=operator, inner=inner) if operator in PICKING:
                node = inner
            case Binary(operator="*", left=left, right=right) if is_scalar(left) or is_scalar(right):
                node = right if is_scalar(left) else left
            case Binary(operator="/", left=left, right=right) if is_scalar(right):
                node = left
            case Binary(left=left) if node.compares or node.operator in ("and", "unless", "or"):
                node = left
            case _:
                return node


def _counted(node: Node) -> Node:
    """The node without a guard (`> 0`) or a zero for what is not there (`or vector(0)`)."""
    node = bare(node)
    while isinstance(node, Binary) and ((node.compares and is_scalar(node.right)) or node.operator == "or"):
        node = bare(node.left)
    return node
