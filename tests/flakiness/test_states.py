"""Which state a test is in, by what happened at unchanged inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gnomon.settings.model import Flaky
from gnomon_analysis.flakiness import State, assess
from gnomon_analysis.store import open_store
from tests.flakiness.planting import A, B, C, D, History
from tests.store.postgres import Server
from tests.store.spool_files import Run


def test_passes_alone_make_a_test_stable(history: History) -> None:
    """Enough passes and no failure: stable, with the most that it may still fail."""
    history.outcomes("+++++", A)

    case = history.case()

    assert (case.state, case.runs, case.passed, case.failed) == (State.STABLE, 5, 5, 0)
    assert case.failing_rate.low == 0.0
    assert 0.2 < case.failing_rate.high < 0.5
    assert case.stability == 1.0
    assert [one.estimate for one in case.pass_every_time] == [1.0, 1.0]
    assert case.sentence.startswith("passed 5 times; fails at most ")


def test_few_runs_say_nothing(history: History) -> None:
    """Fewer runs than `flaky.minimum_runs` are not enough, and how many are missing is said."""
    history.outcomes("+++", A)

    assert (history.case().state, history.case().runs_needed) == (State.NOT_ENOUGH_RUNS, 2)
    assert history.case(minimum_runs=3).state is State.STABLE


def test_both_outcomes_at_one_commit_make_a_test_flaky(history: History) -> None:
    """Pass and fail with nothing changed, oftener than the limit allows."""
    history.outcomes("+-++-", A)

    case = history.case()

    assert case.state is State.FLAKY
    assert case.failing_rate.low > 0.02
    assert case.above_limit > 0.95
    [both] = case.contradictions
    assert (both.commit, both.runs, both.passed, both.failed) == (A, 5, 3, 2)
    assert case.stability == pytest.approx((3 + 1) / 10)
    assert case.pass_every_time[0].estimate == pytest.approx(1 / 10)
    assert case.pass_every_time[1].estimate == 0.0
    assert case.sentence == "failed 2 of 5 times at 1 commit where it also passed"


def test_a_changed_commit_makes_no_test_flaky(history: History) -> None:
    """A test that a commit broke, and another mended, was never flaky."""
    history.outcomes("+" * 10, A)
    history.outcomes("-" * 5, B)
    assert history.case().state is State.BROKEN
    history.outcomes("+" * 5, C)

    case = history.case()

    assert case.state is not State.FLAKY
    assert case.contradictions == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"extra": {"gnomon.skills.hash": "8" * 64}},
        {"extra": {"gnomon.config.hash": "8" * 64}},
        {"extra": {"gnomon.golden_set.version": "8"}},
        {"extra": {"deployment.environment.name": "staging"}},
        {"extra": {"gen_ai.agent.name": "another"}},
        {"dirty": True},
    ],
    ids=lambda changed: str(next(iter(changed.get("extra", changed)))),
)
def test_changed_inputs_are_no_contradiction(history: History, changed: dict[str, Any]) -> None:
    """Skills, configuration, golden set, environment, agent and a clean tree must be the same."""
    history.outcomes("+++++", A)
    history.outcomes("---", A, **changed)

    case = history.case()

    assert case.contradictions == ()
    assert case.state is State.BROKEN or changed == {"dirty": True}


def test_trees_without_a_known_state_are_compared_with_themselves(history: History) -> None:
    """Runs of a dirty tree, or without a commit, contradict none but their own attempts."""
    history.outcomes("+-+-+-", C, dirty=True)
    history.outcomes("+-+-+-", None, case="b")
    history.add(history.run(D, dirty=True).test("c", attempts=("failed", "passed")))

    states = {case.case_id: case for case in history.assess()}

    assert states["a"].contradictions == states["b"].contradictions == ()
    [within] = states["c"].contradictions
    assert (within.commit, within.dirty, within.passed, within.failed) == (D, True, 1, 1)
    assert states["c"].state is State.FLAKY


def test_attempts_of_one_run_are_trials(history: History) -> None:
    """A rerun that passes after a failure is a contradiction; pass^k counts first attempts alone."""
    history.add(
        *(history.run(A).test("a", attempts=("failed", "passed")) for _ in range(3)),
        history.run(A).test("never", "failed", attempts=("failed", "error")),
        history.run(A).test("twice", attempts=("passed", "passed")),
    )

    states = {case.case_id: case for case in history.assess()}

    assert (states["a"].state, states["a"].trials, states["a"].runs) == (State.FLAKY, 6, 3)
    assert states["a"].pass_every_time[0].estimate == 0.0
    assert states["never"].contradictions == states["twice"].contradictions == ()


def test_a_wrong_route_counts_against_a_test_that_only_records(history: History) -> None:
    """A suite that does not assert its routes is judged by their verdicts, the last attempt's too."""
    history.add(
        history.run(A).test("a", "passed", expected="alpha", actual="beta"),
        history.run(A).test("a", "passed", expected="alpha", actual="alpha"),
        history.run(A).test("a", "passed", expected="alpha", actual="beta", attempts=("passed", "passed")),
    )

    [both] = history.case().contradictions

    assert (both.passed, both.failed, both.answers) == (2, 2, ("alpha", "beta"))


