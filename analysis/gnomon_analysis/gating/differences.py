"""How far two sides of a metric differ on the same cases, how sure that is, and what more runs would tell.

The cases are given: the question is what this golden set says of the two commits, not what others would say.
What is left to chance is how each case falls out from run to run (cases are paired, so what makes them
unlike drops out), and what a whole run has in common, such as a slow day of the provider. The first is told
by the cases, the second by runs of one and the same commit; the larger of the two decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy import special

from gnomon.runs.proportion import wilson
from gnomon_analysis.gating.measures import Value
from gnomon_analysis.statistics.model import Floats, Interval

# Two-sided 95 %, as a point of the normal distribution.
Z_95 = 1.959963984540054
# Beyond it a probability is 0 for every purpose, and the tails of Student's t are no longer computed well.
_FARTHEST = 8.0


@dataclass(frozen=True, slots=True)
class Scatter:
    """Variance of what a whole run has in common, with the degrees of freedom that it is known with."""

    variance: float
    freedom: float


@dataclass(frozen=True, slots=True)
class Runs:
    """How many runs stand behind each side."""

    before: float
    after: float

    @property
    def share(self) -> float:
        """What the variance of a difference is a multiple of."""
        return 1 / self.before + 1 / self.after

    def more(self, count: int) -> Runs:
        """With so many more on each side."""
        return Runs(self.before + count, self.after + count)


class Margins(Protocol):
    """A difference by the cases alone: how far its limits lie at a point of the normal distribution."""

    @property
    def estimate(self) -> float:
        """After minus before; of amounts the logarithm of after divided by before."""

    def margins(self, z: float) -> tuple[float, float]:
        """Distance of the lower and of the upper limit from the estimate."""

    def more(self, now: Runs, then: Runs) -> Margins:
        """What it would be with more runs, if the estimate stayed."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Two shares on the same cases.

    R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based on
    paired data", Statistics in Medicine 17 (1998), method 10. With one run a side it is that: the Wilson
    limits of both shares, joined by their correlation with a continuity correction. Several runs of a case
    are further trials of it; what the cases have in common over the runs is their covariance between the
    sides, in which the noise of single runs has no part. `trials` are as many equal ones as the weighted ones
    amount to (L. Kish, Survey Sampling, 1965).
    """

    before: float
    after: float
    trials_before: float
    trials_after: float
    covariance: float

    @property
    def estimate(self) -> float:
        """After minus before."""
        return self.after - self.before

    def margins(self, z: float) -> tuple[float, float]:
        """Of the lower and the upper limit."""
        below_before, above_before = _wilson_margins(self.before, self.trials_before, z)
        below_after, above_after = _wilson_margins(self.after, self.trials_after, z)
        return self._joined(below_after, above_before), self._joined(above_after, below_before)

    def _joined(self, one: float, other: float) -> float:
        tie = self._correlation()
        balance = math.sqrt(self.trials_after / self.trials_before)
        squares = one * one + other * other
        # With as many trials on both sides this is Newcombe's; his formula is for nothing else.
        published = squares - tie * one * other * (balance + 1 / balance)
        return math.sqrt(max(published, squares * (1 - max(tie, 0.0)), 0.0))

    def _correlation(self) -> float:
        spread = self.before * (1 - self.before) * self.after * (1 - self.after)
        if spread < 1e-12:
            return 0.0
        covariance = self.covariance
        if covariance > 0:
            covariance = max(0.0, covariance - 1 / (2 * min(self.trials_before, self.trials_after)))
        return max(-1.0, min(1.0, covariance / math.sqrt(spread)))

    def more(self, now: Runs, then: Runs) -> Shares:
        """With more runs."""
        return replace(
            self,
            trials_before=self.trials_before * then.before / now.before,
            trials_after=self.trials_after * then.after / now.after,
        )


@dataclass(frozen=True, slots=True)
class Ratio:
    """The logarithm of a ratio with its standard error, by Student's t."""

    estimate: float
    error: float
    freedom: float

    def margins(self, z: float) -> tuple[float, float]:
        """Of the lower and the upper limit."""
        margin = self.error * _student(z, self.freedom)
        return margin, margin

    def more(self, now: Runs, then: Runs) -> Ratio:
        """With more runs."""
        return replace(self, error=self.error * math.sqrt(then.share / now.share))


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference with both kinds of chance; `scatter` is None where runs cannot tell it."""

    by_cases: Margins
    runs: Runs
    scatter: Scatter | None

    @property
    def estimate(self) -> float:
        """After minus before; of amounts the logarithm of after divided by before."""
        return self.by_cases.estimate

    def low(self, z: float = Z_95) -> float:
        """The lower limit."""
        return self.estimate - max(self.by_cases.margins(z)[0], self._run_margin(z))

    def high(self, z: float = Z_95) -> float:
        """The upper limit."""
        return self.estimate + max(self.by_cases.margins(z)[1], self._run_margin(z))

    @property
    def interval(self) -> Interval:
        """The estimate with its 95 % limits."""
        return Interval(self.estimate, self.low(), self.high())

    def p_above(self, bound: float) -> float:
        """One-sided probability of such data if the true difference were `bound` or less."""
        if self.estimate > bound:
            return _tail(lambda z: self.low(z) > bound)
        return 1 - _tail(lambda z: self.high(z) < bound)

    def p_below(self, bound: float) -> float:
        """One-sided probability of such data if the true difference were `bound` or more."""
        return 1 - self.p_above(bound)

    def more(self, count: int) -> Difference:
        """With so many more runs on each side, if the estimate stayed."""
        then = self.runs.more(count)
        return Difference(self.by_cases.more(self.runs, then), then, self.scatter)

    def _run_margin(self, z: float) -> float:
        if self.scatter is None:
            return 0.0
        return math.sqrt(self.scatter.variance * self.runs.share) * _student(z, self.scatter.freedom)


class _Excludes(Protocol):
    def __call__(self, z: float, /) -> bool: ...


def _tail(excludes: _Excludes) -> float:
    """The probability beyond the farthest point at which a limit still excludes the bound."""
    low, high = 0.0, _FARTHEST
    if excludes(high):
        return 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excludes(middle) else (low, middle)
    return _beyond(low)


def _student(z: float, freedom: float) -> float:
    return -float(special.stdtrit(freedom, _beyond(z)))


def _beyond(z: float) -> float:
    """The upper tail of the normal distribution."""
    return math.erfc(z / math.sqrt(2)) / 2


def _wilson_margins(share: float, trials: float, z: float) -> tuple[float, float]:
    whole = max(1, math.floor(trials + 1e-9))
    limits = wilson(min(share, 1.0) * whole, whole, z)
    assert limits is not None  # noqa: S101 - there is at least one trial
    return share - limits[0], limits[1] - share


# What each case said in each of its runs, on one side.
Observed = Mapping[str, Sequence[Value]]


def mean_of(several: Sequence[Value]) -> float:
    """The mean over the runs of a case."""
    return math.fsum(one.value for one in several) / len(several)


def shares(before: Observed, after: Observed) -> Shares:
    """Two shares over the cases of both sides, each case as heavy as its newest weight."""
    cases = [case for case in before if case in after]
    weights = np.array([after[case][-1].weight for case in cases])
    first, second = _means(before, cases), _means(after, cases)
    total = float(weights.sum())
    level_before, level_after = (float(weights @ side) / total for side in (first, second))
    return Shares(
        before=level_before,
        after=level_after,
        trials_before=total**2 / float(np.sum(weights**2 / _counts(before, cases))),
        trials_after=total**2 / float(np.sum(weights**2 / _counts(after, cases))),
        covariance=float(weights @ ((first - level_before) * (second - level_after))) / total,
    )


def ratio_of_totals(before: Observed, after: Observed) -> Ratio | None:
    """The logarithm of the ratio of two means, case by case; None where a mean is not positive.

    The delta method: the error is that of the cases' differences, each relative to its side's mean.
    """
    cases = [case for case in before if case in after]
    first, second = _means(before, cases), _means(after, cases)
    mean_before, mean_after = float(first.mean()), float(second.mean())
    if min(mean_before, mean_after) <= 0:
        return None
    moves = second / mean_after - first / mean_before
    weights = second / mean_after + first / mean_before
    scaled = [
        {case: [one.value / mean for one in side[case]] for case in cases}
        for side, mean in ((before, mean_before), (after, mean_after))
    ]
    return _ratio(math.log(mean_after / mean_before), moves, weights, scaled)


def ratio_of_typical(before: Observed, after: Observed) -> Ratio | None:
    """The logarithm of the ratio of two geometric means, case by case, for positive values."""
    cases = [case for case in before if case in after]
    logs = [{case: [math.log(one.value) for one in side[case]] for case in cases} for side in (before, after)]
    first, second = (
        np.array([math.fsum(side[case]) / len(side[case]) for case in cases], dtype=np.float64)
        for side in logs
    )
    moves = second - first
    return _ratio(float(moves.mean()), moves, np.ones(len(cases)), logs)


def _ratio(
    estimate: float, moves: Floats, weights: Floats, sides: Sequence[Mapping[str, Sequence[float]]]
) -> Ratio | None:
    """The error by the runs within each case, where each has several on both sides; else by the cases.

    The second contains how unlike the cases moved, so it is never too small. Where few dear cases make up
    most of a total, they are as many degrees of freedom as cases of one weight that scatter like them (F. E.
    Satterthwaite, Biometrics Bulletin 2, 1946).
    """
    count = len(moves)
    heavy = float(np.sum(weights**2) ** 2 / np.sum(weights**4))
    several = [values for side in sides for values in side.values()]
    if min(map(len, several)) > 1:
        variance = math.fsum(_variance(values) / len(values) for values in several) / count**2
        per_case = math.fsum(len(values) - 1 for values in several) / count
        return Ratio(estimate, math.sqrt(variance), max(1.0, heavy * per_case))
    if count < 2:
        return None
    return Ratio(estimate, float(moves.std(ddof=1)) / math.sqrt(count), max(1.0, heavy - 1))


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _means(side: Observed, cases: Sequence[str]) -> Floats:
    return np.array([mean_of(side[case]) for case in cases], dtype=np.float64)


def _counts(side: Observed, cases: Sequence[str]) -> Floats:
    return np.array([len(side[case]) for case in cases], dtype=np.float64)
