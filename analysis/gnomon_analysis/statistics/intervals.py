"""Two groups of independent runs compared: how far apart their levels are, with the 95 % interval.

Each function takes the group before and the group after and answers after minus before, or after divided by
before. Which to use: `newcombe` for shares, `welch` for means of what is about symmetric, `welch_of_logs` for
durations, `ratio_of_means` for money, where the total is what is paid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from gnomon.runs.proportion import wilson
from gnomon_analysis.statistics.model import Floats, Interval


def newcombe(successes_before: int, trials_before: int, successes_after: int, trials_after: int) -> Interval:
    """The difference of two shares, as a fraction of 1.

    R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
    Medicine 17 (1998), method 10: the Wilson limits of both shares, their distances joined in squares. It
    keeps its coverage from 5 runs a side on, where the textbook interval holds the truth 4 times in 5. Raises
    ValueError without trials on both sides or for impossible counts.
    """
    limits_before = wilson(successes_before, trials_before)
    limits_after = wilson(successes_after, trials_after)
    if limits_before is None or limits_after is None:
        raise ValueError("a difference of shares needs trials on both sides")
    before, after = successes_before / trials_before, successes_after / trials_after
    below = math.hypot(after - limits_after[0], limits_before[1] - before)
    above = math.hypot(limits_after[1] - after, before - limits_before[0])
    return Interval(after - before, max(-1.0, after - before - below), min(1.0, after - before + above))


def welch(before: ArrayLike, after: ArrayLike) -> Interval:
    """The difference of two means, in the unit of the values.

    B. L. Welch, Biometrika 34 (1947): Student's t with the degrees of freedom of Welch and Satterthwaite, so
    that the scatter may differ between the sides. Raises ValueError with fewer than two values on a side.
    """
    return _welch(_mean(_sample(before)), _mean(_sample(after)))


def welch_of_logs(before: ArrayLike, after: ArrayLike) -> Interval:
    """The ratio of two geometric means, for positive and skewed values such as durations.

    Welch's interval of the difference of mean logarithms, taken back by the exponential. Raises ValueError
    with fewer than two values on a side, or for values that are not positive.
    """
    first, second = _sample(before), _sample(after)
    if min(first.min(), second.min()) <= 0:
        raise ValueError("a ratio of geometric means needs positive values")
    return _exponential(welch(np.log(first), np.log(second)))


def ratio_of_means(before: ArrayLike, after: ArrayLike) -> Interval:
    """The ratio of two arithmetic means, for costs, where the total counts.

    The delta method on the logarithm of the ratio: its squared error is the sum of the squared relative
    errors of both means, with the degrees of freedom of Welch and Satterthwaite. Raises ValueError with fewer
    than two values on a side, or where a mean is not positive.
    """
    first, second = _sample(before), _sample(after)
    if min(first.mean(), second.mean()) <= 0:
        raise ValueError("a ratio of means needs positive means")
    return _exponential(_welch(_logarithm(_mean(first)), _logarithm(_mean(second))))


def _sample(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or found.size < 2:
        raise ValueError("an interval of means needs at least two values on each side")
    return found


@dataclass(frozen=True, slots=True)
class _Level:
    """An estimated level, its squared standard error and the number of values it is from."""

    level: float
    error: float
    size: int


def _mean(values: Floats) -> _Level:
    return _Level(float(values.mean()), float(values.var(ddof=1) / values.size), values.size)


def _logarithm(mean: _Level) -> _Level:
    return _Level(math.log(mean.level), mean.error / mean.level**2, mean.size)


def _welch(before: _Level, after: _Level) -> Interval:
    difference, error = after.level - before.level, before.error + after.error
    if error == 0.0:
        return Interval(difference, difference, difference)
    freedom = error**2 / (before.error**2 / (before.size - 1) + after.error**2 / (after.size - 1))
    margin = float(special.stdtrit(freedom, 0.975)) * math.sqrt(error)
    return Interval(difference, difference - margin, difference + margin)


def _exponential(interval: Interval) -> Interval:
    return Interval(math.exp(interval.estimate), math.exp(interval.low), math.exp(interval.high))
