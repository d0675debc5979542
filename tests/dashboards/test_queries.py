"""What the boards ask is answered by a real Prometheus and a real PostgreSQL, with what really happened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import promql_parser
import pytest
from sqlalchemy import delete, insert

from gnomon.registry import attributes
from gnomon_analysis.store import open_store, schema
from tests.dashboards.conftest import Stack
from tests.dashboards.grafana import BOARDS, Asked, View, board, panels, queries
from tests.dashboards.history import DAY, HOUR
from tests.promql import servers

ALL: Mapping[str, None] = dict.fromkeys(("suite", "environment", "category", "model", "change"))
SUITE = {**ALL, "suite": ["routing"]}
OTHER = {**ALL, "suite": ["no-such.suite", "another"]}


def view(stack: Stack, seconds: float, chosen: Mapping[str, Any] = ALL) -> View:
    """A time range that ends now."""
    versions = {"version_a": stack.history.revisions["second"][:9], "version_b": "1.1"}
    return View(stack.now - seconds, stack.now, {**versions, **chosen})


def answer(stack: Stack, asked: Asked, seen: View) -> dict[Any, Any]:
    expression = seen.promql(asked)
    if asked.instant:
        return servers.query(stack.prometheus, expression, seen.end)
    step = seen.step(asked.interval)
    # Grafana begins and ends range queries on whole steps.
    start, end = (seen.start // step) * step, (seen.end // step + 1) * step
    return servers.query_range(stack.prometheus, expression, start, end, step)


def value(
    stack: Stack, name: str, title: str, ref: str = "A", seconds: float = 14 * DAY, **chosen: Any
) -> float:
    """The number that a panel shows."""
    (asked,) = (one for one in queries("prometheus") if (one.board, one.panel, one.ref) == (name, title, ref))
    (found,) = answer(stack, asked, view(stack, seconds, {**ALL, **chosen})).values()
    assert isinstance(found, float), f"{title} is no single number"
    return found


@pytest.mark.parametrize("asked", queries("prometheus"), ids=str)
def test_an_expression_is_promql_and_finds_something(asked: Asked, stack_with_runs: Stack) -> None:
    """Every expression of every board parses, and has an answer when there are runs, whatever is chosen."""
    for chosen in (ALL, SUITE):
        seen = view(stack_with_runs, 14 * DAY, chosen)
        promql_parser.parse(seen.promql(asked))
        assert answer(stack_with_runs, asked, seen), seen.promql(asked)


def test_what_is_chosen_narrows_the_runs(stack_with_runs: Stack) -> None:
    """A suite that never ran has no tests, in both languages; names with dots are names, not patterns."""
    assert value(stack_with_runs, "executive", "Total tests", suite=["no-such.suite", "another"]) == 0
    assert value(stack_with_runs, "executive", "Total tests", suite=["routing", "another"]) == 98
    for asked in queries("grafana-postgresql-datasource"):
        if (
            "suite:regex" in asked.text
            and "count(*) AS calls" not in asked.text
            and "coalesce(sum" not in asked.text
        ):
            seen = view(stack_with_runs, 14 * DAY, OTHER)
            assert stack_with_runs.rows(seen.sql(asked)) == [], str(asked)


# Of the seven runs two are older than a week and five older than a day or younger; each has 14 tests.
HEADLINES = [
    ("executive", "Total tests", 7 * DAY, 70),
    ("executive", "Total tests", 14 * DAY, 98),
    ("executive", "Passed", 7 * DAY, 9 + 9 + 11 + 12 + 12),
    ("executive", "Failed", 7 * DAY, 4 + 2 + 2 + 1 + 1),
    # Of the ten routing tests of a run all got an answer but one of the fourth run.
    ("executive", "Overall accuracy", 7 * DAY, 100 * (7 + 8 + 9 + 9 + 9) / (10 + 9 + 10 + 10 + 10)),
    ("executive", "Overall accuracy", 2 * HOUR, 90),
    ("executive", "Status", 7 * DAY, 100 * 42 / 49),
    ("executive", "Accuracy against the week before", 6 * HOUR, 100 * 42 / 49 - 70),
    ("qa_engineer", "Total tests", 6 * HOUR, 42),
    ("qa_engineer", "Neither", 7 * DAY, 5 + 2),
    ("qa_engineer", "Unanswered", 7 * DAY, 1),
    ("qa_engineer", "Reruns", 7 * DAY, 0),
    ("qa_engineer", "Pass rate", 7 * DAY, 100 * 53 / 63),
    ("qa_engineer", "Routing accuracy", 7 * DAY, 100 * 42 / 49),
    ("qa_engineer", "Newest run", 6 * HOUR, 7),
    ("qa_engineer", "Flaky tests", 6 * HOUR, 1),
    ("qa_engineer", "Asked when it should", 14 * DAY, 100 * 12 / 14),
    ("qa_engineer", "Asked when it should not", 14 * DAY, 0),
    ("qa_engineer", "Tool use accuracy", 14 * DAY, 100 * 13 / 14),
    ("qa_engineer", "Commands matched", 14 * DAY, 13),
    ("qa_engineer", "Commands missing", 14 * DAY, 1),
    ("sre_operations", "Tests run (24h)", 7 * DAY, 42),
    # Nine calls a run with three attempts more: one after a 500, two after a 429.
    ("sre_operations", "API retry rate", 7 * DAY, 100 * 3 / 12),
    ("sre_operations", "429 error rate", 7 * DAY, 100 * 2 / 12),
    ("sre_operations", "Failed calls", 7 * DAY, 0),
    ("sre_operations", "Workers", 6 * HOUR, 1),
    ("sre_operations", "Tokens input", 7 * DAY, 5 * 9 * 1200),
    ("sre_operations", "Tokens output", 7 * DAY, 5 * 9 * 80),
    ("sre_operations", "Input from the cache", 7 * DAY, 100 * 1000 / 1200),
    ("sre_operations", "Tokens per test", 7 * DAY, 5 * 9 * 1280 / 70),
]


@pytest.mark.parametrize(("name", "title", "seconds", "true"), HEADLINES)
def test_a_headline_is_what_happened(
    name: str, title: str, seconds: float, true: float, stack_with_runs: Stack
) -> None:
    """Totals and ratios over a time range are those of the runs in it."""
    assert value(stack_with_runs, name, title, seconds=seconds) == pytest.approx(true)


def test_costs_are_those_of_the_store(stack_with_runs: Stack) -> None:
    """Cost by PromQL, from run points, and by SQL, from model calls, is one figure; so are its ratios."""
    ((week,),) = stack_with_runs.rows(
        "SELECT sum(cost_usd) FROM run_totals WHERE run_at > now() - interval '7 days'"
    )
    ((day,),) = stack_with_runs.rows(
        "SELECT sum(cost_usd) FROM run_totals WHERE run_at > now() - interval '1 day'"
    )
    assert isinstance(week, float) and isinstance(day, float) and week > day > 0

    def shown(name: str, title: str) -> float:
        return value(stack_with_runs, name, title, seconds=7 * DAY)

    assert shown("executive", "Total cost") == pytest.approx(week)
    assert shown("executive", "Monthly projected cost") == pytest.approx(week * 30 / 7)
    assert shown("executive", "Daily budget used") == pytest.approx(100 * day / 25)
    assert shown("executive", "Cost per test") == pytest.approx(week / 70)
    assert shown("executive", "Cost per right answer") == pytest.approx(week / 42)
    assert shown("sre_operations", "Total API cost (24h)") == pytest.approx(day)
    assert shown("sre_operations", "Cost per passed test") == pytest.approx(week / 53)


def test_bars_over_time_add_up_to_the_headline(stack_with_runs: Stack) -> None:
    """Each run is drawn once, at whatever distance points stand."""
    (bars,) = (one for one in queries("prometheus") if one.panel == "Cost trend")
    for seconds in (7 * DAY, 14 * DAY):
        (points,) = answer(stack_with_runs, bars, view(stack_with_runs, seconds)).values()
        total = value(stack_with_runs, "executive", "Total cost", seconds=seconds)
        assert sum(number for _, number in points) == pytest.approx(total)


def test_the_last_run_and_the_last_failure_are_moments(stack_with_runs: Stack) -> None:
    """In milliseconds, for Grafana to say how long ago."""
    now = stack_with_runs.history.now
    last = value(stack_with_runs, "qa_engineer", "Last run", seconds=6 * HOUR)
    assert last == pytest.approx((now - 600) * 1000, abs=2000)
    failed = value(stack_with_runs, "qa_engineer", "Flaky tests by name", "C", seconds=6 * HOUR)
    assert failed == pytest.approx((now - HOUR) * 1000, abs=2000)


def test_a_flaky_test_has_its_rate_and_its_runs(stack_with_runs: Stack) -> None:
    """Of the last week's five runs the first case passed two."""
    assert value(stack_with_runs, "qa_engineer", "Flaky tests by name", "A", seconds=6 * HOUR) == 0.4
    assert value(stack_with_runs, "qa_engineer", "Flaky tests by name", "B", seconds=6 * HOUR) == 5


