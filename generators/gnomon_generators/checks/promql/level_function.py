"""A function for levels on something that only grows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import grows
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Call, Range

ID = "promql/level-function"
SEVERITY = Severity.ERROR
BRIEF = "`sum_over_time`, `avg_over_time`, `delta` and their like of a counter."

_FUNCTIONS: Final = (
    *("sum_over_time", "avg_over_time", "quantile_over_time", "stddev_over_time", "stdvar_over_time"),
    *("delta", "idelta", "deriv", "predict_linear", "holt_winters", "double_exponential_smoothing"),
)


def check(expression: Expression) -> Iterator[Finding]:
    """Reports counters in functions that take the samples for levels."""
    root = expression.parsed.root
    for node in root.walk() if root else ():
        if not (isinstance(node, Call) and node.name in _FUNCTIONS):
            continue
        for argument in node.arguments:
            if isinstance(argument, Range) and grows(expression, argument.selector):
                name = argument.selector.name
                yield expression.finding(
                    ID,
                    SEVERITY,
                    f"{name} is a counter: {_effect(node.name)}.",
                    f"write increase({name}[{argument.window.text}]), or rate() for what came a second",
                    span=node.span,
                )


def _effect(function: str) -> str:
    if function == "sum_over_time":
        return "adding its samples up counts everything once for every scrape since"
    return f"{function}() takes the zero after a restart for a real fall"
