"""What the gate decides, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest

from gnomon.settings.model import Gate
from gnomon_analysis.gating.comparison import Inputs, SuiteComparison, compare, overall
from gnomon_analysis.gating.judging import MetricComparison, Verdict
from gnomon_analysis.store import ResultRow
from tests.gating.planted import MODEL, result, side

BASE, HEAD = "b" * 40, "a" * 40


def suite_of(good: int, cases: int, **values: Any) -> list[ResultRow]:
    """One run of which the first `good` cases are right."""
    return [result(f"C{number:03d}", number < good, **values) for number in range(cases)]


def decided(
    base: Sequence[Sequence[ResultRow]],
    head: Sequence[Sequence[ResultRow]],
    gate: Gate | None = None,
    *,
    conditions: dict[str, frozenset[str]] | None = None,
    allow_upstream: bool = False,
    **known: Any,
) -> SuiteComparison:
    inputs = Inputs(base=side(BASE, base), head=side(HEAD, head, conditions=conditions), **known)
    return compare([inputs], gate or Gate(), allow_upstream=allow_upstream)[0]


def metric(found: SuiteComparison, name: str = "routing_accuracy") -> MetricComparison:
    return next(one for one in found.metrics if one.name == name)


def test_a_proven_loss_fails() -> None:
    """Twenty of sixty cases broke: the whole interval lies beyond the limit."""
    found = decided([suite_of(58, 60)], [suite_of(38, 60)])
    accuracy = metric(found)
    assert found.verdict is accuracy.verdict is Verdict.FAIL
    assert accuracy.high is not None
    assert accuracy.high < -0.02
    assert accuracy.adjusted_p is not None
    assert accuracy.adjusted_p <= 0.025
    assert "routing accuracy and pass rate lost more than the limit" in found.reasons[0]
    assert len(found.fell) == 20
    assert not found.rose


def test_a_loss_that_chance_may_make_is_unsure() -> None:
    """Nothing flipped in one run: no verdict, but how many more runs would give one, and for how much."""
    found = decided([suite_of(58, 60)], [suite_of(58, 60)])
    assert found.verdict is metric(found).verdict is Verdict.UNSURE
    assert found.more_runs is not None
    assert 5 <= found.more_runs <= 200
    assert found.more_cost_usd == pytest.approx(found.more_runs * 1.0)
    assert found.more_seconds == pytest.approx(found.more_runs * 120)


def test_the_planned_runs_decide() -> None:
    """With as many more runs as were asked for, and the same difference, the verdict is there."""
    base, head = suite_of(58, 60), suite_of(52, 60)
    first = decided([base], [head])
    assert first.verdict is Verdict.UNSURE
    assert first.more_runs is not None
    times = 1 + first.more_runs
    assert decided([base] * times, [head] * times).verdict is Verdict.FAIL


def test_enough_equal_runs_pass() -> None:
    """The same answers thirty times over prove that nothing was lost beyond the limit."""
    found = decided([suite_of(57, 60)] * 30, [suite_of(57, 60)] * 30)
    assert found.verdict is Verdict.PASS
    assert found.reasons == ()
    assert found.more_runs is None


def test_a_rise_is_no_loss() -> None:
    """An improvement passes, however large."""
    assert decided([suite_of(30, 60)] * 2, [suite_of(58, 60)] * 2).verdict is Verdict.PASS


def test_the_cost_of_a_test() -> None:
    """A third more for every test fails, a twentieth does not; tokens are only shown."""
    for rise, verdict in ((1.35, Verdict.FAIL), (1.05, Verdict.PASS)):
        base = [result(f"C{n}", latency=1.0, cost=0.01 * (1 + n)) for n in range(20)]
        head = [result(f"C{n}", latency=1.0, cost=0.01 * (1 + n) * rise, tokens=140) for n in range(20)]
        found = decided([base], [head])
        cost = metric(found, "cost")
        assert (cost.verdict, cost.difference) == (verdict, pytest.approx(rise - 1))
        tokens = metric(found, "tokens")
        assert (tokens.verdict, tokens.difference) == (None, pytest.approx(0.4))


def test_latency_needs_to_know_how_runs_scatter() -> None:
    """One run a side cannot tell a slower commit from a slower machine; past runs can."""

    def timed(latency: float) -> list[ResultRow]:
        return [result(f"C{n}", latency=latency * (1 + n / 10)) for n in range(20)]

    alone = metric(decided([timed(1.0)], [timed(1.6)]), "latency")
    assert (alone.verdict, alone.low, alone.more_runs) == (Verdict.UNSURE, None, 1)
    assert "from run to run" in alone.reason

    def with_past(latencies: Sequence[float]) -> MetricComparison:
        past = [side(f"{n:040d}", [timed(latency)]) for n, latency in enumerate(latencies)]
        return metric(decided([timed(1.0)], [timed(1.6)], history=past), "latency")

    steady = with_past([1.0, 1.02, 0.99, 1.01, 1.0, 0.98, 1.0, 1.01, 0.99, 1.0])
    assert steady.verdict is Verdict.FAIL
    restless = with_past([1.0, 1.5, 0.8, 1.4, 0.7, 1.2, 0.9, 1.6, 0.8, 1.1])
    assert restless.verdict is Verdict.UNSURE


def test_without_model_calls_latency_is_the_tests_own_time() -> None:
    """Both sides are read alike."""
    base = [[result(f"C{n}", duration=2.0) for n in range(10)]] * 3
    head = [[result(f"C{n}", duration=3.0) for n in range(10)]] * 3
    latency = metric(decided(base, head), "latency")
    assert (latency.before, latency.after) == (pytest.approx(2.0), pytest.approx(3.0))
    mixed = [[result(f"C{n}", duration=3.0, latency=0.1) for n in range(10)]] * 3
    assert metric(decided(base, mixed), "latency").after == pytest.approx(3.0)


def test_quarantined_cases_are_shown_and_do_not_count() -> None:
    """Thirty broken cases in quarantine fail nothing."""
    found = decided(
        [suite_of(60, 60)], [suite_of(30, 60)], quarantined=lambda case: fnmatchcase(case, "C0[345]*")
    )
    assert found.verdict is not Verdict.FAIL
    assert metric(found).cases == 30
    assert metric(found).difference == 0
    assert len(found.quarantined) == 30
    assert not found.fell


def test_another_model_is_not_comparable() -> None:
    """What differs beside the commit is named, and decides nothing unless that is allowed."""
    base, head = [suite_of(58, 60)], [suite_of(38, 60)]
    other = {"models": frozenset({"anthropic demo-model-2"}), "golden_sets": frozenset({"2"})}
    found = decided(base, head, conditions=other)
    assert found.verdict is Verdict.UNSURE
    assert found.reasons == (
        f"not comparable: model changed from {MODEL} to anthropic demo-model-2",
        "not comparable: golden set changed from 1 to 2",
    )
    assert found.more_runs is None
    allowed = decided(base, head, conditions=other, allow_upstream=True)
    assert allowed.verdict is Verdict.FAIL
    assert len(allowed.upstream) == 2


def test_new_removed_and_rejudged_cases_are_told_and_not_compared() -> None:
    """Only what both sides asked and judged alike is compared."""
    base = [*suite_of(20, 20), result("gone", False), result("other", False, expected="alpha")]
    head = [*suite_of(20, 20), result("fresh", False), result("other", True, expected="beta")]
    found = decided([base], [head])
    assert (found.new_cases, found.removed_cases, found.rejudged_cases) == (("fresh",), ("gone",), ("other",))
    assert metric(found).cases == 20
    assert metric(found).difference == 0


def test_skipped_tests_are_neither_good_nor_bad() -> None:
    """A test that was skipped at the head is not there."""
    head = [
        *suite_of(9, 9),
        result("C009", outcome="skipped", correct=None, actual=None),
    ]
    found = decided([suite_of(10, 10)], [head])
    assert found.removed_cases == ("C009",)
    assert metric(found).cases == 9


def test_runs_of_a_case_are_averaged() -> None:
    """A case that is right in two of three runs is worth two thirds, and flips where most of it does."""
    base = [[result("a"), result("b")], [result("a"), result("b")], [result("a"), result("b", False)]]
    head = [[result("a"), result("b", False)], [result("a"), result("b", False)], [result("a"), result("b")]]
    found = decided(base, head, flaky=frozenset({"b"}))
    assert (metric(found).before, metric(found).after) == (pytest.approx(5 / 6), pytest.approx(4 / 6))
    (fallen,) = found.fell
    assert (fallen.case_id, fallen.good_before, fallen.good_after, fallen.flaky) == ("b", 2, 1, True)
    assert fallen.answers_after == ("beta", "alpha")


def test_all_metrics_of_all_suites_are_one_family() -> None:
    """What would just fail alone does not where many other things were looked at."""
    base, head = suite_of(60, 60), suite_of(49, 60)
    loss = Inputs(base=side(BASE, [base]), head=side(HEAD, [head]))
    alone = compare([loss], Gate(accuracy_drop_points=8))[0]
    p = metric(alone).p
    assert p is not None
    assert p > 0.005
    same = Inputs(base=side(BASE, [base]), head=side(HEAD, [base]))
    gate = Gate(accuracy_drop_points=7.0)
    among = compare([loss, *[same] * 12], gate)
    adjusted = metric(among[0]).adjusted_p
    single = metric(compare([loss], gate)[0]).adjusted_p
    assert adjusted is not None
    assert single is not None
    assert adjusted > single
    assert overall(among) is not Verdict.FAIL


def test_one_case_decides_nothing() -> None:
    """The smallest comparison there can be ends unsure, not in an error."""
    found = decided([[result("a", latency=1.0, cost=0.1)]], [[result("a", False, latency=2.0, cost=0.2)]])
    assert found.verdict is Verdict.UNSURE
    nothing = decided([[result("a")]], [[result("b")]])
    assert nothing.verdict is Verdict.UNSURE
    assert nothing.metrics == ()
