"""How often a test fails at inputs where it can pass, with what is not known about it.

The model. Each set of unchanged inputs (a commit and all that goes with it) either breaks the test, with
probability `dead`, and then it always fails; or the test has a failing rate there, drawn from a beta
distribution with mean `rate` and correlation `spread` between runs of one set of inputs: failures of n runs
are beta-binomial (J. G. Skellam, Journal of the Royal Statistical Society B 10, 1948). So a test that fails
for good at some commits is not taken for one that fails often, and a single failure at a commit that ran once
says little, as it may be either. All three are integrated over a grid: `rate` under Jeffreys' prior, `spread`
and `dead` under priors that favour none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gnomon_analysis.statistics.model import Interval

Floats = NDArray[np.float64]

# Far enough for what Jeffreys' prior puts near 0 and 1.
_LOGIT_REACH = 14.0
_RATES: Floats = special.expit(np.linspace(-_LOGIT_REACH, _LOGIT_REACH, 449))
# Jeffreys' density in the logit: sqrt(p (1 - p)).
_RATE_PRIOR: Floats = 0.5 * np.log(_RATES * (1 - _RATES))
_SPREADS = np.array([0.0, 0.05, 0.15, 0.35, 0.7])
_SPREAD_PRIOR = np.log([0.4, 0.2, 0.2, 0.1, 0.1])
_DEADS = np.array([0.0, 0.05, 0.2, 0.5, 0.8])
_DEAD_PRIOR = np.log([0.5, 0.2, 0.15, 0.1, 0.05])
_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Counts:
    """Outcomes at one set of unchanged inputs."""

    passed: int
    failed: int

    @property
    def trials(self) -> int:
        """All of them."""
        return self.passed + self.failed


@dataclass(frozen=True, slots=True, eq=False)
class FailingRate:
    """What is known of the failing rate: a posterior over the grid; shape (rates, spreads, deads).

    `passed` and `failed` count the trials behind it.
    """

    weights: Floats
    passed: int
    failed: int

    @property
    def interval(self) -> Interval:
        """The mean of the failing rate and its central interval of 95 %, as fractions of 1.

        Where nothing failed, or nothing passed, it reaches to the end of the scale, as for a plain share
        (`gnomon_analysis.statistics.beta.bounds`).
        """
        weights = self.weights.sum(axis=(1, 2))
        low, high = _quantiles(_RATES, weights)
        return Interval(
            float((_RATES * weights).sum()), low if self.failed else 0.0, high if self.passed else 1.0
        )

    def above(self, limit: float) -> float:
        """Probability that the failing rate is above a limit."""
        if limit <= 0:
            return 1.0
        weights = self.weights.sum(axis=(1, 2))
        reached = np.cumsum(weights) - weights / 2
        return 1.0 - float(np.interp(special.logit(limit), special.logit(_RATES), reached, 0.0, 1.0))

    def every_time(self, runs: int) -> Interval:
        """pass^k: the probability that `runs` runs at the same inputs all pass, with its 95 % interval."""
        values, order = _passing(runs)
        weights = self.weights.ravel()[order]
        low, high = _quantiles(values, weights)
        estimate = float((values * weights).sum())
        return Interval(estimate, low if self.passed else 0.0, high if self.failed else 1.0)


@lru_cache(maxsize=16)
def _passing(runs: int) -> tuple[Floats, NDArray[np.intp]]:
    """The probability that so many runs all pass in each cell of the grid, ascending; the cells' order."""
    passing = (np.exp(_log_likelihood(runs, 0))[:, :, None] * (1 - _DEADS)).ravel()
    order = np.argsort(passing)
    return passing[order], order


@lru_cache(maxsize=2048)
def _log_likelihood(trials: int, failed: int) -> Floats:
    """Log likelihood of the failures at one set of inputs that does not break the test; (rates, spreads)."""
    rates = _RATES[:, None]
    spreads = _SPREADS[1:]
    alpha = rates * (1 - spreads) / spreads
    beta = (1 - rates) * (1 - spreads) / spreads
    mixed = special.betaln(alpha + failed, beta + trials - failed) - special.betaln(alpha, beta)
    plain = failed * np.log(rates) + (trials - failed) * np.log1p(-rates)
    return np.concatenate([plain, mixed], axis=1)


def failing_rate(counts: Iterable[Counts]) -> FailingRate:
    """The posterior after the outcomes at some sets of inputs; without any it is the prior."""
    tally = Counter((one.trials, one.failed) for one in counts if one.trials)
    log = _RATE_PRIOR[:, None, None] + _SPREAD_PRIOR[None, :, None] + _DEAD_PRIOR[None, None, :]
    if sum(tally.values()) <= 1:
        # One set of inputs tells nothing of others: neither how they scatter nor whether some break the test.
        log[:, 1:, :] = log[:, :, 1:] = -np.inf
    with np.errstate(divide="ignore"):
        alive, dead = np.log1p(-_DEADS), np.log(_DEADS)
    for (trials, failed), times in tally.items():
        passing = _log_likelihood(trials, failed)[:, :, None] + alive
        log += times * (np.logaddexp(passing, dead) if failed == trials else passing)
    weights = np.exp(log - log.max())
    failures = sum(failed * times for (_, failed), times in tally.items())
    passes = sum((trials - failed) * times for (trials, failed), times in tally.items())
    return FailingRate(weights / weights.sum(), passes, failures)


def _quantiles(values: Floats, weights: Floats) -> tuple[float, float]:
    reached = np.cumsum(weights) - weights / 2
    tail = (1 - _LEVEL) / 2
    low, high = np.interp([tail, 1 - tail], reached, values)
    return float(low), float(high)


def pass_every_time(counts: Iterable[Counts], runs: int) -> float | None:
    """pass^k by the unbiased estimator: C(passed, k) / C(all, k) at inputs that ran at least k times.

    S. Yao and others, "tau-bench: a benchmark for tool-agent-user interaction in real-world domains" (2024).
    Over several sets of inputs the mean, weighted by their runs. None where nothing ran k times.
    """
    enough = [one for one in counts if one.trials >= runs]
    if not enough:
        return None
    shares = (math.comb(one.passed, runs) / math.comb(one.trials, runs) * one.trials for one in enough)
    return math.fsum(shares) / sum(one.trials for one in enough)


def agreement(counts: Iterable[Counts]) -> float | None:
    """Stability: how often two runs at the same inputs agree, pass with pass or fail with fail.

    Unbiased at each set of inputs, the mean weighted by the runs beyond the first. None where nothing ran
    twice.
    """
    twice = [one for one in counts if one.trials > 1]
    if not twice:
        return None
    agreeing = math.fsum(
        (math.comb(one.passed, 2) + math.comb(one.failed, 2)) / math.comb(one.trials, 2) * (one.trials - 1)
        for one in twice
    )
    return agreeing / sum(one.trials - 1 for one in twice)


def passes_to_trust(rate: float) -> int:
    """Passes in a row that a test with this failing rate shows with a chance of 5 % at most."""
    if rate <= 0:
        return 1
    if rate >= 1:
        return 1
    return max(1, math.ceil(math.log(1 - _LEVEL) / math.log1p(-rate)))
