"""Rates after so many trials."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from gnomon_analysis.statistics.beta import bounds, every_time


def test_published_values() -> None:
    """Jeffreys' interval of Brown, Cai and DasGupta 2001, table 5 (n = 7 to 20), to three digits."""
    for successes, trials, low, high in [(0, 7, 0.0, 0.292), (1, 10, 0.011, 0.381), (5, 10, 0.224, 0.776)]:
        found = bounds(successes, trials)
        assert (found.low, found.high) == pytest.approx((low, high), abs=6e-4)


def test_coverage_on_average_over_rates() -> None:
    """A rate drawn from the prior lies inside its own 95 % interval 95 times in 100."""
    generator = np.random.default_rng(3)
    held = 0
    for rate in generator.beta(0.5, 0.5, 4000):
        found = bounds(int(generator.binomial(12, rate)), 12)
        held += found.low <= rate <= found.high
    assert 0.945 <= held / 4000 <= 0.985


@settings(deadline=None)
@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 8))
def test_every_time(successes: int, failures: int, k: int) -> None:
    """pass^k is the mean of rate^k over the posterior, and falls with k."""
    found = every_time(successes, successes + failures, k)
    posterior = stats.beta(successes + 0.5, failures + 0.5)
    mean, _ = integrate.quad(lambda u: float(posterior.ppf(u)) ** k, 0, 1, limit=200)
    assert found.estimate == pytest.approx(mean, abs=2e-3)
    assert found.estimate <= bounds(successes, successes + failures).estimate + 1e-12
    assert found.low <= found.estimate <= found.high


def test_impossible_counts_are_refused() -> None:
    """More successes than trials are a mistake, not a rate."""
    with pytest.raises(ValueError, match="3 successes of 2 trials"):
        bounds(3, 2)
