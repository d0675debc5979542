"""A label that is needed and was dropped."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.contract import labels_within
from gnomon_generators.checks.known.labels import Labels, labels_of
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation, Selector

ID = "promql/dropped-label"
SEVERITY = Severity.ERROR
BRIEF = "An outer grouping needs a label that an inner aggregation has dropped."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports labels in `by` that the series have and that are gone there."""
    root = expression.parsed.root
    lookup = labels_within(expression)
    for node in root.walk() if root else ():
        if not (isinstance(node, Aggregation) and node.grouping == "by"):
            continue
        inner = labels_of(node.inner, lookup)
        for label in node.labels:
            if label.name not in inner and any(
                label.name in lookup(one) for one in node.inner.walk() if isinstance(one, Selector)
            ):
                yield expression.finding(
                    ID,
                    SEVERITY,
                    f"What is grouped by {label.name} has lost it inside: {_listed(inner)} left there, so "
                    "that all falls into one group without it.",
                    f"keep {label.name} in the inner aggregation too",
                    span=label.span,
                )


def _listed(labels: Labels) -> str:
    names = sorted(labels.names)
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}" if names else "no label is"
