"""A label that is needed and was dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.contract import labels_within
from gnomon_generators.checks.known.labels import Labels, labels_of
from gnomon_generators.checks.subjects import Expression, Rule
from gnomon_generators.checks.syntax.nodes import Aggregation, Node, Selector, Span

ID = "promql/dropped-label"
SEVERITY = Severity.ERROR
BRIEF = "An outer grouping, or the text of an alert, needs a label that the expression has dropped."

_TEMPLATE: Final = re.compile(r"\$labels\.(\w+)")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports labels that are asked for where they are gone."""
    root = expression.parsed.root
    if root is None:
        return
    yield from _groupings(expression, root)
    named = {label.name for node in root.walk() if isinstance(node, Aggregation) for label in node.labels}
    left = labels_of(root, labels_within(expression))
    for label in _wanted(expression):
        # A label that is kept by name and is not there has been reported as one that the metric lacks.
        if label not in left and label not in named:
            yield expression.finding(
                ID,
                SEVERITY,
                f"The alert says {label}, and the result has {_listed(left)}: the sentence has a hole.",
                f"keep it: by ({', '.join([*sorted(left.names), label])}), or leave it out",
                span=_outermost(root),
            )


def _groupings(expression: Expression, root: Node) -> Iterator[Finding]:
    lookup = labels_within(expression)
    for node in root.walk():
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
                    f"What is grouped by {label.name} has lost it inside: there {_listed(inner)} is left.",
                    f"keep {label.name} in the inner aggregation too",
                    span=label.span,
                )


def _wanted(expression: Expression) -> Iterator[str]:
    """Labels that an alert says."""
    owner = expression.owner
    if isinstance(owner, Rule) and owner.kind == "alert":
        texts = [*owner.annotations.values(), *owner.labels.values()]
        for label in dict.fromkeys(name for text in texts for name in _TEMPLATE.findall(str(text))):
            if label not in owner.labels:
                yield label


def _outermost(root: Node) -> Span:
    """The outermost aggregation, which dropped the label; else everything."""
    aggregations = [node for node in root.walk() if isinstance(node, Aggregation)]
    return aggregations[0].operator_span if aggregations else root.span


def _listed(labels: Labels) -> str:
    return ", ".join(sorted(labels.names)) or "no labels"
