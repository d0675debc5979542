"""A quantile of quantiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.shapes import is_quantile
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation, Call, Node

ID = "promql/quantile"
SEVERITY = Severity.ERROR
BRIEF = "Quantiles are averaged, added up, or taken a quantile of."

_AGGREGATIONS: Final = ("avg", "sum", "quantile")
_FUNCTIONS: Final = ("avg_over_time", "sum_over_time", "quantile_over_time")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports what combines results of `histogram_quantile` and its like, recorded ones too."""
    root = expression.parsed.root
    for node in root.walk() if root else ():
        inner = _combined(node)
        if inner is not None and is_quantile(expression, inner):
            yield expression.finding(
                ID,
                SEVERITY,
                "From the 95th percentiles of parts the 95th percentile of the whole cannot be had, not "
                "even nearly: a part of three calls counts like one of three thousand.",
                "add the buckets up and take the quantile last: histogram_quantile(0.95, sum by (le) (…))",
                span=node.span,
            )


def _combined(node: Node) -> Node | None:
    if isinstance(node, Aggregation) and node.operator in _AGGREGATIONS:
        return node.inner
    return node.arguments[-1] if isinstance(node, Call) and node.name in _FUNCTIONS else None
