"""A mistake in a definition is one sentence: which object, what is wrong, what to write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gnomon.errors import UserError
from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import raw
from tests.vocabulary.boards import ABOUT, COST, OUTCOMES, ROWS, TESTS, board

# The functions are called as someone without a type checker would.
stat: Any = v.stat


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
    "a row of something else": (lambda: v.row("Row", COST), ["row 'Row'", "no panel", "stat("]),
    "a long file name": (
        lambda: v.render(board(v.stat("Cost", COST, about=ABOUT)), "x" * 34),
        ["xxx.py", "41 characters", "at most 33"],
    ),
    "an empty search": (lambda: v.traceql(" "), ["traceql() is empty"]),
    "an empty statement": (lambda: v.sql(""), ["sql() is empty"]),
    "traces of Prometheus": (
        lambda: v.traces("Slow", COST, about=ABOUT),
        ["panel 'Slow'", "prometheus", "it takes tempo"],
    ),
    "lines and values in one table": (
        lambda: v.table("Both", v.query(TESTS, format="time_series"), OUTCOMES, about=ABOUT),
        ["panel 'Both'", "cannot share a table"],
    ),
    "a matrix of two queries": (
        lambda: v.bars("Both", TESTS, COST, x=a.GEN_AI_SKILL_NAME, series=a.GNOMON_TEST_OUTCOME, about=ABOUT),
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
    "a histogram of both": (
        lambda: v.histogram("Durations", COST, ROWS, about=ABOUT),
        ["panel 'Durations'", "it takes prometheus"],
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
