"""Runs gathered by the commit that they measured: what the models work on.

Runs of one commit share a machine, an hour and a mood of the model, so they say less than as many independent
runs would. How much less is read off neighbouring commits: where their rates or means differ more than their
runs explain, each commit's weight is taken down accordingly. Scatter within a commit alone is never used to
judge differences between commits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon_analysis.statistics.model import Floats, Integers, Kind, Series

# The ratio that pairs of neighbours show is itself unsure by about this over the root of their number; only
# what lies above that is over-dispersion. Without it half of all clean series would lose evidence to
# chance.
DOUBT = 1.2
# How many pairs of neighbours the assumption of independent runs counts for, against what the pairs show.
TRUST = 10.0
# How many pairs the scatter of runs within their commits counts for, and how many commits of one run each it
# takes to tell a step from scatter.
_FEW = 2.0
_LEAST_ENTRIES = 6
# A pair further apart than so many times the usual squared distance is a step, and no noise.
_STEP = 9.0
_ODD = 7.0
_ROUNDS = 3
# A value further than so many standard deviations from the median of those around it is an outlier.
_FAR = 2.5
_AROUND = 11
# Scatter that no metric falls below, relative to its level: a constant series would be infinitely sure.
_LEAST_SCATTER = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A series, an entry for each commit that was measured (under each upstream state, in a row).

    Attributes:
        kind: What its numbers are.
        at: Position of each entry's commit; shape (entries,).
        tag: Upstream state of each entry.
        runs: Number of runs of each entry.
        level: Rate or mean of each entry in the metric's own unit.
        value: What the model sees: the rate, the mean logarithm of a duration, the scaled cube root of a mean
            cost, or the mean count.
        weight: Trials each entry is worth (proportions, counts), or its weight in units of `scatter`.
        scatter: Variance of `value` at weight 1; 1 for proportions and counts, whose models know it.
        freedom: Degrees of freedom that `scatter` was estimated with.
    """

    kind: Kind
    at: Integers
    tag: Integers
    runs: Floats
    level: Floats
    value: Floats
    weight: Floats
    scatter: float
    freedom: float

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self.at)


def line(series: Series) -> Line:
    """Gathers the runs of a series, and weighs its commits."""
    starts = _starts(series.at, series.tag)
    if starts.size == series.at.size:
        # A run a commit: long histories are kept once, as they came.
        at, tag, trials = series.at, series.tag, series.trials
        runs = np.broadcast_to(1.0, starts.size)
        level = series.value / trials if series.kind is Kind.PROPORTION else series.value
    else:
        at, tag, trials = series.at[starts], series.tag[starts], np.add.reduceat(series.trials, starts)
        runs = np.diff(np.append(starts, len(series.at))).astype(np.float64)
        won = series.value if series.kind is Kind.PROPORTION else series.value * series.trials
        level = np.add.reduceat(won, starts) / trials
    if series.kind is Kind.PROPORTION:
        weight = trials / _inflation(trials, *_of_proportions(level, trials))
        return Line(series.kind, at, tag, runs, level, level, weight, 1.0, 0.0)
    if series.kind is Kind.COUNT:
        weight = trials / _of_counts(level, trials)
        return Line(series.kind, at, tag, runs, level, level, weight, 1.0, 0.0)
    if series.kind is Kind.DURATION:
        of_runs = _logarithms(series.value)
        value = means = np.add.reduceat(of_runs * series.trials, starts) / trials
    else:
        usual = float((level * trials).sum() / trials.sum())
        of_runs, value = _cube_roots(series.value, usual), _cube_roots(level, usual)
        means = np.add.reduceat(of_runs * series.trials, starts) / trials
    weight, own = _even_weights(of_runs, means, starts, runs)
    scatter, freedom = _scatter(value, weight, own)
    value = _without_outliers(value, np.sqrt(scatter / weight))
    return Line(series.kind, at, tag, runs, level, value, weight, scatter, freedom)


def neighbours(value: Floats, weight: Floats) -> tuple[float, float]:
    """Variance at weight 1, from the squared distances of neighbours, and how many pairs it is from.

    J. von Neumann, "Distribution of the ratio of the mean square successive difference to the variance",
    Annals of Mathematical Statistics 12 (1941): a step disturbs one pair only. The pair of the likeliest step
    is left out, others that lie far above the rest are cut off.
    """
    if value.size < 3:
        return 0.0, 0.0
    usual = steady(value, weight)
    squares = np.diff(value) ** 2 / (1 / weight[1:] + 1 / weight[:-1])
    return without_steps(squares[usual], np.ones(value.size - 2)), float(value.size - 2)


