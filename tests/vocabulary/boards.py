"""Panels of every kind, each as a definition would write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import RANGE, RATE, STEP, buckets, filters, mean, percent, quantile, total

ABOUT = "What it shows. When it is bad, look further."
WHERE = filters(v.suite)

TESTS = total(m.GNOMON_RUN_TESTS, RANGE, [a.GEN_AI_SKILL_NAME], WHERE)
TESTS_OVER_TIME = total(m.GNOMON_RUN_TESTS, STEP, [a.GEN_AI_SKILL_NAME], WHERE)
OUTCOMES = total(m.GNOMON_RUN_TESTS, RANGE, [a.GEN_AI_SKILL_NAME, a.GNOMON_TEST_OUTCOME], WHERE)
PASSED = total(m.GNOMON_RUN_TESTS, RANGE, [a.GEN_AI_SKILL_NAME], {**WHERE, a.GNOMON_TEST_OUTCOME: "passed"})
RATE_OF_PASSES = percent(PASSED, TESTS)
COST = total(m.GNOMON_RUN_COST_USD, RANGE, where=WHERE)
COST_OVER_TIME = total(m.GNOMON_RUN_COST_USD, STEP, where=WHERE)
LATENCY = quantile(m.GEN_AI_CLIENT_INFERENCE_DURATION, 0.95, RATE)
LATENCY_BUCKETS = buckets(m.GNOMON_RUN_API_LATENCY, STEP, where=WHERE)
ALL_BUCKETS = buckets(m.GNOMON_RUN_API_LATENCY, RANGE, where=WHERE)
DURATION = mean(m.GNOMON_RUN_TEST_DURATION, STEP, where=WHERE)
ROWS = v.sql("SELECT name, count(*) AS runs FROM case_results GROUP BY name", "Runs", unit="{run}")

KINDS: dict[str, Callable[[], v.Panel]] = {
    "stat": lambda: v.stat("Cost", COST, about=ABOUT, thresholds=v.budget(25)),
    "stat with trend": lambda: v.stat(
        "Cost", COST, about=ABOUT, trend=True, percent_change="inverted", background=True
    ),
    "stat with an arrow": lambda: v.stat("Cost", COST, about=ABOUT, percent_change=True),
    "stat of a text": lambda: v.stat("Release", ROWS, about=ABOUT, field="name", no_value="no run yet"),
    "gauge": lambda: v.gauge("Passes", RATE_OF_PASSES, about=ABOUT, thresholds=v.objective(85, near=90)),
    "bar gauge": lambda: v.bar_gauge("Passes", RATE_OF_PASSES, about=ABOUT, thresholds=v.objective(85)),
    "bar gauge of rows": lambda: v.bar_gauge("Runs", ROWS, about=ABOUT, orientation="vertical"),
    "pie": lambda: v.pie("Tests", OUTCOMES, about=ABOUT, colors=v.OUTCOMES),
    "timeseries": lambda: v.timeseries(
        "Latency and cost",
        v.query(LATENCY, "p95"),
        v.query(COST_OVER_TIME, "cost", color=v.MUTED),
        about=ABOUT,
        thresholds=v.budget(0.5),
        legend_values=["lastNotNull", "max"],
        connect=3_600_000,
        decimals=1,
        min=0.5,
        max=99.5,
        overrides=[v.override("/^p9/", dashed=True, fill_below_to="p50", axis="right")],
    ),
    "timeseries of bars": lambda: v.timeseries(
        "Cost",
        COST_OVER_TIME,
        about=ABOUT,
        style="bars",
        stack="normal",
        log=True,
        centered=True,
        links=[v.to_dashboard("agent", agent=a.GEN_AI_AGENT_NAME), v.link("Runbook", "https://example.com")],
    ),
    "timeseries of the store": lambda: v.timeseries(
        "Cost", v.sql("SELECT run_at AS time, 1 AS n FROM run_totals", format="time_series"), about=ABOUT
    ),
    "state timeline": lambda: v.state_timeline(
        "States",
        TESTS_OVER_TIME,
        about=ABOUT,
        mappings=[
            v.mapping(1, "one", v.GOOD),
            v.mapping("7", "seven"),
            v.mapping((2, None), "many"),
            v.mapping(None, "none"),
            v.mapping(True, "yes"),
        ],
    ),
    "heatmap": lambda: v.heatmap("Latency", LATENCY_BUCKETS, about=ABOUT),
    "heatmap of values": lambda: v.heatmap("Durations", DURATION, about=ABOUT, calculate=True),
    "bars": lambda: v.bars(
        "Passes", RATE_OF_PASSES, v.query(TESTS, "Tests"), x=a.GEN_AI_SKILL_NAME, about=ABOUT
    ),
    "bars in groups": lambda: v.bars(
        "Outcomes",
        OUTCOMES,
        x=a.GEN_AI_SKILL_NAME,
        series=a.GNOMON_TEST_OUTCOME,
        stack="normal",
        orientation="horizontal",
        about=ABOUT,
        colors=v.OUTCOMES,
    ),
    "bars of rows": lambda: v.bars("Runs", ROWS, x="name", about=ABOUT),
    "histogram": lambda: v.histogram("Latency", ALL_BUCKETS, about=ABOUT),
    "histogram of rows": lambda: v.histogram(
        "Durations", v.sql("SELECT seconds FROM case_results"), unit="s", about=ABOUT
    ),
    "table": lambda: v.table(
        "Skills",
        v.query(TESTS, "Tests"),
        v.query(RATE_OF_PASSES, "Passes"),
        v.query(PASSED, "x"),
        v.query(PASSED, "y"),
        columns={a.GEN_AI_SKILL_NAME: "Skill"},
        sort="-Tests",
        about=ABOUT,
        links=[v.to_traces(f'{{ span.gen_ai.skill.name = "{v.field("Skill")}" }}')],
        overrides=[
            v.override("Passes", cell="gauge", min=0, max=100, thresholds=v.objective(85), decimals=1),
            v.override("Skill", width=200, links=[v.to_trace(v.field("Skill"))]),
            v.override(
                "Tests", cell="color-background", unit="{test}", color=v.NEUTRAL, hidden=True, name="N"
            ),
            v.override("x", cell="text", mappings=[v.mapping(0, "-")], properties={"custom.inspect": True}),
            v.override("y", cell="json-view"),
        ],
    ),
    "matrix": lambda: v.table(
        "Matrix",
        OUTCOMES,
        columns={a.GEN_AI_SKILL_NAME: "Skill", a.GNOMON_TEST_OUTCOME: "Outcome"},
        series=a.GNOMON_TEST_OUTCOME,
        about=ABOUT,
    ),
    "matrix of rows": lambda: v.table(
        "Runs by suite",
        v.sql("SELECT name, suite, count(*) AS runs FROM case_results GROUP BY name, suite", "runs"),
        columns={"name": "Name"},
        series="suite",
        about=ABOUT,
    ),
    "table of lines": lambda: v.table(
        "Stability",
        v.query(RATE_OF_PASSES, "Passes", format="time_series"),
        columns={a.GEN_AI_SKILL_NAME: "Skill"},
        about=ABOUT,
    ),
    "table of rows": lambda: v.table("Runs", ROWS, columns={"name": "Name"}, about=ABOUT),
    "table of both": lambda: v.table("Both", v.query(TESTS, "Tests"), ROWS, about=ABOUT),
    "table, transformed": lambda: v.table(
        "Transformed",
        v.query(OUTCOMES, "Tests"),
        transformations=[
            v.grouping_to_matrix("Skill", "Outcome", "Others"),
            v.sort_by("Skill"),
            v.limit(5),
            v.join_by_field("Skill"),
            v.labels_to_fields(keep=["a"], value_label="b"),
            v.calculate("a", "/", "b", "c"),
            v.reduce_rows("max"),
            v.merge(),
            v.organize(rename={"a": "b"}, exclude=["c"], order=["b"]),
            v.time_series_table("A"),
            v.transformation("filterByRefId", include="A"),
        ],
        about=ABOUT,
    ),
    "traces": lambda: v.traces("Slow", v.traceql("{ duration > 5s }", limit=50), about=ABOUT),
    "spans": lambda: v.traces("Slow", v.traceql("{ duration > 5s }", spans=True), about=ABOUT),
    "trace": lambda: v.trace("Trace", v.traceql("$trace"), about=ABOUT),
    "logs": lambda: v.logs("Lines", v.sql("SELECT run_at AS time, line FROM case_results"), about=ABOUT),
    "node graph": lambda: v.node_graph("Services", v.service_map(), about=ABOUT),
    "node graph of rows": lambda: v.node_graph(
        "Skills",
        v.sql("SELECT name AS id, name AS title FROM skills"),
        v.sql("SELECT id, a AS source, b AS target FROM edges"),
        about=ABOUT,
    ),
    "text": lambda: v.text("Read me", "# Words\n\nAnd more of them."),
    "repeated": lambda: v.stat(
        "Cost of $suite", COST, about=ABOUT, repeat=v.suite, repeat_direction="h", max_per_row=4
    ),
    "another time": lambda: v.stat(
        "Yesterday", COST, about=ABOUT, time_from="24h", time_shift="1d", interval="5m", unit="USD"
    ),
}


def board(*panels: v.Panel, **more: Any) -> v.Dashboard:
    """A dashboard of these panels, with the variables that they may name."""
    variables = (v.suite, v.text_box("trace"))
    return v.Dashboard(
        **{"title": "Board", "description": "For tests.", "panels": panels, "variables": variables, **more}
    )


def everything() -> v.Dashboard:
    """A dashboard with all there is."""
    titled = {kind: make() for kind, make in KINDS.items()}
    rows = [v.row(f"Row of {kind}", panel) for kind, panel in titled.items()]
    return v.Dashboard(
        title="Everything",
        description="All kinds of panels.",
        panels=[v.text("Welcome", "to all of them")],
        rows=[
            *_apart(rows),
            v.row("Closed", v.stat("Inside", COST, about=ABOUT), collapsed=True, repeat=v.suite),
        ],
        variables=[
            v.suite,
            v.text_box("trace", default="0" * 32, about="Paste an id."),
            v.choice("window", "1d", "7d", label="Window"),
            v.sql_variable("release", "SELECT release FROM run_totals", multi=True),
            v.label_variable(a.GEN_AI_SKILL_NAME, of=m.GNOMON_RUN_TESTS, within=(v.suite,), multi=False),
        ],
        annotations=[
            v.annotation(
                "Runs", total(m.GNOMON_RUN_FINISHED, STEP), title="run", text="ended", color=v.MUTED
            ),
            v.annotation("Changes", v.sql("SELECT run_at AS time, name AS text FROM changes"), shown=False),
            v.annotation("Errors", v.traceql("{ status = error }")),
        ],
        links=[
            v.to_dashboard("fleet"),
            v.to_dashboard("agent", "Agents", agent="x"),
            v.link("Help", "https://x.y"),
        ],
        tags=["quality"],
        audience="qa",
    )


def _apart(rows: list[v.Row]) -> list[v.Row]:
    """The rows with titles of panels that differ."""
    seen: set[str] = set()
    kept = []
    for row in rows:
        titles = {panel.title for panel in row.panels}
        if not titles & seen:
            kept.append(row)
        seen |= titles
    return kept
