"""The same cases at two commits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gnomon_analysis.statistics.paired import paired, sign_flip_test


@settings(deadline=None)
@given(st.integers(0, 14), st.integers(0, 14))
def test_moves_of_one_size_are_mcnemars_test(risen: int, fallen: int) -> None:
    """Six up and one down are judged as the binomial distribution judges them."""
    expected = stats.binomtest(risen, risen + fallen).pvalue if risen + fallen else 1.0
    exact = risen + fallen <= 16
    found = sign_flip_test(np.array([1.0] * risen + [-1.0] * fallen + [0.0] * 3))
    assert found == pytest.approx(expected, abs=1e-9 if exact else 0.01)


def test_chance_alone_is_rarely_told() -> None:
    """Cases that did not move are below 0.05 one time in twenty, and the interval holds 0 the others."""
    generator = np.random.default_rng(11)
    told = held = 0
    for _ in range(300):
        before = {str(case): float(generator.binomial(3, 0.7) / 3) for case in range(12)}
        after = {str(case): float(generator.binomial(3, 0.7) / 3) for case in range(12)}
        found = paired(before, after)
        assert found is not None
        told += found.p < 0.05
        held += found.difference.low <= 0 <= found.difference.high
    assert told <= 0.07 * 300
    assert held >= 0.92 * 300


def test_only_shared_cases_count() -> None:
    """A case that one side lacks says nothing; without any shared one there is no answer."""
    found = paired({"a": 1.0, "b": 0.5, "c": 0.0}, {"b": 1.0, "c": 0.0, "d": 1.0})
    assert found is not None
    assert (found.cases, found.risen, found.fallen, found.difference.estimate) == (2, ("b",), (), 0.25)
    assert paired({"a": 1.0}, {"b": 1.0}) is None


def test_one_case_has_no_interval() -> None:
    """A single case cannot say how cases scatter."""
    found = paired({"a": 1.0}, {"a": 0.0})
    assert found is not None
    assert (found.difference.low, found.difference.high) == (-math.inf, math.inf)


@settings(deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=30))
def test_order_and_unit_are_irrelevant(moves: list[float]) -> None:
    """The order of the cases and the unit of the values change nothing."""
    found = sign_flip_test(np.array(moves))
    assert sign_flip_test(np.array(moves[::-1])) == pytest.approx(found, abs=1e-12)
    assert sign_flip_test(np.array(moves) * 4096.0) == pytest.approx(found, abs=1e-12)
