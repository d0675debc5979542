"""A division by nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.labels import is_scalar
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import (
    Aggregation,
    Binary,
    Call,
    Node,
    Number,
    bare,
    with_ancestors,
)

ID = "promql/division"
SEVERITY = Severity.WARNING
BRIEF = "A division whose denominator can be zero."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports the first division by series without a guard in an expression."""
    root = expression.parsed.root
    for node, above in with_ancestors(root) if root else ():
        if not (isinstance(node, Binary) and node.operator in ("/", "%")):
            continue
        if not _never_zero(node.right) and not _sifted(node, above):
            shown = expression.parsed.of(node.right.span)
            yield expression.finding(
                ID,
                SEVERITY,
                "Where nothing happened the denominator is zero and the result NaN or infinite: a panel "
                "shows NaN, an average over it is NaN, and a comparison is false or always true.",
                f"write … / ({shown if len(shown) < 60 else '…'} > 0), which shows nothing where there was "
                "nothing",
                span=node.right.span,
            )
            return


def _never_zero(node: Node) -> bool:  # noqa: PLR0911 - one a kind of node
    node = bare(node)
    match node:
        case Number(value=value):
            return value != 0
        case Aggregation(operator=operator, inner=inner):
            return operator in ("count", "group") or (
                operator not in ("stddev", "stdvar", "count_values") and _never_zero(inner)
            )
        case Call():
            return _call_never_zero(node)
        case Binary(operator="or" | "*", left=left, right=right):
            return _never_zero(left) and _never_zero(right)
        case Binary(operator=operator) if node.compares:
            return not node.returns_bool and is_scalar(node.right) and operator in (">", "!=")
        case Binary(operator="and" | "unless" | "/", left=left):
            return _never_zero(left)
        case _:
            return False


def _call_never_zero(node: Call) -> bool:
    if node.name in ("time", "count_over_time", "vector", "pi"):
        return node.name != "vector" or _never_zero(node.arguments[0])
    if node.name == "clamp_min":
        return _never_zero(node.arguments[1])
    return node.name in ("scalar", "last_over_time") and _never_zero(node.arguments[0])


def _sifted(node: Binary, above: tuple[Node, ...]) -> bool:
    """Whether what is wrong is left out further out: a comparison lets no NaN through, `and` asks more."""
    inside: Node = node
    for outer in reversed(above):
        if isinstance(outer, Binary) and outer.left is inside:
            if outer.compares and not outer.returns_bool:
                return True
            if outer.operator == "and" and any(
                isinstance(part, Binary) and part.compares for part in outer.right.walk()
            ):
                return True
        inside = outer
    return False
