"""A mistake in a definition is one sentence: which object, what is wrong, what to write."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from gnomon.errors import UserError
from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import STEP, at_least, both, raw, top, total
from tests.vocabulary.boards import (
    ABOUT,
    ALL_BUCKETS,
    COST,
    COST_OVER_TIME,
    LATENCY_BUCKETS,
    OUTCOMES,
    PASSED,
    ROWS,
    TESTS,
    TESTS_OVER_TIME,
    board,
)

# The functions are called as someone without a type checker would.
stat: Any = v.stat
anything: Any = v


def two(first: str, second: str) -> v.Dashboard:
    return board(v.stat(first, COST, about=ABOUT), rows=[v.row("Row", v.stat(second, COST, about=ABOUT))])


MISTAKES: dict[str, tuple[Callable[[], object], list[str]]] = {
    "no about": (lambda: stat("Cost", COST), ["panel 'Cost'", "about='what it shows"]),
    "empty about": (lambda: stat("Cost", COST, about=" "), ["panel 'Cost'", "about="]),
    "no title": (lambda: stat(" ", COST, about=ABOUT), ["needs a title"]),
    "no query": (lambda: stat("Cost", about=ABOUT), ["panel 'Cost'", "asks nothing"]),
    "no expression": (
        lambda: stat("Cost", "up", about=ABOUT),
        ["panel 'Cost'", "'up' is no query", "promql"],
    ),
    "unknown argument": (
        lambda: stat("Cost", COST, about=ABOUT, widht=3),
        ["panel 'Cost'", "no argument 'widht'", "write width="],
    ),
    "unknown unit": (
        lambda: stat("Cost", COST, about=ABOUT, unit="seconds"),
        ["panel 'Cost'", "unit 'seconds' is not known", "write"],
    ),
    "unknown unit of an expression": (
        lambda: stat("Cost", raw("up", unit="furlong"), about=ABOUT),
        ["panel 'Cost'", "'furlong'"],
    ),
    "unknown unit of a later query": (
        lambda: v.timeseries("Cost", COST, v.query(COST, unit="mins"), about=ABOUT),
        ["panel 'Cost'", "'mins'", "write min"],
    ),
    "unknown unit of an override": (
        lambda: v.override("Spent", unit="dollars"),
        ["override 'Spent'", "unit 'dollars' is not known"],
    ),
    "too wide": (
        lambda: stat("Cost", COST, about=ABOUT, width=25),
        ["panel 'Cost'", "width=25", "from 1 to 24"],
    ),
    "no width": (lambda: stat("Cost", COST, about=ABOUT, width=0), ["width=0"]),
    "no height": (lambda: stat("Cost", COST, about=ABOUT, height=2.5), ["height=2.5", "whole number"]),
    "thresholds that fall": (
        lambda: stat("Cost", COST, about=ABOUT, thresholds=v.steps(v.GOOD, (3, v.WARN), (2, v.BAD))),
        ["panel 'Cost'", "thresholds must rise", "3, 2"],
    ),
    "thresholds without steps": (
        lambda: stat("Cost", COST, about=ABOUT, thresholds=v.steps(v.GOOD)),
        ["panel 'Cost'", "thresholds must rise"],
    ),
    "a goal near below itself": (
        lambda: stat("Cost", COST, about=ABOUT, thresholds=v.objective(90, near=85)),
        ["panel 'Cost'", "thresholds must rise", "90, 85"],
    ),
    "thresholds of an override that fall": (
        lambda: v.override("Spent", thresholds=v.steps(v.GOOD, (1, v.WARN), (1, v.BAD))),
        ["override 'Spent'", "1, 1"],
    ),
    "the same title twice": (
        lambda: two("Cost", "Cost"),
        ["dashboard 'Board'", "'Cost'", "title of its own"],
    ),
    "a row's title again": (lambda: two("Row", "Cost"), ["dashboard 'Board'", "'Row'"]),
    "unknown variable": (
        lambda: board(v.stat("Cost", raw("up{a=~'$suit'}"), about=ABOUT)),
        ["panel 'Cost'", "$suit", "write $suite", "variables=["],
    ),
    "unknown variable in SQL": (
        lambda: board(v.table("Runs", v.sql("SELECT ${nothing:raw}"), about=ABOUT)),
        ["panel 'Runs'", "$nothing", "variables=["],
    ),
    "unknown variable in a title": (
        lambda: board(v.stat("Cost of [[team]]", COST, about=ABOUT)),
        ["$team"],
    ),
    "unknown variable in a link": (
        lambda: board(v.stat("Cost", COST, about=ABOUT, links=[v.link("Go", "https://x.y/$z")])),
        ["panel 'Cost'", "$z"],
    ),
    "unknown variable to repeat": (
        lambda: board(v.stat("Cost", COST, about=ABOUT, repeat=v.text_box("other"))),
        ["panel 'Cost'", "$other"],
    ),
    "unknown variable of a row": (
        lambda: board(rows=[v.row("R", v.stat("Cost", COST, about=ABOUT), repeat=v.text_box("other"))]),
        ["row 'R'", "$other"],
    ),
    "unknown variable of an annotation": (
        lambda: board(
            v.stat("Cost", COST, about=ABOUT), annotations=[v.annotation("Runs", raw("up{a='$b'}"))]
        ),
        ["annotation 'Runs'", "$b"],
    ),
    "marks of a whole time range": (
        lambda: v.annotation("Costs", COST),
        ["annotation 'Costs'", "$__range", "write STEP"],
    ),
    "unknown variable of a variable": (
        lambda: board(
            v.stat("Cost", COST, about=ABOUT), variables=[v.suite, v.sql_variable("x", "SELECT '$y'")]
        ),
        ["variable 'x'", "$y"],
    ),
    "two variables of a name": (
        lambda: board(v.stat("Cost", COST, about=ABOUT), variables=[v.suite, v.text_box("suite")]),
        ["dashboard 'Board'", "two variables 'suite'"],
    ),
    "no panels": (board, ["dashboard 'Board' has no panels", "rows=["]),
    "no description": (
        lambda: board(v.stat("Cost", COST, about=ABOUT), description=""),
        ["dashboard 'Board'", "description="],
    ),
    "a row without a title": (lambda: v.row("", v.stat("Cost", COST, about=ABOUT)), ["row has no title"]),
    "a row of something else": (lambda: anything.row("Row", COST), ["row 'Row'", "no panel", "stat("]),
    "a long file name": (
        lambda: v.render(board(v.stat("Cost", COST, about=ABOUT)), "x" * 34),
        ["xxx.py", "41 characters", "at most 33"],
    ),
    "an empty search": (lambda: v.traceql(" "), ["traceql() is empty"]),
    "an empty statement": (lambda: v.sql(""), ["sql() is empty"]),
    "traces of Prometheus": (
        lambda: anything.traces("Slow", COST, about=ABOUT),
        ["panel 'Slow'", "prometheus", "it takes tempo"],
    ),
    "lines and values in one table": (
        lambda: v.table("Both", v.query(TESTS, format="time_series"), OUTCOMES, about=ABOUT),
        ["panel 'Both'", "cannot share a table"],
    ),
    "a matrix of two queries": (
        lambda: v.bars(
            "Both", OUTCOMES, OUTCOMES, x=a.GEN_AI_SKILL_NAME, series=a.GNOMON_TEST_OUTCOME, about=ABOUT
        ),
        ["panel 'Both'", "with series= it takes one query"],
    ),
    "a matrix of a nameless column": (
        lambda: v.bars("Runs", v.sql("SELECT 1"), x="a", series="b", about=ABOUT),
        ["panel 'Runs'", "name of its column of values"],
    ),
    "a matrix without rows": (
        lambda: v.table("Matrix", OUTCOMES, series=a.GNOMON_TEST_OUTCOME, about=ABOUT),
        ["panel 'Matrix'", "columns={LABEL: heading}"],
    ),
    "a matrix that would lose its headings": (
        lambda: v.table(
            "Matrix",
            v.query(OUTCOMES, "Tests"),
            transformations=[v.grouping_to_matrix("a", "b", "Tests")],
            about=ABOUT,
        ),
        ["panel 'Matrix'", "series=LABEL"],
    ),
    "a label that the metric lacks": (
        lambda: v.label_variable(a.GEN_AI_TOOL_NAME, of=m.GNOMON_RUN_TESTS),
        ["gnomon.run.tests has no label gen_ai.tool.name"],
    ),
    "a variable narrowed within nothing": (
        lambda: v.label_variable(a.GEN_AI_SKILL_NAME, within=(v.suite,)),
        ["variable 'skill'", "of=<metric>"],
    ),
    "a choice of nothing": (lambda: v.choice("window"), ["variable 'window' offers nothing"]),
    "a choice with a comma": (lambda: v.choice("window", "a,b"), ["'window'", "comma"]),
    "one step in one number": (
        lambda: v.gauge("Passes", COST_OVER_TIME, about=ABOUT),
        ["panel 'Passes'", "$__interval", "write RANGE"],
    ),
    "one step in the number before a trend": (
        lambda: v.stat("Cost", COST_OVER_TIME, trend=True, about=ABOUT),
        ["panel 'Cost'", "depends on the zoom"],
    ),
    "one step in a column": (
        lambda: v.table("Costs", COST_OVER_TIME, about=ABOUT),
        ["panel 'Costs'", "depends on the zoom"],
    ),
    "buckets of one step": (
        lambda: v.histogram("Latency", LATENCY_BUCKETS, about=ABOUT),
        ["panel 'Latency'", "write RANGE"],
    ),
    "the whole range at every point": (
        lambda: v.timeseries("Cost", COST, about=ABOUT),
        ["panel 'Cost'", "$__range", "write STEP"],
    ),
    "the whole range at every point of a heatmap": (
        lambda: v.heatmap("Latency", ALL_BUCKETS, about=ABOUT),
        ["panel 'Latency'", "write STEP"],
    ),
    "bars of a label that is gone": (
        lambda: v.bars("Tests", TESTS, x=a.GNOMON_TEST_OUTCOME, about=ABOUT),
        [
            "panel 'Tests'",
            "does not keep gnomon_test_outcome, but gen_ai_skill_name",
            "a.GNOMON_TEST_OUTCOME",
        ],
    ),
    "groups of a label that is gone": (
        lambda: v.bars("Tests", TESTS, x=a.GEN_AI_SKILL_NAME, series=a.GNOMON_TEST_OUTCOME, about=ABOUT),
        ["panel 'Tests'", "does not keep gnomon_test_outcome"],
    ),
    "a column of a label that is gone": (
        lambda: v.table("Tests", TESTS, COST, columns={a.TEST_SUITE_NAME: "Suite"}, about=ABOUT),
        ["panel 'Tests'", "does not keep test_suite_name"],
    ),
    "a column that is not there to sort by": (
        lambda: v.table("Tests", v.query(TESTS, "Tests"), sort="-Nothing", about=ABOUT),
        ["panel 'Tests'", "sort='-Nothing' names no column", "its columns are gen_ai_skill_name, Tests"],
    ),
    "a misspelt column to sort by": (
        lambda: v.table("Tests", v.query(TESTS, "Tests"), sort="-Test", about=ABOUT),
        ["write sort='-Tests'"],
    ),
    "a bare number for thresholds": (
        lambda: stat("Cost", COST, about=ABOUT, thresholds=85),
        ["panel 'Cost'", "thresholds=85", "objective(85)", "budget(85)"],
    ),
    "a bare number for thresholds of an override": (
        lambda: anything.override("Spent", thresholds=85),
        ["override 'Spent'", "objective(85)"],
    ),
    "bars without an axis": (
        lambda: anything.bars("Tests", TESTS, about=ABOUT),
        ["panel 'Tests'", "it needs x="],
    ),
    "an argument that words do not take": (
        lambda: anything.text("Words", "words", hieght=3),
        ["panel 'Words'", "no argument 'hieght'", "write height="],
    ),
    "a list of queries": (lambda: stat("Cost", [COST], about=ABOUT), ["panel 'Cost'", "without brackets"]),
    "a metric for a query": (
        lambda: stat("Cost", m.GNOMON_RUN_COST_USD, about=ABOUT),
        ["panel 'Cost'", "Metric gnomon.run.cost", "total("],
    ),
    "a link that is no list": (
        lambda: stat("Cost", COST, about=ABOUT, links=v.to_dashboard("fleet")),
        ["panel 'Cost'", "links=["],
    ),
    "columns that are no mapping": (
        lambda: anything.table("Tests", TESTS, columns=[a.GEN_AI_SKILL_NAME], about=ABOUT),
        ["panel 'Tests'", "columns={LABEL: 'Heading'}"],
    ),
    "a step that Grafana would round": (
        lambda: v.timeseries("Cost", COST_OVER_TIME, about=ABOUT, interval="90s"),
        ["panel 'Cost'", "interval='90s'", "'5m'"],
    ),
    "a step in words": (
        lambda: v.timeseries("Cost", COST_OVER_TIME, about=ABOUT, interval="day"),
        ["interval='day'", "'1d'"],
    ),
    "a row of a list": (
        lambda: anything.row("Row", [stat("Cost", COST, about=ABOUT)]),
        ["row 'Row' holds a list", "write the panels without brackets"],
    ),
    "a panel among the rows": (
        lambda: board(rows=[stat("Cost", COST, about=ABOUT)]),
        ["dashboard 'Board'", "rows= holds", "rows=[row("],
    ),
    "a variable that is no list": (
        lambda: board(stat("Cost", COST, about=ABOUT), variables=v.suite),
        ["dashboard 'Board'", "variables= takes a list"],
    ),
    "a histogram of both": (
        lambda: v.histogram("Durations", ALL_BUCKETS, ROWS, about=ABOUT),
        ["panel 'Durations'", "it takes prometheus"],
    ),
    "an unknown argument beside the panel's own": (
        lambda: stat("Cost", COST, about=ABOUT, trends=True),
        ["panel 'Cost'", "no argument 'trends'", "write trend="],
    ),
    "a misspelt argument of the panel's own": (
        lambda: anything.timeseries("Cost", COST_OVER_TIME, about=ABOUT, stak="normal"),
        ["no argument 'stak'", "write stack="],
    ),
    "an argument like no other": (
        lambda: anything.timeseries("Cost", COST_OVER_TIME, about=ABOUT, zzz=1),
        ["it takes style, stack, ", ", about, unit, "],
    ),
    "an argument of a plugin's panel": (
        lambda: anything.panel("clock", "Time", COST, about=ABOUT, optoins={}),
        ["panel 'Time'", "write options="],
    ),
    "a title by name": (
        lambda: anything.stat(title="Cost", about=ABOUT),
        ["the title stands first", "leave title= out"],
    ),
    "a word that a query does not know": (
        lambda: anything.query(COST, format="tabel"),
        ["query(): format='tabel'", "write 'table'"],
    ),
    "a word that an override does not know": (
        lambda: anything.override("Spent", cell="gage"),
        ["override 'Spent': cell='gage'", "write 'gauge'; it may be 'text', "],
    ),
    "an axis that there is not": (
        lambda: anything.override("Spent", axis="top"),
        ["override 'Spent': axis='top'", "write 'left', 'right' or 'hidden'"],
    ),
    "a calculation that there is not": (
        lambda: anything.reduce_rows("medium"),
        ["reduce_rows(): reducers='medium'", "'lastNotNull', "],
    ),
    "an operator that there is not": (
        lambda: anything.calculate("a", "x", "b", "c"),
        ["calculate(): operator='x'", "write '+', '-', '*' or '/'"],
    ),
    "a link that is none": (
        lambda: stat("Cost", COST, about=ABOUT, links=["fleet"]),
        ["panel 'Cost'", "links= holds 'fleet'", "links=[to_dashboard("],
    ),
    "an override that is none": (
        lambda: stat("Cost", COST, about=ABOUT, overrides=["Cost"]),
        ["panel 'Cost'", "overrides= holds 'Cost'", "overrides=[override("],
    ),
    "an override of a misspelt column": (
        lambda: v.table(
            "Tests",
            v.query(TESTS, "Failing"),
            overrides=[v.override("Failin", unit="1")],
            about=ABOUT,
        ),
        ["panel 'Tests'", "override 'Failin' fits nothing here", "write override('Failing', …)"],
    ),
    "an override of columns like no other": (
        lambda: v.table(
            "Tests", v.query(TESTS, "Tests"), overrides=[v.override("/^p9/", unit="1")], about=ABOUT
        ),
        ["override '/^p9/' fits nothing here", "its columns are gen_ai_skill_name, Tests"],
    ),
    "an override of bars that are not there": (
        lambda: v.bars(
            "Tests", TESTS, x=a.GEN_AI_SKILL_NAME, overrides=[v.override("Test", unit="1")], about=ABOUT
        ),
        ["panel 'Tests'", "write override('Tests', …)"],
    ),
    "an override of a misspelt line": (
        lambda: v.timeseries(
            "Cost", v.query(COST_OVER_TIME, "spent"), overrides=[v.override("spend", unit="1")], about=ABOUT
        ),
        ["panel 'Cost'", "write override('spent', …)"],
    ),
    "a link with a misspelt column": (
        lambda: v.table(
            "Tests",
            TESTS,
            columns={a.GEN_AI_SKILL_NAME: "Skill"},
            links=[v.to_dashboard("fleet", agent=v.field("Skil"))],
            about=ABOUT,
        ),
        ["panel 'Tests'", "field('Skil') names no column", "write field('Skill')"],
    ),
    "a search with a column that is not there": (
        lambda: v.table(
            "Tests",
            TESTS,
            overrides=[v.override("Tests", links=[v.to_traces(f'{{ name = "{v.field("Model")}" }}')])],
            about=ABOUT,
        ),
        ["panel 'Tests'", "field('Model') names no column", "its columns are gen_ai_skill_name, Tests"],
    ),
    "a variable's name to repeat by": (
        lambda: stat("Cost", COST, about=ABOUT, repeat="suite"),
        ["panel 'Cost'", "repeat='suite' is no variable", "write repeat=suite,"],
    ),
    "a variable's name to repeat a row by": (
        lambda: anything.row("Row", stat("Cost", COST, about=ABOUT), repeat="$suite"),
        ["row 'Row'", "write repeat=suite,"],
    ),
    "a row among the panels": (
        lambda: board(anything.row("Row", stat("Cost", COST, about=ABOUT))),
        ["dashboard 'Board'", "panels= holds the row 'Row'", "write rows=[row("],
    ),
    "steps that begin with a pair": (
        lambda: anything.steps((1, v.WARN), v.GOOD),
        ["says no colours by value", "steps(GOOD, (1, WARN), (5, BAD))"],
    ),
    "steps of bare numbers": (lambda: anything.steps(v.GOOD, 1, 5), ["then pairs"]),
    "a budget of a group of settings": (
        lambda: anything.budget(object()),
        ["budget(", "is no number", "settings.slo.routing_accuracy_percent"],
    ),
    "an objective of nothing": (lambda: anything.objective(None), ["objective(None)", "objective(85)"]),
    "a total for a heatmap": (
        lambda: v.heatmap("Latency", total(m.GNOMON_RUN_API_LATENCY, STEP), about=ABOUT),
        ["panel 'Latency'", "buckets of a histogram", "write buckets(metric)"],
    ),
    "a total for a histogram": (
        lambda: v.histogram("Latency", total(m.GNOMON_RUN_API_LATENCY), about=ABOUT),
        ["panel 'Latency'", "write buckets(metric, RANGE)"],
    ),
    "a text in place of a text where numbers are": (
        lambda: v.state_timeline(
            "State", TESTS_OVER_TIME, mappings=[v.mapping("up", "Up", v.GOOD)], about=ABOUT
        ),
        ["panel 'State'", "mapping('up', …) meets no value", "mapping(0, 'down', BAD)"],
    ),
    "the highest of one column among all of another": (
        lambda: v.table("Tests", v.query(top(3, TESTS), "Tests"), v.query(PASSED, "Passed"), about=ABOUT),
        ["panel 'Tests'", "'Tests' blank", "sort_by('Tests', desc=True), limit("],
    ),
    "the highest of one bar among all of another": (
        lambda: v.bars("Tests", top(3, TESTS), PASSED, x=a.GEN_AI_SKILL_NAME, about=ABOUT),
        ["panel 'Tests'", "limit("],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(mistake: str) -> None:
    """The sentence names the object and says what to write."""
    make, said = MISTAKES[mistake]
    with pytest.raises(UserError) as caught:
        make()
    for part in said:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not re.search(r"\b[A-Z]\w+\(\w+=", str(caught.value)), "no dump of an object"


WORDS: dict[str, tuple[Callable[..., object], list[object], list[object]]] = {
    "percent_change": (
        lambda word: stat("Cost", COST, about=ABOUT, percent_change=word),
        [True, False, "standard", "inverted", "same_as_value"],
        ["up", 1, None],
    ),
    "trend": (lambda word: stat("Cost", COST, about=ABOUT, trend=word), [True, False], ["area", 1, None]),
    "show": (lambda word: stat("Cost", COST, about=ABOUT, show=word), ["name"], ["nmae", True]),
    "stack": (
        lambda word: anything.timeseries("Cost", COST_OVER_TIME, about=ABOUT, stack=word),
        ["none", "normal", "percent"],
        ["normall", True],
    ),
    "style": (
        lambda word: anything.timeseries("Cost", COST_OVER_TIME, about=ABOUT, style=word),
        ["line", "bars", "points"],
        ["bar", 3],
    ),
    "connect": (
        lambda word: anything.timeseries("Cost", COST_OVER_TIME, about=ABOUT, connect=word),
        [True, 60_000],
        ["1m", 0.5],
    ),
    "legend_values": (
        lambda word: anything.timeseries("Cost", COST_OVER_TIME, about=ABOUT, legend_values=word),
        [["max"], ("mean", "sum"), []],
        ["max", ["average"], 3, [True]],
    ),
    "orientation": (
        lambda word: anything.bars("T", TESTS, x=a.GEN_AI_SKILL_NAME, about=ABOUT, orientation=word),
        ["auto", "vertical"],
        ["up"],
    ),
    "repeat_direction": (
        lambda word: stat("Cost", COST, about=ABOUT, repeat=v.suite, repeat_direction=word),
        ["h", "v"],
        ["down"],
    ),
    "decimals": (lambda word: stat("Cost", COST, about=ABOUT, decimals=word), [0, 2], ["2", 1.5, True]),
    "min": (lambda word: stat("Cost", COST, about=ABOUT, min=word), [0, 1.5], ["0", False]),
    "cell": (lambda word: anything.override("Cost", cell=word), [None, "gauge"], ["gage", True]),
    "multi": (lambda word: anything.label_variable(a.TEST_SUITE_NAME, multi=word), [False], ["no"]),
}


@pytest.mark.parametrize("argument", WORDS)
def test_an_argument_takes_its_own_words_alone(argument: str) -> None:
    """What Grafana knows is taken; anything else is refused by name, with all that may stand there."""
    make, right, wrong = WORDS[argument]
    for word in right:
        assert make(word)
    for word in wrong:
        with pytest.raises(UserError, match=rf"{argument}=.*: (write|it may be) "):
            make(word)


def test_what_transformations_and_sql_make_may_be_named() -> None:
    """Nobody knows their columns, so nothing is said of overrides, links and the highest."""
    named: dict[str, Any] = {"overrides": [v.override("Twice", unit="1")], "about": ABOUT}
    linked: dict[str, Any] = {"links": [v.to_trace(v.field("Twice"))], **named}
    tests, ranked = v.query(TESTS, "Tests"), v.query(top(3, TESTS), "Tests")
    doubled = v.calculate("Tests", "+", "Tests", "Twice")
    assert v.table("A", tests, transformations=[doubled], **linked)
    assert v.table("A", ROWS, **linked)
    assert v.table("A", v.query(raw("up"), "Up"), **linked)
    assert v.table("A", ranked, v.query(PASSED, "Passed"), transformations=[v.limit(3)], about=ABOUT)
    assert v.timeseries("A", TESTS_OVER_TIME, **named)


def test_what_is_there_may_be_named() -> None:
    """Columns by heading, by label and by pattern; lines by legend; the highest where all rows are theirs."""
    columns: dict[str, Any] = {"columns": {a.GEN_AI_SKILL_NAME: "Skill"}, "about": ABOUT}
    for name in ("Skill", "gen_ai_skill_name", "/^Sk/", "Tests", "/(?<odd>/"):
        assert v.table("A", v.query(TESTS, "Tests"), overrides=[v.override(name, width=9)], **columns)
    assert v.table("A", TESTS, links=[v.to_trace(v.field("gen_ai_skill_name"))], **columns)
    assert v.stat("Cost", COST, overrides=[v.override("Cost", unit="1")], about=ABOUT)
    ranked = top(3, TESTS)
    assert v.table("A", v.query(ranked, "Tests"), v.query(both(PASSED, ranked), "Passed"), **columns)
    assert v.table("A", v.query(ranked, "Tests"), v.query(PASSED, "P", hidden=True), **columns)


def test_what_is_made_of_several_windows_may_be_drawn() -> None:
    """A guard over the whole range beside points of a step is meant; so are lines in a table."""
    guarded = at_least(COST_OVER_TIME, COST, 5)
    assert v.timeseries("Cost", guarded, about=ABOUT).queries
    assert v.table("Cost", v.query(TESTS, "Tests", format="time_series"), about=ABOUT).queries
    assert v.table("Cost", v.query(COST_OVER_TIME, "Cost", format="time_series"), about=ABOUT).queries


def test_texts_may_stand_in_place_of_texts_where_there_are_any() -> None:
    """In columns of labels, and in what the store returns; a number may be written as a text."""
    texts = [v.mapping("up", "Up", v.GOOD)]
    assert v.table("A", TESTS, mappings=texts, about=ABOUT).queries
    assert v.stat("A", v.sql("SELECT 'up' AS state"), mappings=texts, about=ABOUT).queries
    assert v.stat("A", COST, mappings=[v.mapping("1", "one"), v.mapping(True, "yes")], about=ABOUT).queries


def test_a_table_may_be_sorted_by_whatever_it_shows() -> None:
    """A heading, a label, a name that an override gives; nothing is known of SQL and of transformations."""
    tests = v.query(TESTS, "Tests")
    for sort in ("Tests", "-gen_ai_skill_name", "-N"):
        assert v.table("A", tests, sort=sort, overrides=[v.override("Tests", name="N")], about=ABOUT)
    assert v.table("A", tests, ROWS, sort="anything", about=ABOUT)
    doubled = v.calculate("Tests", "+", "Tests", "Twice")
    assert v.table("A", tests, sort="Twice", transformations=[doubled], about=ABOUT)