def test_a_rare_failure_is_not_yet_flaky(history: History) -> None:
    """One failure among many passes is below the limit, or undecided with the passes that would decide."""
    history.outcomes("+" * 19 + "-" + "+" * 10, A)
    undecided = history.case()
    assert undecided.state is State.NOT_ENOUGH_RUNS
    assert undecided.runs_needed is not None

    history.outcomes("+" * undecided.runs_needed, A)
    assert history.case().state is State.STABLE
    assert history.case(failing_rate_percent=0.05).state is not State.STABLE


def test_failures_at_the_end_make_a_test_broken(history: History) -> None:
    """So many in a row that chance does not explain them, after how often it failed before."""
    history.outcomes("+" * 30, A)
    history.outcomes("--", B)
    before = history.case()
    assert (before.state, before.runs_needed, before.failures_in_a_row) == (State.NOT_ENOUGH_RUNS, 1, 2)
    history.outcomes("-", B)

    case = history.case()

    assert (case.state, case.since_commit, case.failures_in_a_row) == (State.BROKEN, B, 3)
    assert case.sentence == f"failed 3 times in a row, since {B[:8]}"
    assert case.stability == 1.0


def test_a_flaky_test_is_not_broken_by_a_streak(history: History) -> None:
    """Three failures in a row are nothing much for a test that fails half of the time."""
    history.outcomes("+-+--+-+-+++-+--" * 2 + "---", A)

    assert history.case().state is State.FLAKY


def test_what_hardly_ever_passes_is_broken_after_so_many_failures(history: History) -> None:
    """What fails nine times in ten is broken once it failed as often in a row as passes would mend it."""
    history.outcomes("-----+-----" * 3 + "-" * 14, A)
    assert history.case().state is State.FLAKY
    history.outcomes("-", A)
    assert history.case().state is State.BROKEN


def test_a_test_that_never_passed_is_broken(history: History) -> None:
    """As soon as it ran often enough."""
    history.outcomes("----", A)
    assert history.case().state is State.NOT_ENOUGH_RUNS
    history.outcomes("-", A)
    assert history.case().state is State.BROKEN


def test_passes_in_a_row_at_one_commit_are_recovery(history: History) -> None:
    """After a fix a flaky test needs so many passes at one commit, and more where it failed rarely."""
    history.outcomes("+-" * 5, A)
    history.outcomes("+" * 19, B)
    before = history.case()
    assert (before.state, before.passes_needed, before.runs_needed) == (State.FLAKY, 20, 1)
    history.outcomes("+", B)

    case = history.case()

    assert (case.state, case.passes_at_one_commit) == (State.RECOVERED, 20)
    assert case.sentence == "passed 20 times in a row at one commit after it was flaky"
    assert case.failing_rate.high < 0.2
    assert history.case(fixed_runs=30).state is State.FLAKY


def test_a_rare_failure_takes_longer_to_be_disproved(history: History) -> None:
    """Twenty passes in a row are no news of a test that fails once in fifteen times."""
    history.outcomes(("+" * 13 + "-") * 6, A)

    case = history.case()

    assert case.state is State.FLAKY
    assert case.passes_needed > 30


def test_passes_at_many_commits_end_trouble_without_verifying_it(history: History) -> None:
    """A test that was flaky and has passed ever since, a run a commit, is stable again, not recovered."""
    history.outcomes("+-" * 5, A)
    for number in range(20):
        history.outcomes("+", f"{number:040}")
    assert history.case().state is not State.STABLE
    for number in range(20, 40):
        history.outcomes("+", f"{number:040}")

    case = history.case()

    assert case.state is State.STABLE
    assert case.sentence.endswith("; was flaky before")


