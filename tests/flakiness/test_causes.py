"""What speaks for which cause of a flaky or broken test."""

from __future__ import annotations

from typing import Any

import pytest

from gnomon_analysis.flakiness import Cause, State
from tests.flakiness.planting import A, B, C, History, call, causes
from tests.store.spool_files import Run


def flaky(history: History, failing: Any, passing: Any = None, times: int = 3) -> None:
    """Passing and failing runs in turn at one commit; each function adds its test to a run."""

    def passes(run: Run) -> Run:
        return call(run.test("a"), "a")

    for _ in range(times):
        history.add((passing or passes)(history.run(A)), failing(history.run(A)))


def test_another_answer_is_model_variance(history: History) -> None:
    """The model chose another skill with nothing changed."""
    flaky(
        history,
        lambda run: call(run.test("a", "failed", expected="alpha", actual="beta"), "a"),
        lambda run: call(run.test("a", expected="alpha", actual="alpha"), "a"),
    )

    case = history.case()

    assert (case.state, case.cause, case.shares) == (
        State.FLAKY, Cause.MODEL_VARIANCE, ((Cause.MODEL_VARIANCE, 1.0),),
    )  # fmt: skip
    assert causes(case) == [("model_variance", "the model chose beta, not alpha", 3)]
    assert case.contradictions[0].answers == ("alpha", "beta")


def test_an_assertion_on_an_answer_is_model_variance(history: History) -> None:
    """No route is recorded, but the model answered before the assertion failed."""
    flaky(
        history, lambda run: call(run.test("a", "failed", attributes={"error.type": "AssertionError"}), "a")
    )

    assert history.case().cause is Cause.MODEL_VARIANCE


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("rate_limited", Cause.PROVIDER_THROTTLING),
        ("timeout", Cause.TIME_OUT),
        ("server_5xx", Cause.PROVIDER_ERROR),
        ("connection", Cause.PROVIDER_ERROR),
        ("client_4xx", Cause.TEST_BUG),
    ],
)
def test_errors_of_model_calls_name_the_cause(history: History, error: str, cause: Cause) -> None:
    """A call of the failed trial that ended in an error says why."""
    flaky(history, lambda run: call(run.test("a", "failed"), "a", error=error))

    case = history.case()

    assert case.cause is cause
    assert causes(case) == [(str(cause), f"a model call ended with {error}", 3)]


@pytest.mark.parametrize(
    ("attributes", "cause"),
    [
        ({"error.type": "anthropic.RateLimitError"}, Cause.PROVIDER_THROTTLING),
        ({"error.type": "httpx.ReadTimeout"}, Cause.TIME_OUT),
        ({"error.type": "APIConnectionError"}, Cause.PROVIDER_ERROR),
        ({"gnomon.test.message": "Failed: Timeout (>1.0s) from pytest-timeout."}, Cause.TIME_OUT),
        ({"error.type": "KeyError", "gnomon.test.phase": "setup"}, Cause.TEST_BUG),
        ({"gnomon.test.phase": "teardown"}, Cause.TEST_BUG),
        ({"error.type": "AssertionError"}, Cause.TEST_BUG),
    ],
)  # fmt: skip
def test_how_a_test_ended_names_the_cause(history: History, attributes: dict[str, str], cause: Cause) -> None:
    """The exception's name, pytest-timeout's message, the phase; without any call it is the test's own."""
    flaky(history, lambda run: run.test("a", "failed", attributes=attributes))

    assert history.case().cause is cause


def test_the_same_answer_and_yet_a_failure_is_a_test_bug(history: History) -> None:
    """What the model chose was right, as where the test passed."""
    flaky(
        history,
        lambda run: call(run.test("a", "failed", expected="alpha", actual="alpha"), "a"),
        lambda run: call(run.test("a", expected="alpha", actual="alpha"), "a"),
    )

    assert causes(history.case()) == [("test_bug", "the model chose alpha, as where the test passed", 3)]


def test_failures_on_one_host_alone_are_a_test_bug(history: History) -> None:
    """Where passing runs make it unlikely that it is chance."""
    for number in range(12):
        host = f"ci-{number % 4}"
        run = history.run(A, extra={"host.name": host})
        history.add(run.test("a", "failed" if host == "ci-3" else "passed"))

    assert causes(history.case()) == [("test_bug", "only on host ci-3", 3)]


