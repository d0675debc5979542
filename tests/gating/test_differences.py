"""Intervals of the gate, against what they are made of and against each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon_analysis.gating.differences import (
    Difference,
    Observed,
    Ratio,
    Runs,
    Scatter,
    Shares,
    ratio_of_totals,
    ratio_of_typical,
    shares,
)
from gnomon_analysis.gating.measures import Value
from gnomon_analysis.report.moves import paired_interval

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60)


def observed(*cases: Sequence[float]) -> Observed:
    return {f"C{number}": [Value(value) for value in runs] for number, runs in enumerate(cases)}


def alone(by_cases: Shares | Ratio, runs: float = 1) -> Difference:
    return Difference(by_cases, Runs(runs, runs), None)


@given(PAIRS)
def test_one_run_a_side_is_newcombes_interval(pairs: list[tuple[bool, bool]]) -> None:
    """With one run of each case the limits are those of the published formula, which the report has, too."""
    before, after = ([float(side) for side in sides] for sides in zip(*pairs, strict=True))
    found = alone(shares(observed(*([one] for one in before)), observed(*([one] for one in after)))).interval
    low, high = paired_interval(before, after)
    assert (max(-1.0, found.low), min(1.0, found.high)) == (pytest.approx(low), pytest.approx(high))


def test_the_published_example() -> None:
    """Newcombe 1998, table III (c): 50 pairs of which 36, 12, 2 and 0; method 10 gives 0.0569 to 0.3404."""
    pairs = [(1, 1)] * 36 + [(1, 0)] * 12 + [(0, 1)] * 2
    found = shares(observed(*([after] for _, after in pairs)), observed(*([before] for before, _ in pairs)))
    interval = alone(found).interval
    assert interval.estimate == pytest.approx(0.2)
    assert (interval.low, interval.high) == (pytest.approx(0.0569, abs=5e-5), pytest.approx(0.3404, abs=5e-5))


@given(PAIRS, st.integers(2, 6))
def test_more_runs_make_it_narrower(pairs: list[tuple[bool, bool]], times: int) -> None:
    """The same shares from more runs are surer, and the plan says exactly how much."""
    before = observed(*([float(one)] for one, _ in pairs))
    after = observed(*([float(one)] for _, one in pairs))
    once = alone(shares(before, after))
    often = alone(
        shares({case: [*runs] * times for case, runs in before.items()},
               {case: [*runs] * times for case, runs in after.items()}),
        times,
    )  # fmt: skip
    planned = once.more(times - 1)
    assert (often.low(), often.high()) == (pytest.approx(planned.low()), pytest.approx(planned.high()))
    assert often.high() - often.low() <= once.high() - once.low() + 1e-9


@given(PAIRS, st.floats(-0.9, 0.9))
def test_probabilities_and_limits_agree(pairs: list[tuple[bool, bool]], bound: float) -> None:
    """A bound is outside the 95 % interval exactly where its one-sided probability is below 2.5 %."""
    found = alone(
        shares(observed(*([float(one)] for one, _ in pairs)), observed(*([float(one)] for _, one in pairs)))
    )
    if min(abs(found.low() - bound), abs(found.high() - bound)) > 1e-6:
        assert (found.p_above(bound) < 0.025) == (found.low() > bound)
        assert (found.p_below(bound) < 0.025) == (found.high() < bound)


def test_many_runs_at_the_base_do_not_lose_the_pairing() -> None:
    """Twenty runs of the base and one of the head: surer than one against one."""
    cases = 40
    base = [1.0] * 30 + [0.0] * 10
    head = [1.0] * 28 + [0.0] * 12
    one = alone(shares(observed(*([value] for value in base)), observed(*([value] for value in head))))
    many = Difference(
        shares(observed(*([value] * 20 for value in base)), observed(*([value] for value in head))),
        Runs(20, 1),
        None,
    )
    assert many.estimate == one.estimate == pytest.approx(-2 / cases)
    assert many.high() - many.low() < 0.9 * (one.high() - one.low())


def test_a_weighted_share_is_the_share_of_the_whole() -> None:
    """A test that expects nine commands counts nine times one that expects one."""
    before = {"a": [Value(1.0, 9)], "b": [Value(0.0, 1)]}
    found = shares(before, {"a": [Value(2 / 3, 9)], "b": [Value(1.0, 1)]})
    assert (found.before, found.after) == (pytest.approx(0.9), pytest.approx(0.7))
    assert found.trials_before == pytest.approx(100 / 82)


def test_ratios() -> None:
    """Totals weigh a dear test as dear, typical values each test alike."""
    before = observed([1.0, 1.0], [9.0, 9.0])
    after = observed([2.0, 2.0], [9.0, 9.0])
    totals, typical = ratio_of_totals(before, after), ratio_of_typical(before, after)
    assert totals is not None
    assert typical is not None
    assert math.exp(totals.estimate) == pytest.approx(1.1)
    assert math.exp(typical.estimate) == pytest.approx(math.sqrt(2))
    # Each case has several runs, and they do not scatter at all.
    assert (totals.error, typical.error) == (0, 0)
    assert ratio_of_totals(observed([0.0], [0.0]), before) is None


def test_a_run_of_its_own_makes_it_wider() -> None:
    """What whole runs have in common counts where it is more than what the cases show."""
    by_cases = Ratio(0.3, 0.01, 50)
    sure = Difference(by_cases, Runs(1, 1), None)
    scattered = Difference(by_cases, Runs(1, 1), Scatter(0.15**2, 10))
    assert sure.p_above(0.2) < 1e-6
    assert scattered.p_above(0.2) > 0.2
    assert scattered.more(9).low() > scattered.low()