def steady(value: Floats, weight: Floats) -> NDArray[np.bool_]:
    """All pairs of neighbours but the one between which a single step would fit best; shape (entries - 1,).

    The estimates of scatter allow for one step that way: of a short line one pair of neighbours that lie on
    both sides of a step would make up most of what there seems to be. The best fit is where the two means
    differ most in units of their error (D. M. Hawkins, "Testing a sequence of observations for a shift in
    location", Journal of the American Statistical Association 72, 1977).
    """
    told = np.ones(max(value.size - 1, 0), dtype=np.bool_)
    if not told.size:
        return told
    mass, sums = np.cumsum(weight), np.cumsum(weight * value)
    excess = sums[:-1] - mass[:-1] * (sums[-1] / mass[-1])
    told[int(np.argmax(excess**2 / (mass[:-1] * (mass[-1] - mass[:-1]))))] = False
    return told


def gathered(frame: Line, kind: Kind, value: Floats, level: Floats, *, runs: Floats, weight: Floats) -> Line:
    """A line over the entries of `frame` from values that were put together of several series.

    The scatter is what neighbours show, less or more than independent runs would have.
    """
    variance, pairs = neighbours(value, weight)
    if kind in (Kind.PROPORTION, Kind.COUNT):
        mean = float((weight * value).sum() / weight.sum())
        expected = max(mean * (1 - mean) if kind is Kind.PROPORTION else mean, 1e-6)
        ratio = (TRUST + pairs * variance / expected) / (TRUST + pairs)
        return Line(kind, frame.at, frame.tag, runs, level, value, weight / max(ratio, 0.05), 1.0, 0.0)
    return Line(kind, frame.at, frame.tag, runs, level, value, weight, max(variance, 1e-9), pairs)


def without_steps(found: Floats, expected: Floats) -> float:
    """Sum of `found` over sum of `expected` over pairs of neighbours, what lies far above others cut off."""
    total = float(expected.sum())
    if total <= 0:
        return 1.0
    ratio = float(found.sum()) / total
    for _ in range(_ROUNDS):
        ratio = float(np.minimum(found, _STEP * ratio * expected).sum()) / total
    return ratio


def _without_odd_ones(found: Floats, expected: Floats) -> float:
    """The same, but pairs that lie far above the rest are left out; a little less than all would say.

    Of rates near 0 or 1 a single odd commit outweighs all others together. What is usual is first read off
    the nine tenths of the pairs that lie nearest to each other.
    """
    distance = found / expected
    near = distance <= np.quantile(distance, 0.9)
    ratio = float(found[near].sum() / expected[near].sum())
    for _ in range(_ROUNDS):
        if ratio <= 0:
            break
        usual = distance <= _ODD * ratio
        ratio = float(found[usual].sum() / expected[usual].sum())
    return ratio


def _starts(at: Integers, tag: Integers) -> Integers:
    if not at.size:
        return np.zeros(0, dtype=np.int64)
    new = np.flatnonzero((np.diff(at) != 0) | (np.diff(tag) != 0)) + 1
    return np.concatenate([np.zeros(1, dtype=np.int64), new])


def _of_proportions(rate: Floats, trials: Floats) -> tuple[float, float]:
    """Over-dispersion between neighbouring commits, and the mean trials that it is of.

    Each pair's own pooled variance p(1 - p) times N/(N - 1), without which a single run a commit would look
    over-dispersed twice, is what independent runs explain of the squared distance of their rates.
    """
    if rate.size < 2:
        return 1.0, 1.0
    pooled_trials = trials[1:] + trials[:-1]
    pooled = (rate[1:] * trials[1:] + rate[:-1] * trials[:-1]) / pooled_trials
    variance = pooled * (1 - pooled) * pooled_trials / np.maximum(pooled_trials - 1, 1)
    expected = variance * (1 / trials[1:] + 1 / trials[:-1])
    found = np.diff(rate) ** 2
    told = (expected > 0) & steady(rate, trials)
    pairs = float(np.count_nonzero(told))
    if not pairs:
        return 1.0, 1.0
    ratio = _without_odd_ones(found[told], expected[told])
    return max(1.0, ratio - DOUBT / np.sqrt(pairs)), float(trials.mean())


def _inflation(trials: Floats, dispersion: float, mean: float) -> Floats:
    """Over-dispersion by number of trials: 1 + (trials - 1) times the correlation of a commit's runs."""
    if dispersion <= 1.0 or mean <= 1.0:
        return np.ones_like(trials)
    return np.asarray(1 + (trials - 1) * (dispersion - 1) / (mean - 1))