def test_a_broken_test_recovers(history: History) -> None:
    """From broken, a few passes are not enough, and then they are."""
    history.outcomes("+" * 10, A)
    history.outcomes("-" * 6, B)
    history.outcomes("+" * 6, C)
    between = history.case()
    assert (between.state, between.runs_needed) == (State.NOT_ENOUGH_RUNS, 14)
    history.outcomes("+" * 14, C)

    assert history.case().state is State.RECOVERED


def test_a_test_that_fails_again_has_not_recovered(history: History) -> None:
    """After a while of passes, failures at the end are told, with those that would make it broken again."""
    history.outcomes("+" * 10, A)
    history.outcomes("-" * 6, B)
    history.outcomes("+" * 3, C)
    history.outcomes("-", D)

    case = history.case()

    assert (case.state, case.failures_in_a_row) == (State.NOT_ENOUGH_RUNS, 1)
    assert case.sentence == "failed 1 time at the end: chance, or broken again"
    assert case.runs_needed is not None
    history.outcomes("-" * (case.runs_needed - 1), D)
    assert history.case().state is State.NOT_ENOUGH_RUNS
    history.outcomes("-", D)
    assert history.case().state is State.BROKEN


def test_lone_failures_at_other_commits_are_neither(history: History) -> None:
    """Where every commit ran once, a failure may be the commit's or chance: rerun one of them."""
    for number in range(20):
        history.outcomes("-" if number % 4 == 1 else "+", f"{number:040}")

    case = history.case()

    assert case.state is State.NOT_ENOUGH_RUNS
    assert case.sentence == "failed at 5 commits and never where it passed: rerun one of them"


def test_a_level_that_changed_is_seen(history: History) -> None:
    """A test that became flaky lately is so, however long it was stable before."""
    for number in range(100):
        history.outcomes("+++", f"{number:040}")
    for number in range(100, 104):
        history.outcomes("+-+", f"{number:040}")

    case = history.case()

    assert case.state is State.FLAKY
    assert case.failing_rate.estimate > 0.2


def test_quarantine_hides_nothing(history: History) -> None:
    """A test in quarantine is judged and counted as ever, and marked."""
    history.outcomes("+-++-", A, case="billing-1")
    history.outcomes("+-++-", A, case="test[x]")
    history.outcomes("+++++", A, case="c")

    marked = history.assess(quarantine=("billing-*", "test[x]", "gone"))

    assert [(case.case_id, case.state, case.quarantined) for case in marked] == [
        ("billing-1", State.FLAKY, True), ("c", State.STABLE, False), ("test[x]", State.FLAKY, True),
    ]  # fmt: skip


def test_suites_are_apart(history: History) -> None:
    """Cases of the same id in two suites are two; one suite can be asked for, and a time."""
    history.outcomes("+" * 6, A, suite="one")
    history.outcomes("-" * 6, A, suite="two")

    assert [(case.suite, case.state) for case in history.assess()] == [
        ("one", State.STABLE), ("two", State.BROKEN),
    ]  # fmt: skip
    [two] = assess(history.store, Flaky(), suite="two")
    assert two.suite == "two"
    since = history.store.trials().runs[-2].started_ns
    [late] = assess(history.store, Flaky(), since_ns=since)
    assert (late.suite, late.runs) == ("two", 2)


def test_states_are_the_same_on_postgresql(postgres_server: Server, tmp_path: Path, spool: Path) -> None:
    """Both databases say the same of attempts, models and windows."""
    answers = []
    for url in (f"sqlite:///{tmp_path}/other.db", postgres_server.database()):
        with open_store(url) as store:
            for number, actual in enumerate(("alpha", "beta", "alpha", "alpha", "beta", "alpha")):
                run = Run(key=f"p{number}", sequence=number, commit=A, started=number * 60.0)
                run.test(
                    "a", "passed" if actual == "alpha" else "failed", expected="alpha", actual=actual, calls=1
                )
                run.test("b", attempts=("failed", "passed")).write(spool)
            store.ingest(spool)
            answers.append(
                (assess(store, Flaky()), sorted(store.window_counts(0, 2**62, 1)), store.case_ids())
            )
    assert answers[0] == answers[1]
    assert [case.state for case in answers[0][0]] == [State.FLAKY, State.FLAKY]
    assert {(row.case_id, row.outcome, row.tests) for row in answers[0][1]} == {
        ("a", "passed", 4),
        ("a", "failed", 2),
    }
