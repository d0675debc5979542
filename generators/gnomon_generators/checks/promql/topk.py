"""Recording whichever series are the largest just now."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.labels import PICKING
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation, Binary, Node, Number, with_ancestors

ID = "promql/topk"
SEVERITY = Severity.WARNING
BRIEF = "`topk` in a recording rule: other series from evaluation to evaluation."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports `topk` and its like where the result is recorded."""
    root = expression.parsed.root
    for node, above in with_ancestors(root) if root and expression.role == "record" else ():
        if isinstance(node, Aggregation) and node.operator in PICKING and not _picks_a_partner(node, above):
            yield expression.finding(
                ID,
                SEVERITY,
                f"Which series {node.operator}() picks changes from one evaluation to the next: the recorded "
                "ones come and go, are stale in between, and add up to more than ever existed.",
                f"record all of them, and write {node.operator}() in the panel",
                span=node.operator_span,
            )


def _picks_a_partner(node: Aggregation, above: tuple[Node, ...]) -> bool:
    """Whether it only makes sure that each series finds one partner in a join, here or later."""
    if node.grouping == "by" and isinstance(node.parameter, Number) and node.parameter.value == 1:
        return True
    inside: Node = node
    for outer in reversed(above):
        if isinstance(outer, Binary) and outer.many is not None:
            return inside is (outer.right if outer.many == "left" else outer.left)
        inside = outer
    return False
