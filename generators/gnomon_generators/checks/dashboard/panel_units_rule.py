"""dashboard-linter's rule of units, over all kinds of panels that show numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gnomon_generators.checks.dashboard.field_config import defaults, override_values
from gnomon_generators.checks.dashboard.kinds import WITHOUT_NUMBERS
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Panel

ID = "dashboard/panel-units-rule"
SEVERITY = Severity.WARNING
BRIEF = "A panel shows numbers without a unit."

# The cells of these two are bounds and counts: the unit stands with the axis.
_UNIT_OF_AXIS = {"heatmap": ("yAxis",)}


def check(panel: Panel) -> Iterator[Finding]:
    """Reports panels whose numbers have neither a unit nor words in their place."""
    if panel.type in WITHOUT_NUMBERS or not panel.targets or "libraryPanel" in panel.raw:
        return
    if _has_unit(panel) or _shows_words(panel):
        return
    yield panel.finding(
        ID,
        SEVERITY,
        "No unit stands with the panel's numbers: 0.5 may be seconds, dollars or a share.",
        "write `fieldConfig.defaults.unit`; a plain number has the unit `none`, one to be shortened `short`",
    )


def _has_unit(panel: Panel) -> bool:
    axis = _UNIT_OF_AXIS.get(panel.type, ())
    options: Any = panel.raw.get("options")
    for key in axis:
        options = options.get(key) if isinstance(options, Mapping) else None
    on_axis = bool(axis) and isinstance(options, Mapping) and bool(options.get("unit"))
    return bool(defaults(panel).get("unit")) or on_axis or any(override_values(panel, "unit"))


def _shows_words(panel: Panel) -> bool:
    """Whether values are mapped to words, or the panel shows a text field or the names of series."""
    if defaults(panel).get("mappings") or any(override_values(panel, "mappings")):
        return True
    options = panel.raw.get("options")
    if not isinstance(options, Mapping):
        return False
    reduced = options.get("reduceOptions")
    return options.get("textMode") == "name" or bool(isinstance(reduced, Mapping) and reduced.get("fields"))
