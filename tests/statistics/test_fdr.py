"""Which of many findings are told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.statistics.fdr import bayesian, benjamini_hochberg

probabilities = st.lists(st.floats(0, 1), max_size=40)


def test_benjamini_hochberg_published_example() -> None:
    """The 15 p-values of Benjamini and Hochberg 1995 (section 3.2): the first four are told at 0.05."""
    values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    values += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert int(np.count_nonzero(benjamini_hochberg(values) <= 0.05)) == 4


def test_nothing_to_tell() -> None:
    """An empty list stays one."""
    assert benjamini_hochberg([]).size == 0
    assert bayesian([], 0.05).size == 0


@settings(deadline=None)
@given(probabilities, st.floats(0, 0.5))
def test_the_bound_holds_and_is_used(values: list[float], bound: float) -> None:
    """The mean of 1 - P of what is kept is within the bound; what is left out is less likely."""
    kept = bayesian(values, bound)
    found = np.array(values)
    if kept.any():
        assert float(np.mean(1 - found[kept])) <= bound + 1e-9
        assert (~kept).sum() == 0 or found[~kept].max() < found[kept].min()


@settings(deadline=None)
@given(probabilities)
def test_order_is_irrelevant(values: list[float]) -> None:
    """The same findings are kept whatever order they come in."""
    order = np.random.default_rng(len(values)).permutation(len(values))
    assert (bayesian(values, 0.1)[order] == bayesian(np.array(values)[order], 0.1)).all()


def test_share_of_false_ones() -> None:
    """With true probabilities, one in twenty of what is told is wrong."""
    generator = np.random.default_rng(5)
    stated = generator.beta(0.3, 0.3, 20_000)
    true = generator.random(20_000) < stated
    kept = bayesian(stated, 0.05)
    assert np.mean(~true[kept]) == pytest.approx(0.05, abs=0.01)
