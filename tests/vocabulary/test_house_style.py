"""What a definition need not say, because every panel has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.settings import Settings
from gnomon.settings.model import Dashboards
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import RANGE, RATE, STEP, buckets, quantile, raw, total
from tests.vocabulary.boards import (
    ABOUT,
    ALL_BUCKETS,
    COST,
    COST_OVER_TIME,
    LATENCY,
    LATENCY_BUCKETS,
    OUTCOMES,
    RATE_OF_PASSES,
    ROWS,
    TESTS,
    TESTS_OVER_TIME,
    board,
)
from tests.vocabulary.test_kinds import only


def target(panel: v.Panel, position: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = only(panel)["targets"][position]
    return found


def options_of(panel: v.Panel, transformation: str) -> dict[str, Any]:
    """The options of the panel's transformation of that id."""
    (found,) = [row for row in only(panel)["transformations"] if row["id"] == transformation]
    options: dict[str, Any] = found["options"]
    return options


def properties(panel: v.Panel, field: str) -> dict[str, Any]:
    """What the overrides set for a field, later ones over earlier ones."""
    rows = [row for row in only(panel)["fieldConfig"]["overrides"] if row["matcher"]["options"] == field]
    return {one["id"]: one["value"] for row in rows for one in row["properties"]}


def test_one_number_is_asked_for_once() -> None:
    """A stat, a gauge, a bar gauge, a pie and a table ask for one value at the end of the time range."""
    for panel in (
        v.stat("A", COST, about=ABOUT),
        v.gauge("A", COST, about=ABOUT),
        v.bar_gauge("A", TESTS, about=ABOUT),
        v.pie("A", TESTS, about=ABOUT),
        v.table("A", TESTS, about=ABOUT),
        v.bars("A", TESTS, x=a.GEN_AI_SKILL_NAME, about=ABOUT),
        v.histogram("A", ALL_BUCKETS, about=ABOUT),
    ):
        asked = target(panel)
        assert (asked["instant"], asked["range"]) == (True, False)


def test_what_is_drawn_over_time_is_asked_for_over_time() -> None:
    """A chart, a stat with a trend behind it and lines in a table ask for the whole range."""
    for panel in (
        v.timeseries("A", COST_OVER_TIME, about=ABOUT),
        v.heatmap("A", LATENCY_BUCKETS, about=ABOUT),
        v.stat("A", COST, about=ABOUT, trend=True),
        v.stat("A", COST, about=ABOUT, percent_change="standard"),
        v.table("A", v.query(TESTS, format="time_series"), about=ABOUT),
    ):
        asked = target(panel)
        assert (asked["instant"], asked["range"]) == (False, True)


def test_a_query_may_be_asked_otherwise() -> None:
    """`query` overrules the panel: a value at the end within a chart."""
    assert target(v.timeseries("A", v.query(COST, "cost", instant=True), about=ABOUT))["instant"] is True


def test_latency_charts_lead_to_traces() -> None:
    """Exemplars are asked for where buckets are drawn over time, and nowhere else."""
    latency = quantile(m.GEN_AI_CLIENT_INFERENCE_DURATION, 0.5, RATE)
    assert target(v.timeseries("A", latency, about=ABOUT))["exemplar"] is True
    assert target(v.heatmap("A", buckets(m.GNOMON_SKILL_DURATION), about=ABOUT))["exemplar"] is True
    assert "exemplar" not in target(v.stat("A", LATENCY, about=ABOUT))
    assert "exemplar" not in target(v.timeseries("A", COST_OVER_TIME, about=ABOUT))
    assert "exemplar" not in target(v.timeseries("A", v.query(latency, exemplars=False), about=ABOUT))


def test_run_points_keep_the_step_that_counts_each_run_once() -> None:
    """The least step of an expression becomes the query's, and nothing else halves the resolution."""
    asked = target(v.timeseries("A", COST_OVER_TIME, about=ABOUT))
    assert asked["interval"] == COST_OVER_TIME.step
    assert "interval" not in target(v.timeseries("A", LATENCY, about=ABOUT))


def test_a_longer_step_of_the_panel_is_that_of_its_queries() -> None:
    """Grafana heeds a query's step and not the panel's, so with `interval="1d"` the query has none."""
    daily = v.timeseries("A", COST_OVER_TIME, about=ABOUT, interval="1d")
    assert only(daily)["interval"] == "1d"
    assert "interval" not in target(daily)
    shorter = v.timeseries("A", COST_OVER_TIME, about=ABOUT, interval="10s")
    assert target(shorter)["interval"] == COST_OVER_TIME.step, "a run would be drawn twice, or not at all"


