"""A window too short for what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import series_of
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Call, Range

ID = "promql/window"
SEVERITY = Severity.ERROR
BRIEF = "A rate over less than four scrapes: gaps on Prometheus 2, nothing at all on Prometheus 3."

_FUNCTIONS: Final = ("rate", "irate", "increase", "delta", "idelta", "deriv")
_SCRAPES: Final = 4


def check(expression: Expression) -> Iterator[Finding]:
    """Reports fixed windows under four scrape intervals, and `$__interval`, which becomes as short as one."""
    root = expression.parsed.root
    least = _SCRAPES * expression.tree.configuration.scrape_seconds
    for node in root.walk() if root else ():
        if not (isinstance(node, Call) and node.name in _FUNCTIONS and isinstance(node.arguments[0], Range)):
            continue
        window = node.arguments[0].window
        known = series_of(expression, node.arguments[0].selector)
        if known is not None and known.kind == "run_point":
            continue
        if window.variable == "__interval":
            yield expression.finding(
                ID,
                SEVERITY,
                "$__interval is one step of the picture, on a short time range less than a scrape: there is "
                f"nothing to take {node.name}() of.",
                "write $__rate_interval, which is never less than four scrapes",
                span=window.span,
            )
        elif window.seconds is not None and window.seconds < least:
            yield expression.finding(
                ID,
                SEVERITY,
                f"{window.text} is less than {_SCRAPES} scrapes ({least:g} s): one that is late leaves a "
                "gap, and since Prometheus 3.0 a sample on the window's left edge is not in it, so that a "
                "window of one scrape is always empty.",
                f"write {_least(least)} or more; scrape_interval in gnomon-check.yaml says how often you "
                "scrape",
                span=window.span,
            )


def _least(seconds: float) -> str:
    return f"{seconds / 60:g}m" if seconds % 60 == 0 else f"{seconds:g}s"
