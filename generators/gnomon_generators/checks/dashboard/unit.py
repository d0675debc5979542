"""Units that Grafana knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from gnomon_generators.checks.dashboard.field_config import field_values
from gnomon_generators.checks.dashboard.places import dotted
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.schema import Path, known_units
from gnomon_generators.checks.subjects import Panel

ID = "dashboard/unit"
SEVERITY = Severity.ERROR
BRIEF = "A unit is none that Grafana knows: its text is shown behind every number."

_FREE: Final = re.compile(r"(?:suffix|prefix|time|si|count|currency|bool):.+", re.DOTALL)
# What people write for the units that they mean, where spelling alone does not tell.
_MEANT: Final = {
    "%": "percent",
    "1": "percentunit",
    "By": "bytes",
    "USD": "currencyUSD",
    "$": "currencyUSD",
    "byte": "bytes",
    "dollars": "currencyUSD",
    "milliseconds": "ms",
    "min": "m",
    "percentage": "percent",
    "ratio": "percentunit",
    "sec": "s",
    "second": "s",
    "seconds": "s",
}


def check(panel: Panel) -> Iterator[Finding]:
    """Reports unknown units of fields, of overrides and of a heatmap's axis."""
    for path, unit in (*field_values(panel, "unit"), *_of_axis(panel)):
        if isinstance(unit, str) and unit and unit not in known_units() and not _FREE.fullmatch(unit):
            close = (
                [_MEANT[unit]]
                if unit in _MEANT
                else get_close_matches(unit, sorted(known_units()), 1, cutoff=0.8)
            )
            yield panel.finding(
                ID,
                SEVERITY,
                f"Grafana knows no unit {unit!r} and writes that text behind every number.",
                (f"write `{close[0]}`" if close else "choose one of Grafana's")
                + f", or `suffix: {unit}` if the text is meant",
                part=dotted(path),
                line=panel.dashboard.line_of(*panel.keys, *path),
            )


def _of_axis(panel: Panel) -> Iterator[tuple[Path, Any]]:
    options = panel.raw.get("options")
    axis = options.get("yAxis") if isinstance(options, Mapping) else None
    if isinstance(axis, Mapping) and "unit" in axis:
        yield ("options", "yAxis", "unit"), axis["unit"]