def test_series_are_named_by_what_splits_them() -> None:
    """Without a legend the labels of the expression name the series; buckets are named by their bound."""
    assert target(v.pie("A", TESTS, about=ABOUT))["legendFormat"] == "{{gen_ai_skill_name}}"
    two = target(v.pie("A", OUTCOMES, about=ABOUT))["legendFormat"]
    assert two == "{{gen_ai_skill_name}} · {{gnomon_test_outcome}}"
    assert target(v.heatmap("A", LATENCY_BUCKETS, about=ABOUT))["legendFormat"] == "{{le}}"
    assert target(v.pie("A", COST, about=ABOUT))["legendFormat"] == "A", (
        "nothing splits it: the panel's title"
    )
    assert target(v.pie("A", raw("up"), about=ABOUT))["legendFormat"] == "__auto", (
        "nobody knows what splits it"
    )
    named = v.legend(TESTS, f"skill {v.label(a.GEN_AI_SKILL_NAME)}")
    assert target(v.pie("A", named, about=ABOUT))["legendFormat"] == "skill {{gen_ai_skill_name}}"


def test_units_come_with_the_expressions() -> None:
    """A panel has the unit of its first query; queries in other units have theirs; `unit=` overrules both."""
    both = v.timeseries("A", v.query(LATENCY, "p95"), v.query(COST_OVER_TIME, "cost"), about=ABOUT)
    assert only(both)["fieldConfig"]["defaults"]["unit"] == "s"
    assert properties(both, "B")["unit"] == "currencyUSD"
    told = v.timeseries("A", v.query(LATENCY, "p95"), v.query(COST_OVER_TIME, "cost"), about=ABOUT, unit="ms")
    assert only(told)["fieldConfig"]["defaults"]["unit"] == "ms"
    assert "unit" not in properties(told, "B")


def test_the_axis_of_buckets_has_the_unit_of_the_metric() -> None:
    """A heatmap's vertical axis is in seconds when the histogram is, whatever its counts are."""
    assert only(v.heatmap("A", LATENCY_BUCKETS, about=ABOUT))["options"]["yAxis"]["unit"] == "s"


def test_plain_values_are_no_buckets() -> None:
    """A heatmap that calculates its buckets asks for series, not for cumulative bounds."""
    asked = target(v.heatmap("A", COST_OVER_TIME, calculate=True, about=ABOUT))
    assert (asked["format"], asked["legendFormat"]) == ("time_series", "A")
    assert target(v.heatmap("A", LATENCY_BUCKETS, about=ABOUT))["format"] == "heatmap"


def test_percentages_end_at_a_hundred() -> None:
    """Gauges of percent run from 0 to 100, and others from 0, unless told."""
    defaults = only(v.gauge("A", RATE_OF_PASSES, about=ABOUT))["fieldConfig"]["defaults"]
    assert (defaults["min"], defaults["max"]) == (0, 100)
    defaults = only(v.bar_gauge("A", COST, about=ABOUT))["fieldConfig"]["defaults"]
    assert defaults["min"] == 0
    assert "max" not in defaults
    assert only(v.gauge("A", RATE_OF_PASSES, about=ABOUT, min=50))["fieldConfig"]["defaults"]["min"] == 50


def test_an_objective_is_bad_below_and_good_above() -> None:
    """`objective` and `budget` say the same with opposite signs; the first step has no value."""
    panel = only(v.gauge("A", RATE_OF_PASSES, about=ABOUT, thresholds=v.objective(85)))
    assert panel["fieldConfig"]["defaults"]["thresholds"] == {
        "mode": "absolute",
        "steps": [{"color": v.BAD}, {"color": v.GOOD, "value": 85}],
    }
    assert v.budget(100).steps == ((90.0, v.WARN), (100, v.BAD))
    assert v.budget(0).steps == ((0, v.BAD),)


