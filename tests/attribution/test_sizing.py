"""The size of a movement as the mean of the cases, and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from gnomon_analysis.attribution import metrics
from gnomon_analysis.attribution.measured import Cells, Sums
from gnomon_analysis.attribution.sizing import rate_difference

CASES = 30


def cells(right: np.ndarray) -> tuple[Cells, Sums, np.ndarray]:
    """Cells of one run a commit; `right` has a row a case and a column a commit, NaN for not run."""
    case, run = np.nonzero(~np.isnan(right))
    zeros = np.zeros(len(case), np.int32)
    sums = Sums(right[case, run].astype(np.float32), np.ones(len(case), np.float32))
    found = Cells(
        case.astype(np.int32), run.astype(np.int32), zeros, zeros, zeros, {metrics.ROUTING_ACCURACY: sums}
    )
    return found, sums, np.arange(right.shape[1])


def test_the_interval_covers_what_it_says() -> None:
    """Over 600 drawn histories with cases of all kinds the interval holds the truth about 95 times in 100."""
    drawn = np.random.default_rng(7)
    held = 0
    for _ in range(600):
        before = drawn.beta(0.5, 0.5, CASES)
        after = np.where(drawn.random(CASES) < 0.2, drawn.random(CASES), before)
        rates = np.repeat(np.stack([before, after], axis=1), (6, 5), axis=1)
        found, sums, position = cells((drawn.random(rates.shape) < rates).astype(float))
        sized = rate_difference(found, sums, position, np.arange(len(found.case)), 6)
        assert sized is not None
        held += sized[2].low <= (after - before).mean() <= sized[2].high
    assert 0.92 <= held / 600 <= 0.995


def test_cases_that_were_added_or_left_out_shift_nothing() -> None:
    """A case is compared with itself; one that is on a single side is not compared."""
    right = np.tile(np.array([1.0, 0.0, 1.0, np.nan])[:, None], (1, 8))
    right[3, 4:] = 0.0
    right[1, 2:5] = np.nan
    found, sums, position = cells(right)
    sized = rate_difference(found, sums, position, np.arange(len(found.case)), 4)
    assert sized is not None
    before, after, difference = sized
    assert (before, after, difference.estimate) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 0.0)


def test_nothing_in_common_has_no_size() -> None:
    """Other cases before than after: there is nothing to compare."""
    right = np.array([[1.0, 1.0, np.nan, np.nan], [np.nan, np.nan, 0.0, 0.0]])
    found, sums, position = cells(right)
    assert rate_difference(found, sums, position, np.arange(len(found.case)), 2) is None
