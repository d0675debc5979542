"""Steps of colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from gnomon_generators.checks.dashboard.field_config import defaults, field_values
from gnomon_generators.checks.dashboard.places import dotted
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.schema import Path
from gnomon_generators.checks.subjects import Panel

ID = "dashboard/thresholds"
SEVERITY = Severity.ERROR
BRIEF = "Steps of thresholds do not ascend, begin with a number, or are drawn nowhere."

# What Grafana writes of itself into every new panel; nobody meant anything by it.
_GIVEN: Final = [("green", None), ("red", 80)]


def check(panel: Panel) -> Iterator[Finding]:
    """Reports steps out of order for all fields and in overrides, then steps that a chart does not draw."""
    for path, value in field_values(panel, "thresholds"):
        steps = _steps(value)
        if steps:
            yield from _order(panel, (*path, "steps"), steps)
    yield from _undrawn(panel)


def _steps(thresholds: Any) -> list[Mapping[str, Any]]:
    steps = thresholds.get("steps") if isinstance(thresholds, Mapping) else None
    return [step for step in steps if isinstance(step, Mapping)] if isinstance(steps, list) else []


def _order(panel: Panel, path: Path, steps: list[Mapping[str, Any]]) -> Iterator[Finding]:
    first = steps[0].get("value")
    # The text "null" is the business of dashboard/old-shapes.
    if isinstance(first, int | float) and first != 0:
        yield _at(
            panel,
            path,
            f"The first step begins at {first:g}: values below it have no step and take the colour of the "
            "first all the same, as if they had reached it.",
            "begin with a step of `value: null`, the colour of everything below",
        )
    values = [step.get("value") for step in steps[1:]]
    if any(value is None for value in values):
        yield _at(
            panel,
            path,
            "A later step has no value: it counts as the lowest of all, and hides the ones before it.",
            "give every step but the first a number",
        )
        return
    numbers = [value for value in values if isinstance(value, int | float)]
    for lower, upper in pairwise(numbers):
        if upper <= lower:
            yield _at(
                panel,
                path,
                f"The step {upper:g} follows {lower:g}: Grafana takes the last step that a value reaches in "
                "the order written, so that colours come out wrong.",
                "write the steps in ascending order, each value once",
            )
            return


def _undrawn(panel: Panel) -> Iterator[Finding]:
    """A chart over time draws thresholds only when it is told how; nothing says that they are there."""
    config = defaults(panel)
    steps = [(step.get("color"), step.get("value")) for step in _steps(config.get("thresholds"))]
    if panel.type != "timeseries" or len(steps) < 2 or steps == _GIVEN:
        return
    custom, color = config.get("custom"), config.get("color")
    style = custom.get("thresholdsStyle") if isinstance(custom, Mapping) else None
    drawn = isinstance(style, Mapping) and style.get("mode", "off") != "off"
    coloured = isinstance(color, Mapping) and color.get("mode") == "thresholds"
    if not drawn and not coloured:
        yield panel.finding(
            ID,
            Severity.WARNING,
            "The chart has thresholds and draws none of them: `thresholdsStyle.mode` is off unless it is "
            "said.",
            "write `custom.thresholdsStyle: {mode: dashed}`, or remove the steps",
            part="fieldConfig.defaults.thresholds",
        )


def _at(panel: Panel, path: Path, message: str, advice: str) -> Finding:
    line = panel.dashboard.line_of(*panel.keys, *path)
    return panel.finding(ID, SEVERITY, message, advice, part=dotted(path), line=line)