def test_thresholds_of_a_chart_are_seen() -> None:
    """A threshold on a chart is a dashed line, where grafanalib leaves it invisible."""
    drawn = only(v.timeseries("A", LATENCY, about=ABOUT, thresholds=v.budget(2)))
    assert drawn["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "dashed"}


def test_an_empty_stat_does_not_say_none() -> None:
    """Where there is nothing a stat shows nothing, or what the definition says."""
    assert "noValue" not in only(v.stat("A", COST, about=ABOUT))["fieldConfig"]["defaults"]
    assert only(v.stat("A", COST, about=ABOUT, no_value="-"))["fieldConfig"]["defaults"]["noValue"] == "-"


def test_queries_with_one_series_keep_their_colour() -> None:
    """Colours go by place where nothing says better, by name where `colors` does."""
    panel = v.timeseries(
        "A", v.query(LATENCY, "p95"), v.query(LATENCY, "failed"), about=ABOUT, colors=v.OUTCOMES
    )
    assert properties(panel, "A")["color"]["fixedColor"] == v.SERIES[0]
    assert properties(panel, "failed")["color"]["fixedColor"] == v.BAD
    assert properties(panel, "B") == {}
    assert properties(panel, "passed") == {}, "no series has this name"


def test_a_table_has_its_columns_headed_and_in_order() -> None:
    """Labels come first under the names given, then the queries under their legends, each in its unit."""
    panel = v.table(
        "A",
        v.query(TESTS, "Tests"),
        v.query(RATE_OF_PASSES, "Passes"),
        columns={a.GEN_AI_SKILL_NAME: "Skill"},
        sort="-Passes",
        about=ABOUT,
    )
    organized = options_of(panel, "organize")
    assert organized["renameByName"] == {
        "gen_ai_skill_name": "Skill",
        "Value #A": "Tests",
        "Value #B": "Passes",
    }
    assert organized["indexByName"] == {"gen_ai_skill_name": 0, "Value #A": 1, "Value #B": 2}
    assert organized["excludeByName"] == {"Time": True}
    assert [row["id"] for row in only(panel)["transformations"]] == ["merge", "organize"]
    assert properties(panel, "Passes")["unit"] == "percent"
    assert only(panel)["options"]["sortBy"] == [{"displayName": "Passes", "desc": True}]


def test_one_query_of_a_table_is_called_value_by_grafana() -> None:
    """A single query's column is renamed from `Value`, to the panel's title when it has no legend."""
    assert options_of(v.table("Tests", TESTS, about=ABOUT), "organize")["renameByName"] == {"Value": "Tests"}


def test_lines_in_a_table_have_a_cell_of_their_own() -> None:
    """A query over time becomes a small line in its column."""
    panel = v.table("A", v.query(TESTS, "Trend", format="time_series"), about=ABOUT)
    assert options_of(panel, "timeSeriesTable") == {"A": {"stat": "lastNotNull"}}
    assert options_of(panel, "organize")["renameByName"] == {"Trend #A": "Trend"}
    assert properties(panel, "Trend")["custom.cellOptions"]["type"] == "sparkline"


def test_bars_in_groups_become_a_matrix() -> None:
    """One column for each value of `series`, and the axis has the name that Grafana gives a matrix."""
    panel = v.bars(
        "A", OUTCOMES, x=a.GEN_AI_SKILL_NAME, series=a.GNOMON_TEST_OUTCOME, colors=v.OUTCOMES, about=ABOUT
    )
    matrix = options_of(panel, "groupingToMatrix")
    assert (matrix["rowField"], matrix["columnField"]) == ("gen_ai_skill_name", "gnomon_test_outcome")
    assert only(panel)["options"]["xField"] == "gen_ai_skill_name\\gnomon_test_outcome"
    assert properties(panel, "failed")["color"]["fixedColor"] == v.BAD


def test_what_a_matrix_splits_keeps_the_name_that_grafana_gave_it() -> None:
    """A heading on the column of values would stand on every column of the matrix."""
    panel = v.table(
        "A",
        v.query(OUTCOMES, "Tests"),
        columns={a.GEN_AI_SKILL_NAME: "Skill", a.GNOMON_TEST_OUTCOME: "Outcome"},
        series=a.GNOMON_TEST_OUTCOME,
        about=ABOUT,
    )
    assert set(options_of(panel, "organize")["renameByName"].values()) == {"Skill", "Outcome"}
    matrix = options_of(panel, "groupingToMatrix")
    assert (matrix["rowField"], matrix["columnField"], matrix["valueField"]) == ("Skill", "Outcome", "Value")


def test_nothing_is_red_that_nobody_judged() -> None:
    """Where Grafana colours by thresholds and there are none, one plain step keeps it from its own at 80."""
    for panel in (
        v.table("A", TESTS, about=ABOUT),
        v.state_timeline("A", TESTS_OVER_TIME, about=ABOUT),
        v.traces("A", v.traceql("{}"), about=ABOUT),
    ):
        defaults = only(panel)["fieldConfig"]["defaults"]
        assert defaults["color"] == {"mode": "thresholds"}
        assert defaults["thresholds"]["steps"] == [{"color": "text"}]
    for panel in (v.stat("A", COST, about=ABOUT), v.gauge("A", COST, about=ABOUT)):
        assert only(panel)["fieldConfig"]["defaults"]["color"]["mode"] == "fixed"


def test_hidden_queries_have_no_column() -> None:
    """Grafana numbers the columns of what it is shown."""
    panel = v.table("A", v.query(TESTS, "Hidden", hidden=True), v.query(COST, "Cost"), about=ABOUT)
    assert options_of(panel, "organize")["renameByName"] == {"Value": "Cost"}


def test_a_histogram_of_a_metric_has_a_bar_for_each_bucket() -> None:
    """Grafana's histogram reads no buckets of Prometheus, so theirs are bars, one row a bucket."""
    panel = only(v.histogram("A", ALL_BUCKETS, about=ABOUT))
    assert (panel["type"], panel["options"]["xField"]) == ("barchart", "Field")
    assert panel["targets"][0]["format"] == "heatmap"
    assert only(v.histogram("A", ROWS, about=ABOUT))["type"] == "histogram"


def test_queries_of_several_sources_are_mixed() -> None:
    """A panel that asks Prometheus and the store says so, or Grafana would ask one of them both."""
    panel = only(v.table("A", TESTS, ROWS, about=ABOUT))
    assert panel["datasource"] == {"type": "datasource", "uid": "-- Mixed --"}
    assert [one["datasource"]["type"] for one in panel["targets"]] == [
        "prometheus",
        "grafana-postgresql-datasource",
    ]


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: v.stat("A", COST, about=ABOUT), ["datasource"]),
        (lambda: v.traces("A", v.traceql("{}"), about=ABOUT), ["datasource", "tempo_datasource"]),
        (lambda: v.table("A", ROWS, about=ABOUT), ["datasource", "postgres_datasource"]),
        (
            lambda: v.stat("A", COST, about=ABOUT, links=[v.to_traces("{}")]),
            ["datasource", "tempo_datasource"],
        ),
    ],
)
def test_data_sources_are_chosen_by_variables_that_come_by_themselves(
    make: Callable[[], v.Panel], names: list[str]
) -> None:
    """A dashboard offers the data sources that its panels and links read, first and once."""
    for own in ([v.suite], [v.suite, v.datasource]):
        offered = v.document(board(make(), variables=own), "board")["templating"]["list"]
        assert [one["name"] for one in offered] == [*names, "suite"]


