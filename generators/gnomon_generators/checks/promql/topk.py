"""Recording whichever series are the largest just now."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.labels import PICKING
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation

ID = "promql/topk"
SEVERITY = Severity.WARNING
BRIEF = "`topk` in a recording rule: other series from evaluation to evaluation."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports `topk` and its like where the result is recorded."""
    root = expression.parsed.root
    for node in root.walk() if root and expression.role == "record" else ():
        if isinstance(node, Aggregation) and node.operator in PICKING:
            yield expression.finding(
                ID,
                SEVERITY,
                f"Which series {node.operator}() picks changes from one evaluation to the next: the "
                "recorded ones come "
                "and go, are stale in between, and add up to more than ever existed.",
                f"record all of them, and write {node.operator}() in the panel",
                span=node.operator_span,
            )
