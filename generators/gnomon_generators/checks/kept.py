"""Which labels an expression keeps, for texts that print them."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.known.contract import labels_within
from gnomon_generators.checks.known.labels import PICKING, Labels, labels_of
from gnomon_generators.checks.several import may_be_several
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation, Node, Number, Selector, bare


def kept_labels(expression: Expression) -> Labels:
    """The labels that the result of the expression has; all of them where it does not parse.

    A label that the expression asks for counts as kept: whether the metric has it is the business of
    contract/label. In files of others a metric may have more labels than are known here.
    """
    root = expression.parsed.root
    if root is None:
        return Labels.unknown()
    written = labels_of(root, lambda selector: Labels.unknown())
    if not written.open or not expression.tree.contract.strict(expression):
        return written
    known = labels_of(root, labels_within(expression))
    return Labels(known.names | set(_asked(root)), known.open)


def split_by(expression: Expression) -> tuple[str, ...]:
    """The labels that tell the series of the result apart; none where that is not said, or there is one.

    A label that a matcher, or a variable of one value, holds to one is none of them.
    """
    root = expression.parsed.root
    written = Labels.unknown() if root is None else labels_of(root, lambda selector: Labels.unknown())
    if root is None or written.open or _is_one(root):
        return ()
    return tuple(sorted(written.names - _held(expression, root)))


def _is_one(root: Node) -> bool:
    """Whether only the highest or lowest is asked for."""
    node = bare(root)
    one = isinstance(node, Aggregation) and node.operator in PICKING and node.parameter
    return isinstance(one, Number) and one.value == 1


def _held(expression: Expression, root: Node) -> set[str]:
    found = set()
    for node in root.walk():
        for matcher in node.matchers if isinstance(node, Selector) else ():
            names = [
                use.name
                for use in expression.parsed.variables
                if matcher.span[0] <= use.span[0] < matcher.span[1]
            ]
            several = not names or any(may_be_several(expression, name) for name in names)
            if matcher.operator == "=" or (matcher.operator == "=~" and not several):
                found.add(matcher.label)
    return found


def _asked(root: Node) -> Iterator[str]:
    for node in root.walk():
        if isinstance(node, Aggregation):
            yield from (label.name for label in node.labels)
        elif isinstance(node, Selector):
            yield from (matcher.label for matcher in node.matchers)
