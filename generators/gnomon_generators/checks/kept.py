"""Which labels an expression keeps, for texts that print them."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.known.contract import labels_within
from gnomon_generators.checks.known.labels import Labels, labels_of
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation, Node, Selector


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


def _asked(root: Node) -> Iterator[str]:
    for node in root.walk():
        if isinstance(node, Aggregation):
            yield from (label.name for label in node.labels)
        elif isinstance(node, Selector):
            yield from (matcher.label for matcher in node.matchers)
