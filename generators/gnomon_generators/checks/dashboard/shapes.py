"""Shapes of older Grafana that generators and old boards still write, each with what comes of it.

Most of them are grafanalib 0.7.1's defaults; the migrations are those of Grafana's own front end, named by
the schema version that they lead to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gnomon_generators.checks.finding import Severity
from gnomon_generators.checks.schema import Path

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """One leftover: where it stands, all the places that it explains, what it does and what to write."""

    path: Path
    covers: tuple[Path, ...]
    severity: Severity
    effect: str
    advice: str


def old_shapes(dashboard: Object) -> Iterator[Shape]:
    """Every old shape of a dashboard, in the order of the file as far as it goes."""
    yield from _of_dashboard(dashboard)
    for place, variable in _entries(dashboard, ("templating", "list")):
        yield from _of_variable(variable, place)
    yield from _of_panels(dashboard, ())


def explains(shapes: tuple[Shape, ...], path: Path) -> bool:
    """Whether one of the shapes is why the schema refuses that place."""
    return any(path[: len(cover)] == cover for shape in shapes for cover in shape.covers)


def _shape(path: Path, effect: str, advice: str, *keys: str, severity: Severity = Severity.WARNING) -> Shape:
    """The shape of an object, or of some of its keys."""
    places = tuple((*path, key) for key in keys) or (path,)
    return Shape(places[0], places, severity, effect, advice)


def _entries(holder: Object, way: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, Object]]:
    inner: Any = holder
    for key in way:
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    for number, entry in enumerate(inner if isinstance(inner, list) else ()):
        if isinstance(entry, Mapping):
            yield (*path, *way, number), entry


def _present(holder: Object, *keys: str) -> list[str]:
    return [key for key in keys if holder.get(key) is not None]


def _named(keys: list[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


# --- the dashboard -----------------------------------------------------------------------------------


def _of_dashboard(dashboard: Object) -> Iterator[Shape]:
    if dashboard.get("rows"):
        yield _shape(
            (),
            "`rows` is how dashboards were laid out before Grafana 5. With a `schemaVersion` of 16 or more "
            "the panels in it are not shown at all.",
            "put the panels into `panels`, each with its `gridPos`, and a panel of type `row` before them",
            "rows",
        )
    if dashboard.get("sharedCrosshair") is not None and dashboard.get("graphTooltip"):
        yield _shape(
            (),
            "Grafana's migration to version 14 reckons `graphTooltip` anew from `sharedCrosshair`: the "
            "shared crosshair is lost without a word.",
            "remove `sharedCrosshair`, keep `graphTooltip`, and set a `schemaVersion` of at least 14",
            "sharedCrosshair",
        )
    if keys := _present(dashboard, "__inputs", "__requires", "__elements"):
        yield _shape(
            (),
            f"{_named(keys)}: only the import dialog reads these. In a provisioned file a data source "
            f"written as `${{DS_…}}` stays that text, and its panels show an error.",
            "remove them and refer to data sources by a variable, `${datasource}`",
            *keys,
        )
    harmless = _present(dashboard, "hideControls", "style")
    harmless += [key for key in ("rows", "sharedCrosshair") if key in dashboard and not dashboard[key]]
    if harmless:
        yield _shape(
            (),
            f"Grafana drops {_named(harmless)} on every load.",
            "remove them",
            *harmless,
            severity=Severity.INFO,
        )
    picker = dashboard.get("timepicker")
    if isinstance(picker, Mapping) and picker.get("time_options") is not None:
        yield _shape(
            ("timepicker",),
            "The migration to version 41 drops `time_options`: no Grafana of today offers these ranges.",
            "remove it; `quick_ranges` of the time picker sets ranges of your own",
            "time_options",
            severity=Severity.INFO,
        )


def _of_variable(variable: Object, path: Path) -> Iterator[Shape]:
    keys = _present(variable, "useTags", "tagsQuery", "tagValuesQuery", "tags")
    covers = [(*path, key) for key in keys]
    current = variable.get("current")
    if isinstance(current, Mapping) and current.get("tags") is not None:
        keys.append("current.tags")
        covers.append((*path, "current", "tags"))
    if keys:
        yield Shape(
            covers[0],
            tuple(covers),
            Severity.INFO,
            "Tags of variable values went with Grafana 8: the migration to version 28 removes "
            f"{_named(keys)}.",
            "remove them",
        )


# --- panels ------------------------------------------------------------------------------------------


def _of_panels(holder: Object, path: Path) -> Iterator[Shape]:
    for place, panel in _entries(holder, ("panels",), path):
        for rule in _PANEL_RULES:
            yield from rule(panel, place)
        yield from _of_panels(panel, place)


_ANGULAR: Final = {
    "graph": "timeseries",
    "singlestat": "stat",
    "table-old": "table",
    "grafana-singlestat-panel": "stat",
    "grafana-piechart-panel": "piechart",
    "grafana-worldmap-panel": "geomap",
    "natel-discrete-panel": "state-timeline",
}


def _angular(panel: Object, path: Path) -> Iterator[Shape]:
    kind = str(panel.get("type"))
    if kind in _ANGULAR:
        yield Shape(
            (*path, "type"),
            # Whatever else stands on such a panel is of the same age.
            (path,),
            Severity.WARNING,
            f"`{kind}` is an Angular panel; Grafana 12 has no Angular. It turns what it can into a "
            f"`{_ANGULAR[kind]}` panel on every load, and drops the rest.",
            f"write the panel as `{_ANGULAR[kind]}`",
        )


def _leftovers(panel: Object, path: Path) -> Iterator[Shape]:
    if keys := _present(panel, "editable", "error", "span"):
        yield _shape(
            path,
            f"Grafana drops {_named(keys)} on every load.",
            "remove them",
            *keys,
            severity=Severity.INFO,
        )


def _few_points(panel: Object, path: Path) -> Iterator[Shape]:
    if panel.get("maxDataPoints") == 100:
        yield _shape(
            path,
            "`maxDataPoints` of 100 draws about a hundred points a line however wide the panel is: peaks "
            "between them are not asked for.",
            "remove it, and Grafana asks for a point a pixel",
            "maxDataPoints",
        )


_HEATMAP_KEYS: Final = (
    "cards",
    "color",
    "dataFormat",
    "heatmap",
    "hideZeroBuckets",
    "highlightCards",
    "legend",
    "reverseYBuckets",
    "tooltip",
    "tooltipDecimals",
    "xAxis",
    "xBucketNumber",
    "xBucketSize",
    "yAxis",
    "yBucketBound",
    "yBucketNumber",
    "yBucketSize",
)


def _heatmap(panel: Object, path: Path) -> Iterator[Shape]:
    if panel.get("type") != "heatmap" or not panel.get("dataFormat"):
        return
    if panel.get("options"):
        effect = (
            "the options of the Angular heatmap stand on the panel beside `options`, so that Grafana reads "
            "`options` alone and ignores them."
        )
    else:
        effect = (
            "These are the options of the Angular heatmap. They work only while `options` is empty: then "
            "Grafana converts them on every load, and leaves what it cannot convert."
        )
    keys = _present(panel, *_HEATMAP_KEYS)
    empty = () if panel.get("options") else ("options",)
    yield _shape(
        path, effect, "write the heatmap's `options` as Grafana 9 and later have them", *keys, *empty
    )


_TABLE_KEYS: Final = (
    "color",
    "columns",
    "fontSize",
    "mappings",
    "pageSize",
    "scroll",
    "showHeader",
    "sort",
    "styles",
    "transform",
)


def _table(panel: Object, path: Path) -> Iterator[Shape]:
    if panel.get("type") != "table":
        return
    if keys := _present(panel, *_TABLE_KEYS):
        yield _shape(
            path,
            f"{_named(keys)} on the panel itself belonged to the table before Grafana 7; today's ignores "
            "them.",
            "write `options` and `fieldConfig` of the table, columns by transformations",
            *keys,
        )
    if _at(panel, "fieldConfig", "defaults", "custom", "displayMode") is not None:
        yield _shape(
            (*path, "fieldConfig", "defaults", "custom"),
            "`displayMode` became `cellOptions` with the migration to version 38: above that "
            "`schemaVersion` it does nothing.",
            "write `cellOptions: {type: …}`",
            "displayMode",
        )


def _gauge(panel: Object, path: Path) -> Iterator[Shape]:
    if _at(panel, "options", "fieldOptions") is not None:
        yield _shape(
            (*path, "options"),
            "`fieldOptions` is the shape of Grafana 6: unit, limits and thresholds in it reach the panel "
            "only through the plugin's own migration, and not where `fieldConfig` says something too.",
            "write `fieldConfig.defaults` and `options.reduceOptions`",
            "fieldOptions",
        )
    options = panel.get("options")
    if panel.get("type") == "bargauge" and isinstance(options, Mapping):
        if keys := _present(options, "showThresholdLabels", "showThresholdMarkers"):
            yield _shape(
                (*path, "options"),
                f"{_named(keys)}: options of the gauge, which the bar gauge does not have.",
                "remove them",
                *keys,
                severity=Severity.INFO,
            )
        return
    config = panel.get("fieldConfig")
    if panel.get("type") != "gauge" or not isinstance(config, Mapping):
        return
    path = (*path, "fieldConfig")
    stray = [(*path, key) for key in _present(config, "showThresholdLabels", "showThresholdMarkers")]
    defaults = config.get("defaults")
    if isinstance(defaults, Mapping):
        stray += [(*path, "defaults", key) for key in _present(defaults, "calcs", "values", "override")]
    if stray:
        yield Shape(
            stray[0],
            tuple(stray),
            Severity.WARNING,
            "The gauge reads its calculation and the labels of its thresholds from `options`; here they "
            "have no effect: the gauge shows the last value, whatever calculation stands here.",
            "write `options.reduceOptions.calcs`, `options.showThresholdLabels` and "
            "`options.showThresholdMarkers`",
        )


def _no_value(panel: Object, path: Path) -> Iterator[Shape]:
    if _at(panel, "fieldConfig", "defaults", "noValue") == "none":
        yield _shape(
            (*path, "fieldConfig", "defaults"),
            'An empty result shows the word "none": it looks like a value.',
            "write what it means, such as `no runs in this window`, or remove it",
            "noValue",
        )


_STEP_KEYS: Final = ("index", "line", "op", "yaxis", "visible", "fill", "state")


def _thresholds(panel: Object, path: Path) -> Iterator[Shape]:
    path = (*path, "fieldConfig", "defaults", "thresholds", "steps")
    steps = _at(panel, "fieldConfig", "defaults", "thresholds", "steps")
    if isinstance(steps, str):
        yield _shape(
            path,
            "`thresholds.steps` is a text where Grafana reads a list: the panel has no threshold at all.",
            "write a list of steps, or remove `thresholds`",
        )
    if not isinstance(steps, list):
        return
    stray = [
        (*path, number, key)
        for number, step in enumerate(steps)
        if isinstance(step, Mapping)
        for key in _present(step, *_STEP_KEYS)
    ]
    texts = [
        (*path, number, "value")
        for number, step in enumerate(steps)
        if isinstance(step, Mapping) and step.get("value") == "null"
    ]
    if texts:
        yield Shape(
            texts[0],
            (*texts, *stray),
            Severity.WARNING,
            "The value of the first step is a text, not null: no number compares with it, and its colour "
            "shows only because Grafana falls back on the first step.",
            "write `value: null`" + (", and a step with nothing but `color` and `value`" if stray else ""),
        )
    elif stray:
        yield Shape(
            stray[0],
            tuple(stray),
            Severity.INFO,
            "Steps hold keys of the Angular graph's thresholds; nothing reads them.",
            "keep `color` and `value` alone",
        )


def _targets(panel: Object, path: Path) -> Iterator[Shape]:
    for place, target in _entries(panel, ("targets",), path):
        if "expr" not in target:
            continue
        factor = target.get("intervalFactor")
        if isinstance(factor, int) and factor > 1:
            yield _shape(
                place,
                f"`intervalFactor` of {factor} asks for one point where {factor} fit: the line has a part "
                "of its resolution, and short peaks are not seen.",
                "remove it",
                "intervalFactor",
            )
        if keys := _present(target, "step", "metric", "target", "query"):
            yield _shape(
                place,
                f"{_named(keys)}: a query of metrics or logs by expression has no such key; Loki refuses a "
                "`step` that is a number.",
                "remove them; `interval` sets the smallest step",
                *keys,
                severity=Severity.INFO,
            )


def _at(holder: Object, *way: str) -> Any:
    inner: Any = holder
    for key in way:
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    return inner


_PANEL_RULES: Final[tuple[Callable[[Object, Path], Iterator[Shape]], ...]] = (
    _angular,
    _leftovers,
    _few_points,
    _heatmap,
    _table,
    _gauge,
    _no_value,
    _thresholds,
    _targets,
)
