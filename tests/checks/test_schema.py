"""Grafana's schemas: what they let pass, what they refuse, and in which words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from grafana_foundation_sdk.builders import dashboard as boards
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafanalib._gen import DashboardEncoder

from gnomon_generators.checks.dashboard.shapes import explains, old_shapes
from gnomon_generators.checks.schema import (
    is_data_source,
    known_units,
    panel_types_without_schema,
    schema_faults,
)

BUILDERS = (  # noqa: SIM905 - a list of twenty lines says no more
    "barchart bargauge candlestick canvas gauge geomap heatmap histogram logs news nodegraph piechart stat "
    "statetimeline statushistory table text timeseries trend xychart"
).split()
# More of the library than the vocabulary uses and has types for.
core: Any = import_module("grafanalib.core")


def said(dashboard: dict[str, Any]) -> list[str]:
    """The faults as sentences."""
    return [f"{'.'.join(map(str, fault.path))} {fault.message}" for fault in schema_faults(dashboard)]


def with_panel(**panel: Any) -> dict[str, Any]:
    """A dashboard of one panel."""
    return {"title": "Board", "panels": [{"id": 1, "type": "stat", "title": "Panel", **panel}]}


def with_override(kind: str, **property: Any) -> dict[str, Any]:
    """A panel of a kind with one property overridden."""
    override = {"matcher": {"id": "byName", "options": "A"}, "properties": [property]}
    return with_panel(type=kind, fieldConfig={"defaults": {}, "overrides": [override]})


def grafanas_own() -> Iterator[Any]:
    """One panel of each kind that Grafana's own builders write."""
    for name in BUILDERS:
        panel = import_module(f"grafana_foundation_sdk.builders.{name}").Panel()
        yield panel.title(name).with_target(prometheus.Dataquery().expr("up").ref_id("A"))


def test_what_grafanas_own_builders_write_has_no_fault() -> None:
    """A dashboard of twenty kinds of panels from grafana-foundation-sdk passes."""
    board = boards.Dashboard("Board").uid("board").editable()
    for panel in grafanas_own():
        board = board.with_panel(panel)
    document = json.loads(JSONEncoder().encode(board.build()))
    assert said(document) == []
    assert panel_types_without_schema(document) == frozenset()


def test_everything_that_grafanalib_writes_wrong_is_explained() -> None:
    """Of each fault in grafanalib's own output an old shape tells the reason."""
    query = core.Target(expr="up", refId="A")
    kinds = (
        core.TimeSeries(thresholds=[core.Threshold("green", 0, 0.0), core.Threshold("red", 1, 5.0)]),
        core.Stat(),
        core.GaugePanel(calc="max", thresholdLabels=True),
        core.BarGauge(),
        core.Heatmap(),
        core.Table(),
        core.PieChartv2(),
        core.StateTimeline(),
        core.BarChart(),
        core.Histogram(),
        core.Text(),
    )
    for panel in kinds:
        panel.title, panel.dataSource, panel.targets = "Panel", "Prometheus", [query]
    board = core.Dashboard(title="Board", panels=list(kinds)).auto_panel_ids()
    document = json.loads(json.dumps(board.to_json_data(), cls=DashboardEncoder))
    shapes = tuple(old_shapes(document))
    faults = schema_faults(document)
    assert len(faults) > 50
    assert [one for one in faults if not explains(shapes, one.path) and not is_data_source(one.path)] == []


def test_nulls_count_as_absent() -> None:
    """Grafana reads a null as if the key were not there."""
    assert said(with_panel(options=None, description=None, fieldConfig={"defaults": {"unit": None}})) == []


def test_nothing_is_required() -> None:
    """Who leaves an option out gets Grafana's default."""
    assert said({}) == []
    assert said(with_panel(options={})) == []


@pytest.mark.parametrize(
    ("panel", "sentence"),
    [
        (
            {"options": {"colourMode": "value"}},
            "panels.0.options.colourMode is a key that Grafana does not know here",
        ),
        (
            {"options": {"graphMode": "bars"}},
            'panels.0.options.graphMode is "bars", must be "none" or "line" or "area"',
        ),
        ({"title": 7}, "panels.0.title is 7, must be a text"),
        ({"gridPos": {"x": "0"}}, 'panels.0.gridPos.x is "0", must be a whole number'),
        ({"options": []}, "panels.0.options is [], must be an object"),
        (
            {"fieldConfig": {"defaults": {"mappings": [{"type": "value", "option": {}}]}}},
            "panels.0.fieldConfig.defaults.mappings.0.option is a key that Grafana does not know here",
        ),
        (
            {"targets": [{"expr": 1, "datasource": {"type": "prometheus"}}]},
            "panels.0.targets.0.expr is 1, must be a text",
        ),
        (
            {"datasource": {"type": "loki"}, "targets": [{"expr": "{}", "step": 10}]},
            "panels.0.targets.0.step is 10, must be a text",
        ),
    ],
    ids=lambda value: value.split(" ")[0] if isinstance(value, str) else "",
)
def test_a_fault_names_place_value_and_what_must_stand_there(panel: dict[str, Any], sentence: str) -> None:
    """The sentence is about the branch of a union that was meant, not about all of them."""
    assert said(with_panel(**panel)) == [sentence]


def test_an_override_is_checked_as_the_option_that_it_sets() -> None:
    """Ids and values of overrides follow the same schema as options of all fields."""
    assert said(with_override("table", id="custom.cellOptions", value={"type": "color-text"})) == []
    assert said(with_override("timeseries", id="custom.lineStyle", value={"fill": "dash"})) == []
    assert said(with_override("stat", id="unit", value="s")) == []
    place = "panels.0.fieldConfig.overrides.0.properties.0"
    assert said(with_override("stat", id="units", value="s")) == [
        f"{place}.id 'units' is no field option of this panel type"
    ]
    assert said(with_override("stat", id="color", value="red")) == [
        f'{place}.value is "red", must be an object'
    ]
    assert said(with_override("timeseries", id="custom.lineWidth", value="2")) == [
        f'{place}.value is "2", must be a number'
    ]


def test_panels_in_folded_rows_are_checked() -> None:
    """A row's own list of panels is looked at like the dashboard's."""
    row = {"id": 1, "type": "row", "collapsed": True, "panels": [{"id": 2, "type": "text", "titel": "A"}]}
    assert said({"panels": [row]}) == ["panels.0.panels.0.titel is a key that Grafana does not know here"]


def test_types_without_a_schema_are_named_and_not_refused() -> None:
    """Traces and panels of others have no published options."""
    document = {"panels": [{"type": "traces", "options": {"any": 1}}, {"type": "acme-gantt-panel"}]}
    assert said(document) == []
    assert panel_types_without_schema(document) == {"traces", "acme-gantt-panel"}


def test_the_units_are_grafanas() -> None:
    """Units come from the published list, the plain number among them."""
    assert {"none", "short", "percentunit", "s", "currencyUSD", "reqps"} <= known_units()
    assert not {"seconds", "USD", "%"} & known_units()
