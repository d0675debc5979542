"""Two sides that cannot meet."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.contract import labels_within
from gnomon_generators.checks.known.labels import PICKING, Labels, is_scalar, labels_of
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation, Binary, Call, Node, Span, Unary, bare

ID = "contract/join"
SEVERITY = Severity.ERROR
BRIEF = "An operation joins two sides on labels that they do not both have."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports clauses with labels that are not there, and sides that differ without a clause."""
    root = expression.parsed.root
    for node in root.walk() if root else ():
        if (
            isinstance(node, Binary)
            and node.operator != "or"
            and not (is_scalar(node.left) or is_scalar(node.right))
        ):
            for span, message, advice in _faults(expression, node):
                yield expression.finding(ID, SEVERITY, message, advice, span=span)


Fault = tuple[Span, str, str]


def _faults(expression: Expression, node: Binary) -> Iterator[Fault]:
    lookup = labels_within(expression)
    left, right = labels_of(node.left, lookup), labels_of(node.right, lookup)
    if node.matching is None:
        yield from _different_sides(expression, node, left, right)
    elif node.matching == "on":
        yield from _on(node, left, right)
    else:
        yield from _ignoring(node, left, right)
    yield from _included(node, left, right)


def _on(node: Binary, left: Labels, right: Labels) -> Iterator[Fault]:
    for label in node.labels:
        missing = [side for side, labels in (("left", left), ("right", right)) if label.name not in labels]
        if missing:
            sides = "neither side has" if len(missing) == 2 else f"the {missing[0]} side does not have"
            yield (
                label.span,
                f"The two sides are joined on {label.name}, which {sides}: nothing is matched by it.",
                f"keep {label.name} on both sides, or leave it out",
            )


def _ignoring(node: Binary, left: Labels, right: Labels) -> Iterator[Fault]:
    for label in node.labels:
        if label.name not in left and label.name not in right:
            yield (
                label.span,
                f"The join ignores {label.name}, which neither side has.",
                f"leave {label.name} out",
            )


def _included(node: Binary, left: Labels, right: Labels) -> Iterator[Fault]:
    one = right if node.many == "left" else left
    for label in node.included:
        if label.name not in one:
            yield (
                label.span,
                f"{label.name} is to be copied from the side that has one series, and that side does not "
                "have it.",
                f"keep {label.name} on that side, or leave it out",
            )


def _different_sides(expression: Expression, node: Binary, left: Labels, right: Labels) -> Iterator[Fault]:
    """Without a clause two series meet only when all their labels are equal."""
    if left.open or right.open or not (_is_grouped(node.left) and _is_grouped(node.right)):
        return
    if left.names != right.names:
        yield (
            node.operator_span,
            f"The left side has {_listed(left)} and the right side {_listed(right)}: no series of the one "
            "has the same labels as one of the other, so the result is empty.",
            f"join them with on ({', '.join(sorted(left.names & right.names))}) and group_left or "
            "group_right, or group both sides alike",
        )


def _is_grouped(node: Node) -> bool:
    """Whether the labels are those of an aggregation; of plain series some may be empty."""
    node = bare(node)
    match node:
        case Aggregation():
            return node.operator not in PICKING or _is_grouped(node.inner)
        case Binary(left=left, right=right):
            return all(_is_grouped(side) for side in (left, right) if not is_scalar(side))
        case Unary(inner=inner):
            return _is_grouped(inner)
        case Call(arguments=arguments):
            series = [argument for argument in arguments if not is_scalar(argument)]
            return not series or all(_is_grouped(argument) for argument in series)
        case _:
            return False


def _listed(labels: Labels) -> str:
    return ", ".join(sorted(labels.names)) or "no labels"
