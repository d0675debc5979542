"""Bars that count the same things."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.labels import is_scalar
from gnomon_generators.checks.subjects import Expression, Panel, Target
from gnomon_generators.checks.syntax.nodes import Binary, Call, Node, Range, Window
from gnomon_generators.promql.windows import is_fixed, milliseconds

ID = "dashboard/overlap"
SEVERITY = Severity.ERROR
BRIEF = "Bars over time count a longer time than lies between them: what happened once stands in several."

_ADDED_UP: Final = ("increase", "sum_over_time")
_SHARED_OUT: Final = ("histogram_quantile", "rate", "avg_over_time")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports totals over a fixed window in bars whose least step is shorter, or not said."""
    owner, root = expression.owner, expression.parsed.root
    if root is None or not isinstance(owner, Target) or not _in_bars(owner) or _is_share(root):
        return
    least = _least_step(owner)
    for window in filter(None, map(_fixed_window, root.walk())):
        if least is not None and window.seconds is not None and least < window.seconds * 1000:
            yield expression.finding(
                ID,
                SEVERITY,
                f"Each bar counts {window.text}, and bars stand as close as the picture is wide: what "
                "happened once is in all bars of that time, and they add up to nothing that there was.",
                f'write the least step of the panel, "interval": "{window.text}", or take the step as '
                "window, [$__interval]; or draw a line",
                span=window.span,
            )
            return


def _in_bars(target: Target) -> bool:
    panel = target.panel
    return panel.type == "timeseries" and _style(panel) == "bars" and not target.raw.get("instant")


def _style(panel: Panel) -> object:
    inner: object = panel.raw
    for key in ("fieldConfig", "defaults", "custom", "drawStyle"):
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    return inner


def _fixed_window(node: Node) -> Window | None:
    """The window of a fixed length over which something is added up."""
    if not isinstance(node, Call) or node.name not in _ADDED_UP or not node.arguments:
        return None
    inner = node.arguments[0]
    return inner.window if isinstance(inner, Range) and inner.window.seconds else None


def _is_share(root: Node) -> bool:
    """Whether the value is a ratio or a quantile, of which nobody adds up several."""
    return any(
        (isinstance(node, Binary) and node.operator == "/" and not is_scalar(node.right))
        or (isinstance(node, Call) and node.name in _SHARED_OUT)
        for node in root.walk()
    )


def _least_step(target: Target) -> int | None:
    """The least step in milliseconds, 0 without any; None where a variable says it."""
    steps = [target.raw.get("interval") or "", target.panel.raw.get("interval") or ""]
    told = [str(step) for step in steps if step]
    if not all(is_fixed(step) for step in told):
        return None
    # The query's own is heeded before that of its panel.
    return milliseconds(told[0]) if told else 0
