"""Leaving out what is not there."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.contract import labels_within
from gnomon_generators.checks.known.labels import labels_of
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation

ID = "promql/without"
SEVERITY = Severity.WARNING
BRIEF = "`without` names a label that is not there."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports labels in `without` that what is aggregated does not have."""
    root = expression.parsed.root
    for node in root.walk() if root else ():
        if not (isinstance(node, Aggregation) and node.grouping == "without"):
            continue
        inner = labels_of(node.inner, labels_within(expression))
        for label in node.labels:
            if label.name not in inner:
                yield expression.finding(
                    ID,
                    SEVERITY,
                    f"There is no label {label.name} to leave out: more series stay apart than was meant.",
                    f"name labels that are there ({', '.join(sorted(inner.names)) or 'none'}), or better say "
                    "with by which are to stay",
                    span=label.span,
                )