def test_the_matrix_has_every_answer_once(stack_with_runs: Stack) -> None:
    """Expected and chosen skill of all answers; what is off the diagonal is what the runs got wrong."""
    (asked,) = (one for one in queries("prometheus") if one.panel == "Misroute confusion matrix")
    found = {
        (dict(labels)["gnomon_routing_expected"], dict(labels)["gnomon_routing_actual"]): number
        for labels, number in answer(stack_with_runs, asked, view(stack_with_runs, 14 * DAY)).items()
    }
    assert sum(found.values()) == 69
    wrong = {pair: number for pair, number in found.items() if pair[0] != pair[1]}
    assert wrong == {
        ("refunds", "invoices"): 5 + 3,
        ("shipping", "invoices"): 2,
        ("none", "invoices"): 1,
        ("none", "refunds"): 2,
    }


@pytest.mark.parametrize("asked", queries("grafana-postgresql-datasource"), ids=str)
def test_a_query_in_sql_finds_rows(asked: Asked, stack_with_runs: Stack) -> None:
    """Every query of every board, its macros and variables filled in, is answered by PostgreSQL with rows."""
    for chosen in (ALL, SUITE):
        sql = view(stack_with_runs, 14 * DAY, chosen).sql(asked)
        assert "$" not in sql.replace(")$'", ""), sql
        assert stack_with_runs.rows(sql), sql