def test_equally_long_failures_are_a_time_out(history: History) -> None:
    """Each failure took as long as the others, and longer than any pass."""
    flaky(
        history,
        lambda run: run.test("a", "failed", duration=30.0),
        lambda run: run.test("a", duration=2.0),
    )

    assert causes(history.case()) == [("time_out", "each took 30 to 30 s, no pass more than 2 s", 3)]


def test_several_causes_are_mixed_with_shares(history: History) -> None:
    """No cause has four in five of the failures."""
    flaky(history, lambda run: call(run.test("a", "failed"), "a", error="timeout"))
    flaky(history, lambda run: call(run.test("a", "failed"), "a", error="rate_limited"), times=2)

    case = history.case()

    assert case.cause is Cause.MIXED
    assert dict(case.shares) == {
        Cause.TIME_OUT: pytest.approx(0.6), Cause.PROVIDER_THROTTLING: pytest.approx(0.4),
    }  # fmt: skip


def test_an_attempt_of_which_little_is_known_explains_nothing(history: History) -> None:
    """Earlier attempts have no answer of their own; a call that failed in one still says why."""
    for _ in range(3):
        run = history.run(A).test("a", expected="alpha", actual="alpha", attempts=("failed", "passed"))
        history.add(run)
    assert history.case().cause is Cause.UNKNOWN

    for _ in range(3):
        run = history.run(A).test("a", expected="alpha", actual="alpha", attempts=("failed", "passed"))
        history.add(call(run, "a", error="rate_limited", attempt=1))

    case = history.case()
    assert case.cause is Cause.PROVIDER_THROTTLING
    assert dict(case.shares)[Cause.UNKNOWN] == pytest.approx(0.5)


def test_another_model_is_an_upstream_change(history: History) -> None:
    """Pass and fail at one commit with different models is no flakiness."""
    for _ in range(6):
        history.add(call(history.run(A).test("a"), "a", model="sonnet-1"))
    for _ in range(4):
        history.add(call(history.run(A).test("a", "failed"), "a", model="sonnet-2"))

    case = history.case()

    assert (case.state, case.cause, case.contradictions) == (State.BROKEN, Cause.UPSTREAM_CHANGE, ())
    assert causes(case) == [
        ("upstream_change", f"at {A[:8]} it passed with sonnet-1 and failed with sonnet-2", 4)
    ]


def test_a_call_without_an_answer_hides_no_contradiction(history: History) -> None:
    """A failed call names no model; its run counts with the model of the others at the commit."""
    history.add(call(history.run(B).test("a"), "a", model="sonnet-2"))
    for _ in range(3):
        history.add(call(history.run(A).test("a"), "a", model="sonnet-1"))
        history.add(call(history.run(A).test("a", "failed"), "a", error="rate_limited"))

    case = history.case()

    assert (case.state, case.cause) == (State.FLAKY, Cause.PROVIDER_THROTTLING)
    assert [(one.commit, one.passed, one.failed) for one in case.contradictions] == [(A, 3, 3)]


def test_a_broken_test_names_what_changed(history: History) -> None:
    """The commit before and the one since, and what else was different."""
    history.outcomes("+" * 6, A)
    history.outcomes("-" * 4, B, extra={"gnomon.golden_set.version": "8"})

    case = history.case()

    assert (case.state, case.cause) == (State.BROKEN, Cause.CHANGE)
    assert causes(case)[0] == (
        "change",
        f"passed at {A[:8]}, fails since {B[:8]} (the commit, the golden set changed)",
        4,
    )


def test_what_is_over_explains_nothing_of_now(history: History) -> None:
    """The class is that of the stretch of time in which the test is flaky now."""
    for _ in range(10):
        history.add(call(history.run(A).test("a"), "a"))
        history.add(call(history.run(A).test("a", "failed"), "a", error="rate_limited"))
    history.outcomes("+" * 60, B)
    for _ in range(5):
        history.add(call(history.run(C).test("a"), "a"))
        history.add(call(history.run(C).test("a", "failed"), "a"))

    case = history.case()

    assert (case.state, case.cause, len(case.contradictions)) == (State.FLAKY, Cause.MODEL_VARIANCE, 2)
    assert [one.failures for one in case.evidence] == [5]
