"""How far a rate of several cases moved: as the mean of its cases, each compared with itself.

The statistics say that something moved and where. The figure that a person is told must be the one that a
board shows: the mean over the cases, each of which counts the same, whatever the model made of its noise.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gnomon_analysis.attribution.measured import Cells, Sums
from gnomon_analysis.statistics.model import Floats, Integers, Interval

# For how many commits what independent runs would scatter counts, against what the commits show.
_TRUST = 10.0


def rate_difference(
    cells: Cells,
    sums: Sums,
    position: Integers,
    rows: NDArray[np.intp],
    first_after: int,
) -> tuple[float, float, Interval] | None:
    """Mean of the cases' rates before and after, and the difference with its 95 % interval.

    `rows` are the rows of `cells` on both sides of `first_after`. Only cases that have runs on both sides are
    compared; the weight of each is its trials a run. The scatter is that of commits around the means of their
    side, runs of one commit together, stabilised by the binomial scatter of independent runs; Student's t.
    None where no case is on both sides.
    """
    case = np.unique(cells.case[rows], return_inverse=True)[1]
    after = position[cells.run[rows]] >= first_after
    total, count = sums.total[rows].astype(np.float64), sums.count[rows].astype(np.float64)
    cases = int(case.max(initial=-1)) + 1
    commit = position[cells.run[rows]]
    sides = [_Side(case[side], total[side], count[side], commit[side], cases) for side in (~after, after)]
    shared = (sides[0].trials > 0) & (sides[1].trials > 0)
    if not shared.any():
        return None
    weight = np.where(shared, (sides[0].trials + sides[1].trials) / (sides[0].rows + sides[1].rows), 0.0)
    before_rate, after_rate = (float((weight * side.rate).sum() / weight.sum()) for side in sides)
    squares = freedom = errors = 0.0
    for side in sides:
        found, commits = side.scatter(weight)
        squares += found
        freedom += commits - 1
    expected = float(np.mean([side.binomial(weight) for side in sides]))
    variance = (_TRUST * expected + squares) / (_TRUST + freedom)
    for chosen in (~after, after):
        errors += variance / len(np.unique(cells.run[rows[chosen]]))
    margin = float(special.stdtrit(_TRUST + freedom, 0.975)) * math.sqrt(errors)
    difference = after_rate - before_rate
    return (
        before_rate,
        after_rate,
        Interval(difference, max(-1.0, difference - margin), min(1.0, difference + margin)),
    )


class _Side:
    """The rates of the cases on one side; shape (cases,) each."""

    def __init__(
        self, case: NDArray[np.intp], total: Floats, count: Floats, commit: Integers, cases: int
    ) -> None:
        self.right = np.bincount(case, weights=total, minlength=cases)
        self.trials = np.bincount(case, weights=count, minlength=cases)
        self.rows = np.maximum(np.bincount(case, minlength=cases), 1)
        self.rate = np.divide(self.right, self.trials, out=np.zeros(cases), where=self.trials > 0)
        self._case = case
        self._deviation = total / count - self.rate[case]
        self._commit = commit

    def scatter(self, weight: Floats) -> tuple[float, int]:
        """Sum of squares of the commits' means around the side's, in terms of one run; and the commits."""
        commits, which = np.unique(self._commit, return_inverse=True)
        of_row = weight[self._case]
        mass = np.bincount(which, weights=of_row)
        sums = np.bincount(which, weights=of_row * self._deviation)
        mean = np.divide(sums, mass, out=np.zeros(len(commits)), where=mass > 0)
        # Several runs, or a part of the cases, are worth as many whole runs as they have cases.
        return float((mass / weight.sum() * mean**2).sum()), len(commits)

    def binomial(self, weight: Floats) -> float:
        """Variance of the mean over the cases of one run, if each case were a coin of its own."""
        rate = (self.right + 0.5) / (self.trials + 1.0)
        return float((weight**2 * rate * (1 - rate)).sum() / weight.sum() ** 2)