@pytest.mark.parametrize("asked", queries("grafana-postgresql-datasource"), ids=str)
def test_rows_over_time_have_a_time(asked: Asked, stack_with_runs: Stack) -> None:
    """What Grafana draws over time has a column `time` and comes in its order."""
    if asked.format != "time_series":
        return
    sql = view(stack_with_runs, 14 * DAY).sql(asked)
    columns = stack_with_runs.columns(sql)
    assert columns[:2] == ["time", "metric"]
    times = [row[0] for row in stack_with_runs.rows(sql)]
    assert times == sorted(times)  # type: ignore[type-var]


def table(stack: Stack, name: str, title: str, seconds: float = 14 * DAY) -> list[tuple[Any, ...]]:
    (asked,) = (
        one for one in queries("grafana-postgresql-datasource") if (one.board, one.panel) == (name, title)
    )
    return stack.rows(view(stack, seconds).sql(asked))


def test_models_versions_and_commits_are_told_apart(stack_with_runs: Stack) -> None:
    """By SQL, since no metric has a label for a commit."""
    by_model = table(stack_with_runs, "skills_engineer", "Accuracy by model")
    # The case that makes no model call says nothing of models.
    assert [(name, round(float(number), 3)) for name, number in by_model] == [
        ("claude-sonnet-4-5", round(100 * 24 / 27, 3)),
        ("claude-haiku-4-5", round(100 * 26 / 36, 3)),
    ]
    ((best, _),) = table(stack_with_runs, "executive", "Best model")
    assert best == "claude-sonnet-4-5"
    second, third = (stack_with_runs.history.revisions[name][:9] for name in ("second", "third"))
    versions = table(stack_with_runs, "skills_engineer", "Accuracy by skill version")
    assert [(name, round(float(number), 1)) for name, number in versions] == [
        ("1.1", 90.0),
        (third, 90.0),
        (second, round(100 * (9 + 8 + 7) / 29, 1)),
        ("1.0", 70.0),
    ]
    branches = table(stack_with_runs, "skills_engineer", "Accuracy by branch")
    assert [name for name, _ in branches] == ["main", "feature"]
    assert float(branches[1][1]) == 90
    releases = table(stack_with_runs, "executive", "Release comparison")
    assert [(name, float(number)) for name, number, _ in releases] == [("1.1", 90.0), ("1.0", 70.0)]
    assert table(stack_with_runs, "executive", "Current version")[0][0] == "1.1"


