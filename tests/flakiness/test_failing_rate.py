"""The numbers beside a state: failing rate, pass^k, stability."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gnomon_analysis.flakiness.failing_rate import (
    Counts,
    agreement,
    failing_rate,
    pass_every_time,
    passes_to_trust,
)
from gnomon_analysis.statistics import beta

COUNTS = st.builds(Counts, st.integers(0, 6), st.integers(0, 6))


@settings(deadline=None)
@given(passed=st.integers(0, 200), failed=st.integers(0, 200))
def test_at_one_set_of_inputs_it_is_the_beta_posterior(passed: int, failed: int) -> None:
    """Where nothing tells of other inputs, everything is as by Jeffreys' posterior."""
    if not passed + failed:
        return
    rate = failing_rate([Counts(passed, failed)])
    plain = beta.bounds(failed, passed + failed)

    assert rate.interval.estimate == pytest.approx(plain.estimate, abs=0.003)
    assert rate.interval.low == pytest.approx(plain.low, abs=0.01)
    assert rate.interval.high == pytest.approx(plain.high, abs=0.01)
    assert rate.above(0.02) == pytest.approx(stats.beta.sf(0.02, failed + 0.5, passed + 0.5), abs=0.03)
    assert rate.every_time(3).estimate == pytest.approx(
        beta.every_time(passed, passed + failed, 3).estimate, abs=0.01
    )


@settings(deadline=None)
@given(st.lists(COUNTS, max_size=8))
def test_rates_are_probabilities_in_order(counts: list[Counts]) -> None:
    """Whatever happened, an interval holds its estimate, and a higher limit is exceeded less probably."""
    rate = failing_rate(counts)

    assert 0 <= rate.interval.low <= rate.interval.estimate <= rate.interval.high <= 1
    for k in (1, 3, 5):
        bounds = rate.every_time(k)
        assert 0 <= bounds.low <= bounds.estimate <= bounds.high <= 1
    above = [rate.above(limit) for limit in (0.0, 0.001, 0.02, 0.5, 0.99)]
    assert above == sorted(above, reverse=True)


def test_dead_commits_raise_the_rate_little() -> None:
    """Commits at which a test always fails are no sign of a high rate where it passes."""
    alive = [Counts(10, 0)] * 20 + [Counts(9, 1)]
    before = failing_rate(alive).interval
    after = failing_rate([*alive, *[Counts(0, 10)] * 5]).interval

    assert after.estimate < before.estimate + 0.02
    assert failing_rate([*alive, *[Counts(5, 5)] * 5]).interval.estimate > before.estimate + 0.05


@settings(deadline=None)
@given(COUNTS, st.integers(1, 5))
def test_pass_every_time_counts_subsets(one: Counts, k: int) -> None:
    """C(passed, k) / C(all, k) is the share of the k runs out of all that passed without exception."""
    runs = [True] * one.passed + [False] * one.failed
    subsets = list(combinations(runs, k))
    expected = sum(map(all, subsets)) / len(subsets) if subsets else None

    assert pass_every_time([one], k) == (None if expected is None else pytest.approx(expected))


def test_pass_every_time_is_unbiased() -> None:
    """Its mean over many histories is the probability itself."""
    chance = np.random.default_rng(4)
    passed = chance.binomial(8, 0.7, size=20_000)
    shares = [pass_every_time([Counts(int(one), 8 - int(one))], 5) for one in passed]
    assert np.mean([share for share in shares if share is not None]) == pytest.approx(0.7**5, abs=0.005)


@settings(deadline=None)
@given(COUNTS)
def test_stability_is_the_share_of_pairs_that_agree(one: Counts) -> None:
    """Pass with pass or fail with fail; without two runs at the same inputs there is none."""
    runs = [True] * one.passed + [False] * one.failed
    pairs = list(combinations(runs, 2))
    expected = sum(a == b for a, b in pairs) / len(pairs) if pairs else None

    assert agreement([one]) == (None if expected is None else pytest.approx(expected))
    assert agreement([Counts(1, 0), Counts(0, 1)]) is None


@settings(deadline=None)
@given(st.floats(0.001, 0.99))
def test_passes_to_trust_leave_little_to_chance(rate: float) -> None:
    """So many passes have a chance of 5 % at most, and one fewer a greater one."""
    passes = passes_to_trust(rate)
    assert (1 - rate) ** passes <= 0.05 * (1 + 1e-9)
    assert passes == 1 or (1 - rate) ** (passes - 1) > 0.05
    assert math.isfinite(passes)
