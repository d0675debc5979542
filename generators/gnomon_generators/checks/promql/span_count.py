"""Spans counted as if nothing were lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Binary, Call, Range, with_ancestors
from gnomon_generators.stack_metrics import SPAN_CALLS

ID = "promql/span-count"
SEVERITY = Severity.WARNING
BRIEF = "The increase of span metrics is shown as a number of runs or tests."

_NAMES: Final = {*SPAN_CALLS.series_names, "traces_span_metrics_calls_total"}


def check(expression: Expression) -> Iterator[Finding]:
    """Reports the first `increase` of spans that is no part of a ratio."""
    root = expression.parsed.root
    for node, above in with_ancestors(root) if root else ():
        if not (isinstance(node, Call) and node.name == "increase" and isinstance(node.arguments[0], Range)):
            continue
        if node.arguments[0].selector.name in _NAMES and not any(
            isinstance(outer, Binary) and outer.operator == "/" for outer in above
        ):
            yield expression.finding(
                ID,
                SEVERITY,
                "A test run's spans are all new at its end, and increase() does not see what a series was "
                "born with: about a third of them is missing. In a ratio the loss is on both sides; in a "
                "number it is not.",
                "count runs and tests with run points: sum(sum_over_time(gnomon_run_tests[$__range]))",
                span=node.span,
            )
            return