def test_failures_are_listed_with_both_skills(stack_with_runs: Stack) -> None:
    """Every failed or wrongly routed test is there once, and its trace leads to it."""
    rows = table(stack_with_runs, "qa_engineer", "Failed tests", 2 * HOUR)
    assert [(row[1], row[3], row[4]) for row in rows] == [
        ("C02", "", "refunds"),
        ("D01", "refunds", "invoices"),
    ]
    assert all(re.fullmatch("[0-9a-f]{32}", str(row[-1])) for row in rows)
    issues = table(stack_with_runs, "executive", "Top issues")
    assert issues[0] == ("D01", 5)


def test_stability_counts_flips(stack_with_runs: Stack) -> None:
    """From pass to fail and back, over all runs of a case."""
    rows = {row[0]: row[1:4] for row in table(stack_with_runs, "qa_engineer", "Stability of each test")}
    runs, rate, flips = rows["D01"]
    assert (runs, round(float(rate), 3), flips) == (7, round(2 / 7, 3), 3)
    assert rows["D05"][2] == 0


def test_tests_that_expect_a_question(stack_with_runs: Stack) -> None:
    """How often each asked back, and what it chose in place of asking."""
    rows = table(stack_with_runs, "qa_engineer", "Tests that expect a question")
    assert [(row[0], round(float(row[2]), 3), row[4]) for row in rows] == [
        ("C01", round(6 / 7, 3), "refunds"),
        ("C02", round(6 / 7, 3), "refunds"),
    ]


def test_a_tracked_change_is_shown_with_its_cases(stack_with_runs: Stack) -> None:
    """Once the tables of changes are filled, the panels show the finding, its cases and its diff."""
    third = stack_with_runs.history.revisions["third"][:9]
    (impact,) = table(stack_with_runs, "skills_engineer", "Change impact", DAY)
    assert impact[1:8] == (third, "Narrow refunds", "routing_accuracy", "routing", 80.0, 91.0, 11.0)
    assert table(stack_with_runs, "skills_engineer", "Before and after", DAY) == [
        (f"{third} routing", 80.0, 91.0)
    ]
    ((commit, case, *_),) = table(stack_with_runs, "skills_engineer", "Cases that moved", DAY)
    assert (commit, case) == (third, "D01")
    ((_, text),) = table(stack_with_runs, "skills_engineer", "Diffs", DAY)
    assert "+Refunds of paid orders" in text
    ((part, name, count, mean, *_),) = table(stack_with_runs, "skills_engineer", "Effect of each part", DAY)
    assert (part, name, count, float(mean)) == ("section", "When to use", 1, 11.0)
    ((_, verdict, sentence, *_),) = table(stack_with_runs, "executive", "What changed", DAY)
    assert (verdict, sentence) == ("improvement", "The commit raised routing accuracy by 11 points.")


