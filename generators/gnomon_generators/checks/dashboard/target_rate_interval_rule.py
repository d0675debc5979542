"""dashboard-linter's rule of the window of rates, over all kinds of panels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression, Target
from gnomon_generators.checks.syntax.nodes import Call, Range

ID = "dashboard/target-rate-interval-rule"
SEVERITY = Severity.WARNING
BRIEF = "A panel takes a rate over a window that does not follow its resolution."
# A window too small for any rate is said there, with the reason.
YIELDS_TO = ("promql/window", "promql/rate", "promql/run-point")

_RATES: Final = ("rate", "irate")
_FOLLOWING: Final = ("__rate_interval", "__range", "__range_s", "__range_ms")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports rates in charts over time; a single value may be taken over any window that its title names."""
    root = expression.parsed.root
    if root is None or expression.role != "panel" or _instant(expression):
        return
    for node in root.walk():
        if not isinstance(node, Call) or node.name not in _RATES:
            continue
        for argument in node.arguments:
            if isinstance(argument, Range) and argument.window.variable not in _FOLLOWING:
                yield expression.finding(
                    ID,
                    SEVERITY,
                    f"{node.name}(…[{argument.window.text}]) stays at its window while the chart's step "
                    "follows the time range: zoomed out, samples between two points are not counted; "
                    "zoomed in, the line is a running mean.",
                    "write `[$__rate_interval]`, which is never too small and never leaves a gap",
                    span=argument.window.span,
                )
                # Others in the expression have the same window, and the same remedy.
                return


def _instant(expression: Expression) -> bool:
    """Whether one value is asked for, and not a line."""
    owner = expression.owner
    return isinstance(owner, Target) and bool(owner.raw.get("instant")) and not owner.raw.get("range")