def test_variables_of_labels_offer_all_and_mean_no_filter_by_it() -> None:
    """All is chosen at first and matches series without the label too; values follow the time range."""
    variable = v.document(board(v.stat("A", COST, about=ABOUT)), "board")["templating"]["list"][1]
    assert variable["name"] == "suite"
    assert variable["query"]["query"] == "label_values(test_suite_name)"
    assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".*")
    assert variable["current"]["value"] == ["$__all"]
    assert variable["refresh"] == 2


def test_a_variable_may_be_narrowed_by_others() -> None:
    """`within` puts the other choices into the question for its values."""
    skill = v.label_variable(a.GEN_AI_SKILL_NAME, of=m.GNOMON_RUN_TESTS, within=(v.suite,))
    assert (skill.name, skill.label) == ("skill", "Skill")
    assert skill.query == 'label_values(gnomon_run_tests{test_suite_name=~"$suite"}, gen_ai_skill_name)'


def test_the_environment_is_offered_where_the_settings_ask_for_it() -> None:
    """`dashboards.environment_filter` decides; nothing else in a definition changes."""
    assert v.environment(Settings()) == ()
    (offered,) = v.environment(Settings(dashboards=Dashboards(environment_filter=True)))
    assert offered.attribute is a.DEPLOYMENT_ENVIRONMENT_NAME


def test_a_choice_in_sql_keeps_rows_without_a_value_when_all_are_chosen() -> None:
    """`chosen` is a condition that Grafana fills with alternatives, or with everything."""
    assert v.chosen(v.suite, "suite_name") == "coalesce(suite_name, '') ~ '^(${suite:regex})$'"


def test_every_total_of_a_window_is_drawn_without_min_step() -> None:
    """One number over the range needs no least step."""
    assert "interval" not in target(v.stat("A", total(m.GNOMON_RUN_TESTS, RANGE), about=ABOUT))
    assert target(v.timeseries("A", total(m.GNOMON_RUN_TESTS, STEP), about=ABOUT))["interval"] == "1m"
