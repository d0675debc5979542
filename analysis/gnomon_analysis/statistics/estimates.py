"""How high the levels before and after a change are, how far apart, and how sure that is.

Levels are drawn from their posterior, the place of the change along with them: an unsure place makes the
levels unsure, too. The scatter is that of commits, not of runs, so that what a commit's runs have in common
counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnomon_analysis.statistics import likelihoods
from gnomon_analysis.statistics.lines import Line
from gnomon_analysis.statistics.model import Floats, Interval, Kind
from gnomon_analysis.statistics.segmentation import Cut

_DRAWS = 4000
# Places of less than this share move no interval.
_LEAST_SHARE = 0.002
_MOST_FREEDOM = 20.0
# Logarithm of a factor beyond which nobody asks how far: of two or three commits the tails reach anywhere.
_MOST_NOISE = 50.0
_POWER = (1.959964 + 0.841621) ** 2
# Log odds of a probability of 0.9, from which on a movement is told.
_TOLD = float(np.log(9.0))


@dataclass(frozen=True, slots=True)
class Size:
    """Levels on both sides of a change, in the metric's own unit."""

    before: Interval
    after: Interval
    difference: Interval
    ratio: Interval | None


def size(line: Line, cut: Cut) -> Size:
    """Levels, difference and ratio with 95 % intervals: medians and central intervals of draws.

    Rates: Beta(1/2 + S, 1/2 + N - S) of the weighted successes (Jeffreys' prior). Means: Student's t around
    the mean, its scatter that of the commits of both sides together with that between neighbours. The ratio
    of durations is that of geometric means, that of costs and counts that of means. The draws are the same
    for the same data.
    """
    drawn = np.random.default_rng(20_20)
    told = cut.shares >= _LEAST_SHARE
    gaps, shares = cut.gaps[told], cut.shares[told] / cut.shares[told].sum()
    counts = np.diff(np.round(np.concatenate([[0.0], np.cumsum(shares)]) * _DRAWS)).astype(np.int64)
    before, after, ratios = [], [], []
    for gap, count in zip(gaps, counts, strict=True):
        if count:
            one = _levels(line, slice(cut.first, gap), int(count), drawn)
            other = _levels(line, slice(gap, cut.last), int(count), drawn)
            before.append(one[0])
            after.append(other[0])
            ratios.append(other[1] / np.maximum(one[1], 1e-300))
    low, high = np.concatenate(before), np.concatenate(after)
    ratio = None if line.kind is Kind.PROPORTION else _interval(np.concatenate(ratios))
    return Size(_interval(low), _interval(high), _interval(high - low), ratio)


def _levels(line: Line, where: slice, count: int, drawn: np.random.Generator) -> tuple[Floats, Floats]:
    """Draws of a stretch's level, and of what its ratio to another is taken of."""
    weight, level = line.weight[where], line.level[where]
    mass = float(weight.sum())
    mean = float((weight * level).sum() / mass) if mass > 0 else float(level.mean())
    if line.kind is Kind.PROPORTION:
        rate = drawn.beta(0.5 + mass * mean, 0.5 + mass * (1 - mean), count)
        return rate, rate
    if line.kind is Kind.COUNT:
        found = drawn.gamma(0.5 + mass * mean, 1 / max(mass, 1e-12), count)
        return found, found
    value = line.value[where]
    centre = float((weight * value).sum() / mass) if mass > 0 else float(value.mean())
    prior = float(np.clip(line.freedom, 1.0, _MOST_FREEDOM))
    freedom = prior + max(0, value.size - 1)
    scatter = (prior * line.scatter + float((weight * (value - centre) ** 2).sum())) / freedom
    noise = drawn.standard_t(freedom, count) * np.sqrt(scatter / max(mass, 1e-12))
    if line.kind is Kind.COST:
        # A difference of scaled cube roots is a relative one only around the usual level.
        noise = noise / max(1 + centre / 3, 0.1)
    noise = np.clip(noise, -_MOST_NOISE, _MOST_NOISE)
    found = mean * np.exp(noise)
    return found, np.exp(centre + noise) if line.kind is Kind.DURATION else found


def _interval(draws: Floats) -> Interval:
    low, middle, high = np.quantile(draws, (0.025, 0.5, 0.975))
    return Interval(float(middle), float(low), float(high))


def runs_needed(line: Line, cut: Cut, have: int, least: int) -> int:
    """How many more runs, on the side that has `have`, would tell the difference that there seems to be.

    The number a side for power 0.8 at the level 0.05, (z_0.975 + z_0.8)^2 (v1 + v2) / d^2 with the variance v
    of one run on each side and the difference d, and at least `least` in all. Nor fewer than make up for how
    unlikely a change is beforehand: log Bayes factors grow in proportion to the runs.
    """
    before, after = _one_run(line, slice(cut.first, cut.gap)), _one_run(line, slice(cut.gap, cut.last))
    distance = abs(after[0] - before[0])
    if distance <= 0:
        return max(1, least - have)
    needed = _POWER * (before[1] + after[1]) / distance**2
    likelihood = likelihoods.of_line(line)
    evidence = float(
        likelihood.between(cut.first, cut.gap)[0]
        + likelihood.between(cut.gap, cut.last)[0]
        - likelihood.between(cut.first, cut.last)[0]
    )
    if evidence > 0:
        needed = max(needed, have * (1 + (_TOLD - cut.log_odds) / evidence))
    return int(max(1, np.ceil(max(needed, least)) - have))


def _one_run(line: Line, where: slice) -> tuple[float, float]:
    """Level of a stretch as the model sees it, and the variance of one run around it."""
    weight, value, runs = line.weight[where], line.value[where], line.runs[where]
    mass, count = float(weight.sum()), float(runs.sum())
    centre = float((weight * value).sum() / mass) if mass > 0 else float(value.mean())
    a_run = mass / count if mass > 0 else 1.0
    if line.kind is Kind.PROPORTION:
        shrunk = (centre * mass + 0.5) / (mass + 1)
        return centre, shrunk * (1 - shrunk) / a_run
    if line.kind is Kind.COUNT:
        return centre, (centre * mass + 0.5) / (mass * a_run)
    return centre, line.scatter / a_run