def test_a_change_is_told_in_its_widest_scope(stack_with_runs: Stack) -> None:
    """Parts are weighed by what the suite did; single tests come last; what is not settled shows no bars."""
    third = stack_with_runs.history.revisions["third"]
    same = {"metric": "routing_accuracy", "unit": "%", "more_is_better": True, "repository": "desk"}
    more: list[dict[str, Any]] = [
        {"scope_kind": "skill", "scope": "refunds", "difference": 60.0, "verdict": "improvement"},
        {"scope_kind": "case", "scope": "D01", "difference": 100.0, "verdict": "improvement"},
        {"scope_kind": "suite", "scope": "other", "difference": -50.0, "verdict": "inconclusive"},
        {
            "scope_kind": "suite",
            "scope": "moved",
            "difference": -5.0,
            "verdict": "upstream",
            "revision": None,
        },
    ]
    changed = int((stack_with_runs.now - HOUR) * 1e9)
    when = dict.fromkeys(("changed_ns", "found_ns", "updated_ns"), changed)
    runs = {"suite": "routing", "runs_before": 5, "runs_after": 6, "status": "open", "sentence": "Moved."}
    with open_store(stack_with_runs.database) as store:
        rows = [
            {**same, **when, **runs, "revision": third, "before": 40.0, "after": 50.0, **one}
            | {"impact_id": f"more{number}"}
            for number, one in enumerate(more)
        ]
        with store.engine.begin() as connection:
            connection.execute(insert(schema.change_impacts), rows)
        try:
            bars = table(stack_with_runs, "skills_engineer", "Before and after", DAY)
            parts = table(stack_with_runs, "skills_engineer", "Effect of each part", DAY)
        finally:
            with store.engine.begin() as connection:
                ours = schema.change_impacts.c.impact_id.startswith("more")
                connection.execute(delete(schema.change_impacts).where(ours))
    assert [row[0] for row in bars] == [
        *(f"{third[:9]} routing", "upstream moved"),
        *(f"{third[:9]} refunds", f"{third[:9]} D01"),
    ]
    assert [(row[2], float(str(row[3]))) for row in parts] == [(1, 11.0)]


TRACEQL_ATTRIBUTE = re.compile(r"(?:span|resource|event)\.([\w.]+)")


@pytest.mark.parametrize("asked", queries("tempo"), ids=str)
def test_attributes_in_traceql_are_written(asked: Asked) -> None:
    """A search for traces names attributes of the registry only."""
    named = TRACEQL_ATTRIBUTE.findall(asked.text)
    assert named
    assert {*named} <= {attribute.name for attribute in attributes.ALL}


def test_panels_say_so_while_changes_are_not_tracked() -> None:
    """An empty table is no finding."""
    waiting = [
        panel["fieldConfig"]["defaults"].get("noValue", "")
        for name in BOARDS
        for panel in panels(name)
        for target in panel.get("targets", ())
        if panel["type"] != "logs"
        and re.search(r"FROM (findings|finding_cases|changes)\b", target.get("rawSql", ""))
    ]
    assert len(waiting) == 6
    assert all("not tracked yet" in text for text in waiting)


def test_every_panel_has_an_answer_to_what_now() -> None:
    """A description of a sentence or two, with the series or tables behind it."""
    for name in BOARDS:
        for panel in panels(name):
            words, _, origin = panel["description"].partition("\n\nFrom: ")
            assert len(words) > 30 and words.endswith((".", "?")), panel["title"]
            assert origin, panel["title"]


def test_boards_lead_to_each_other() -> None:
    """From each board a dropdown leads to all others with time and choices, and values lead to details."""
    for name in BOARDS:
        (family,) = (link for link in board(name)["links"] if link["type"] == "dashboards")
        assert family["includeVars"] and family["keepTime"]
    text = "".join(str(board(name)) for name in BOARDS)
    for name in BOARDS[1:]:
        assert f"/d/gnomon-{name.replace('_', '-')}" in text
