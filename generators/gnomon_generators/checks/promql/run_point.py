"""A run's own count read as if it grew, or as if it stayed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import series_of
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Call, Node, Range, Selector, Subquery, with_ancestors

ID = "promql/run-point"
SEVERITY = Severity.ERROR
BRIEF = "A metric with one sample a run is read without a window, or as a counter."

_GROWTH: Final = (
    "rate",
    "irate",
    "increase",
    "delta",
    "idelta",
    "deriv",
    "resets",
    "changes",
    "predict_linear",
)


def check(expression: Expression) -> Iterator[Finding]:
    """Reports each metric once an expression: bare names, growth, and windows that overlap."""
    root = expression.parsed.root
    if root is None or expression.role == "variable":
        return
    seen = set()
    for node, above in with_ancestors(root):
        if isinstance(node, Selector) and node.name not in seen and _is_run_point(expression, node):
            wrong = _wrong(node, above, _total_or_newest(expression, node))
            if wrong:
                seen.add(node.name)
                span, message, advice = wrong
                yield expression.finding(ID, SEVERITY, message, advice, span=span)


def _is_run_point(expression: Expression, selector: Selector) -> bool:
    known = series_of(expression, selector)
    return known is not None and known.kind == "run_point"


def _total_or_newest(expression: Expression, selector: Selector) -> str:
    """How the metric is read over a time range; what must not be added up has no total."""
    name = selector.name
    known = series_of(expression, selector)
    newest = f"last_over_time({name}[$__range]) for the newest"
    if known is not None and not known.additive:
        return f"write {newest}"
    return f"write sum_over_time({name}[$__range]) for a total, {newest}"


def _wrong(
    selector: Selector, above: tuple[Node, ...], advice: str
) -> tuple[tuple[int, int], str, str] | None:
    name = selector.name
    holder = above[-1] if above else None
    if not isinstance(holder, Range):
        if any(isinstance(node, Subquery) for node in above):
            return None
        return (
            selector.span,
            f"{name} has one sample a run, and a name without a window finds a sample for five minutes only: "
            "soon after a run the query is empty.",
            advice,
        )
    call = above[-2] if len(above) > 1 else None
    if isinstance(call, Call) and call.name in _GROWTH:
        return (
            call.span,
            f"{name} is the count of one run and starts anew with the next; {call.name}() looks for growth "
            "from sample to sample and finds none, or a wrong one.",
            f"write sum_over_time({name}[…]), which is exact",
        )
    if holder.window.variable == "__rate_interval":
        return (
            holder.window.span,
            f"$__rate_interval is longer than the step, so each sample of {name} is shown in several points.",
            f"write {name}[$__interval] over time, {name}[$__range] for one number",
        )
    return None