def _of_counts(mean: Floats, trials: Floats) -> float:
    """Variance over mean between neighbouring commits: 1 for Poisson, below it for nearly constant counts."""
    if mean.size < 2:
        return 1.0
    expected = (mean[1:] + mean[:-1]) / 2 * (1 / trials[1:] + 1 / trials[:-1])
    told = (expected > 0) & steady(mean, trials)
    pairs = float(np.count_nonzero(told))
    if not pairs:
        return 1.0
    ratio = without_steps(np.diff(mean)[told] ** 2, expected[told])
    # What the pairs themselves leave open counts towards 1.
    doubt = DOUBT / np.sqrt(pairs)
    return float(max(1.0, ratio - doubt) if ratio > 1 else min(1.0, max(ratio, 0.05) + 2 * doubt))


def _logarithms(level: Floats) -> Floats:
    """Logarithms; a mean of nothing at all counts as half the least that was seen."""
    positive = level[level > 0]
    if not positive.size:
        return np.zeros_like(level)
    return np.asarray(np.log(np.maximum(level, positive.min() / 2)))


def _cube_roots(level: Floats, usual: float) -> Floats:
    """Cube roots, on a scale on which small differences are relative ones, 0 at the usual level.

    Those of gamma variables are nearly normal, of any shape (E. B. Wilson and M. M. Hilferty, "The
    distribution of chi-square", Proceedings of the National Academy of Sciences 17, 1931); the logarithm of
    what is sometimes nearly nothing has a long tail to the left. It is the transformation of G. E. P. Box and
    D. R. Cox (Journal of the Royal Statistical Society B 26, 1964) with the power 1/3.
    """
    if usual <= 0:
        return np.zeros_like(level)
    return np.asarray(3 * (np.cbrt(level / usual) - 1))


def relative(kind: Kind, deviation: Floats) -> Floats:
    """How many times a level another one is whose `value` lies so much above; of a cost, above the usual."""
    return np.maximum(1 + deviation / 3, 0.0) ** 3 if kind is Kind.COST else np.exp(deviation)


def _without_outliers(value: Floats, error: Floats) -> Floats:
    """Values drawn in to 2.5 standard deviations from the median of the eleven around them.

    A single commit far out says as much as one that is merely unusual; of a skewed distribution the long tail
    would otherwise pass for changes. A step moves the median with it.
    """
    if value.size < _AROUND:
        return value
    # `scipy.ndimage` has this, too, and takes longer to load than all medians of a look do.
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(value, _AROUND // 2, mode="symmetric"), window_shape=_AROUND
    )
    middle = np.partition(around, _AROUND // 2, axis=-1)[:, _AROUND // 2]
    return np.asarray(np.clip(value, middle - _FAR * error, middle + _FAR * error))


def _even_weights(
    of_runs: Floats, means: Floats, starts: Integers, runs: Floats
) -> tuple[Floats, float | None]:
    """Weight of each commit's mean, and the variance at weight 1 that independent runs would have.

    Runs / (1 + (runs - 1) rho), rho the correlation of a commit's runs; 1 where all have as many runs. The
    variance is that of runs around their commit's mean, and None where there is one run a commit.
    """
    within_freedom = float((runs - 1).sum())
    if within_freedom < 1:
        return np.ones(runs.size), None
    within = float(((of_runs - np.repeat(means, runs.astype(np.int64))) ** 2).sum()) / within_freedom
    if runs.size < 2 or runs.max() == runs.min():
        return np.ones(runs.size), within / float(runs[0])
    spread = 1 / runs[1:] + 1 / runs[:-1]
    usual = steady(means, runs)
    squares = np.diff(means) ** 2
    ratio = without_steps(squares[usual], within * spread[usual]) if within > 0 and usual.any() else 1.0
    between = max(0.0, (ratio - 1) * within * float(spread.mean()) / 2)
    rho = between / (between + within) if between + within > 0 else 1.0
    return np.asarray(runs / (1 + (runs - 1) * rho)), between + within


def _scatter(value: Floats, weight: Floats, own: float | None) -> tuple[float, float]:
    """Variance at weight 1, and its degrees of freedom: what neighbours show, or independent runs would have.

    The latter counts for a few pairs, which matters where there are hardly more.
    """
    variance, pairs = neighbours(value, weight)
    if own is not None:
        variance, pairs = (_FEW * own + pairs * variance) / (_FEW + pairs), _FEW + pairs
    elif 1 < value.size < _LEAST_ENTRIES:
        # Of single runs of a few commits nobody can tell a step from scatter.
        squares = np.diff(value) ** 2 / (1 / weight[1:] + 1 / weight[:-1])
        variance, pairs = float(squares.mean()), float(squares.size)
    return max(variance, _LEAST_SCATTER**2), pairs
