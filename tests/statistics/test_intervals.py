"""Intervals of two independent groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.statistics.intervals import newcombe, ratio_of_means, welch, welch_of_logs


def test_newcombe_published_values() -> None:
    """Newcombe 1998 (Statistics in Medicine 17, 873-890, table II, method 10), first minus second."""
    for (successes, trials, others, of_them), (low, high) in {
        (56, 70, 48, 80): (0.0524, 0.3339),
        (9, 10, 3, 10): (0.1705, 0.8090),
        (5, 56, 0, 29): (-0.0381, 0.1926),
        (10, 10, 0, 20): (0.6791, 1.0),
    }.items():
        found = newcombe(others, of_them, successes, trials)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_swapping_the_sides_mirrors_the_difference(first: int, second: int, data: st.DataObject) -> None:
    """What is better one way round is worse by as much the other way round."""
    before, after = data.draw(st.integers(0, first)), data.draw(st.integers(0, second))
    one, other = newcombe(before, first, after, second), newcombe(after, second, before, first)
    assert (one.estimate, one.low, one.high) == pytest.approx((-other.estimate, -other.high, -other.low))
    assert one.low <= one.estimate <= one.high


@pytest.mark.parametrize("group", ["newcombe", "welch", "welch_of_logs", "ratio_of_means"])
def test_coverage(group: str) -> None:
    """Each holds the truth about 95 times in 100, on the data that it is for, at ten runs a side."""
    generator = np.random.default_rng(7)
    held = 0
    for _ in range(2000):
        if group == "newcombe":
            truth = -0.2
            found = newcombe(int(generator.binomial(10, 0.9)), 10, int(generator.binomial(10, 0.7)), 10)
        elif group == "welch":
            truth = 1.0
            found = welch(generator.normal(5, 1, 10), generator.normal(6, 2, 10))
        elif group == "welch_of_logs":
            truth = 1.3
            found = welch_of_logs(*(generator.lognormal(level, 0.4, 10) for level in (0, math.log(truth))))
        else:
            truth = 1.5
            found = ratio_of_means(generator.gamma(4, 1, 10), generator.gamma(4, 1.5, 10))
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 2000 <= 0.98


@pytest.mark.parametrize("ratio", [welch_of_logs, ratio_of_means])
def test_ratios_know_no_unit(ratio: object) -> None:
    """Cents or dollars, seconds or hours: the ratio is the same."""
    assert callable(ratio)
    before, after = [1.0, 2.0, 4.0], [3.0, 3.5, 5.0]
    found = ratio(before, after)
    scaled = ratio([1000 * value for value in before], [1000 * value for value in after])
    assert (scaled.estimate, scaled.low, scaled.high) == pytest.approx(
        (found.estimate, found.low, found.high)
    )


def test_values_without_scatter() -> None:
    """Where nothing scatters the difference is as it is."""
    assert welch([1.0, 1.0], [2.0, 2.0]).low == welch([1.0, 1.0], [2.0, 2.0]).high == 1.0


def test_too_little_is_refused() -> None:
    """One value has no scatter, no trial has no share, nothing has no logarithm."""
    with pytest.raises(ValueError, match="two values"):
        welch([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="trials on both sides"):
        newcombe(0, 0, 1, 2)
    with pytest.raises(ValueError, match="positive"):
        welch_of_logs([0.0, 1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="positive"):
        ratio_of_means([0.0, 0.0], [1.0, 2.0])
