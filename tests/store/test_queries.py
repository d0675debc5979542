"""Questions to the store, on planted runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon.errors import ExitCode, UserError
from gnomon.runs.proportion import wilson
from gnomon.spool import files
from gnomon_analysis.store import Store
from tests.store.spool_files import Run, line, model_call, span, varied_run


def routed(key: str, commit: str | None, *, wrong: tuple[str, ...] = (), **values: object) -> Run:
    """A run of three routing tests of which some go wrong."""
    run = Run(key=key, commit=commit, **values)  # type: ignore[arg-type]
    for case in ("a", "b", "c"):
        if case in wrong:
            run.test(case, "failed", expected="alpha", actual="beta", calls=1)
        else:
            run.test(case, expected="alpha", actual="alpha", calls=1)
    return run


def fill(store: Store, spool: Path, *runs: Run) -> None:
    for run in runs:
        run.write(spool)
    store.ingest(spool)


def test_accuracy_by_commit(store: Store, spool: Path) -> None:
    """All runs of a commit together, commits in the order of their first runs, dirty trees apart."""
    fill(
        store,
        spool,
        routed("2", "b" * 40, wrong=("a",), started=200, sequence=2),
        routed("1", "a" * 40, started=100, sequence=1),
        routed("3", "a" * 40, wrong=("b", "c"), started=300, sequence=3),
        routed("4", "b" * 40, dirty=True, started=400, sequence=4),
        routed("5", None, started=500, sequence=5),
    )

    rows = store.accuracy_by_commit()

    assert [(row.commit and row.commit[0], row.dirty, row.runs) for row in rows] == [
        ("a", False, 2), ("b", False, 1), ("b", True, 1), (None, False, 1),
    ]  # fmt: skip
    assert [(row.tally.correct, row.tally.judged) for row in rows] == [(4, 6), (2, 3), (3, 3), (3, 3)]
    assert rows[0].tally.accuracy == pytest.approx(2 / 3)
    assert rows[0].tally.accuracy_interval == wilson(4, 6)
    assert (rows[0].calls.calls, rows[0].calls.cost_usd) == (6, pytest.approx(0.06))
    assert (rows[0].duration, rows[0].skills_hashes) == (200.0, ("3" * 64,))
    assert store.accuracy_by_commit("routing") == rows
    assert store.accuracy_by_commit("another") == []


def test_costs_by_commit(store: Store, spool: Path) -> None:
    """One row a model, provider and source, of commits that called one."""
    run = routed("1", "a" * 40)
    run.test("free", calls=2, cost=None)
    fill(store, spool, run, Run(key="quiet", commit="b" * 40).test("x"))

    rows = store.costs_by_commit()

    assert [(row.commit, row.model, row.provider, row.cost_source) for row in rows] == [
        ("a" * 40, "demo-model", "anthropic", "estimated"),
        ("a" * 40, "demo-model", "anthropic", "none"),
    ]
    assert [(row.calls.calls, row.calls.cost_usd, row.calls.unpriced) for row in rows] == [
        (3, pytest.approx(0.03), 0),
        (2, None, 2),
    ]


def test_the_history_of_each_test(store: Store, spool: Path) -> None:
    """Pass rate with interval, attempts, last outcome and duration; filters by commit and name."""
    fill(
        store,
        spool,
        routed("1", "a" * 40, wrong=("a",), started=1),
        routed("2", "a" * 40, started=2),
        Run(key="3", commit="b" * 40, started=3).test(
            "a", attempts=("failed", "passed"), expected="alpha", actual="alpha", duration=2.5
        ),
    )

    rows = {row.case_id: row for row in store.cases()}

    first = rows["a"]
    assert (first.runs, first.attempts, first.tally.passed, first.tally.failed) == (3, 4, 2, 1)
    assert (first.last_outcome, first.last_actual) == ("passed", "alpha")
    assert (first.last_duration, first.mean_duration) == (2.5, pytest.approx(3.5 / 3))
    assert first.tally.pass_rate_interval == wilson(2, 3)
    assert rows["b"].tally.pass_rate == 1.0
    assert [row.case_id for row in store.cases(matching="ROUTE[B]")] == ["b"]
    assert [row.runs for row in store.cases(commit="bbbb")] == [1]
    assert store.cases(matching="%") == []
    assert store.cases(commit="_") == []


def test_the_matrix_of_tests_and_commits(store: Store, spool: Path) -> None:
    """A cell tells the newest run at the commit and sums all of them."""
    fill(
        store,
        spool,
        routed("1", "b" * 40, wrong=("a",), started=1),
        routed("2", "a" * 40, wrong=("a",), started=2),
        routed("3", "a" * 40, started=3),
    )

    cells = store.case_matrix("routing")

    assert [(cell.case_id, cell.commit and cell.commit[0]) for cell in cells] == [
        ("a", "b"), ("a", "a"), ("b", "b"), ("b", "a"), ("c", "b"), ("c", "a"),
    ]  # fmt: skip
    assert (cells[1].outcome, cells[1].correct, cells[1].runs) == ("passed", True, 2)
    assert (cells[1].tally.correct, cells[1].tally.judged) == (1, 2)
    assert (cells[0].actual, cells[0].expected, cells[0].runs) == ("beta", "alpha", 1)


def test_a_run_is_found_by_number_id_or_as_the_last(store: Store, spool: Path) -> None:
    """What a person writes: 2, the first digits of an id, `last`; ambiguity is told."""
    runs = [
        routed("1", "a" * 40, started=1, sequence=1),
        routed("2", "a" * 40, started=2, sequence=2),
        routed("3", "a" * 40, started=3, sequence=2, suite="other"),
    ]
    fill(store, spool, *runs)

    assert store.run("1").run_id == runs[0].run_id
    assert store.run("last").run_id == runs[2].run_id
    assert store.run("LAST", suite="routing").run_id == runs[1].run_id
    assert store.run(runs[0].run_id[:10].upper()).run_id == runs[0].run_id
    assert store.run("2", suite="other").run_id == runs[2].run_id
    assert store.has_run(runs[0].run_id)
    assert not store.has_run(runs[0].run_id[:10])
    with pytest.raises(UserError, match=r"means 2 runs .*--suite"):
        store.run("2")
    for unknown in ("99", "zebra", "", "_", "%"):
        with pytest.raises(UserError, match="no run is called") as caught:
            store.run(unknown)
        assert caught.value.exit_code == ExitCode.NEGATIVE


def test_a_suite_has_its_own_totals(store: Store, spool: Path) -> None:
    """A run with tests of two suites counts each test and each model call with its own."""
    run = routed("1", "a" * 40)
    run.test("guest", "failed", calls=2, attributes={"test.suite.name": "guests"})
    fill(store, spool, run)

    (both,) = store.runs()
    (own,) = store.runs("routing")
    (guests,) = store.runs("guests")

    assert [row.tally.tests for row in (both, own, guests)] == [4, 3, 1]
    assert [row.calls.calls for row in (both, own, guests)] == [5, 3, 2]
    assert store.runs("nobody") == []
    assert store.runs(limit=0) == []
    assert [row.calls.calls for row in store.accuracy_by_commit("guests")] == [2]


def test_calls_of_a_started_process_belong_to_the_run_of_their_trace(store: Store, spool: Path) -> None:
    """A process that knows only the trace is counted with the run, unless several runs share the trace."""
    service = {"service.name": "child"}
    run, alone = routed("1", "a" * 40), model_call(trace="1", key="child", parent="a")
    files.write(spool / "sdk-child.traces.jsonl", [line(service, [alone])])
    fill(store, spool, run)
    assert store.runs()[0].calls.calls == 4
    assert [call.service for call in store.model_calls(run.run_id)].count("child") == 1

    # Another run in the same trace: a pipeline handed its own down to both.
    sibling = Run(key="sibling", started=900)
    inside = span("test_case", trace="1", key="z", attributes={"gnomon.test.outcome": "passed"})
    files.write(spool / "sibling.traces.jsonl", [line(sibling.resource, [inside])])
    store.ingest(spool)
    assert sum(row.calls.calls for row in store.runs()) == 3


def test_many_runs_are_listed_at_once(store: Store, spool: Path) -> None:
    """More runs than a database takes parameters; the newest first."""
    runs = [Run(key=str(number), sequence=number, started=number).test("a") for number in range(1100)]
    files.write(spool / "many.traces.jsonl", [text for run in runs for text in run.lines()])
    assert store.ingest(spool).new_runs == 1100

    rows = store.runs()

    assert [row.sequence for row in rows] == list(range(1099, -1, -1))
    assert {row.tally.tests for row in rows} == {1}


def test_sums_do_not_depend_on_the_database(store: Store, spool: Path) -> None:
    """The same spans give the same answers to every question on SQLite and PostgreSQL."""
    fill(store, spool, varied_run("a"), varied_run("b", sequence=2, started=50))
    row = store.accuracy_by_commit()[0]
    assert (row.tally.tests, row.tally.reruns, row.calls.input_tokens, row.calls.unpriced) == (28, 4, 600, 2)
    assert type(row.tally.tests) is int
    assert type(row.calls.input_tokens) is int
    assert type(row.calls.cost_usd) is float
    assert type(store.cases()[0].mean_duration) is float
