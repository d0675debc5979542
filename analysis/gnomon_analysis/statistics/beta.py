"""What is known of a rate after so many successes of so many trials: the beta distribution."""

from __future__ import annotations

import math

from scipy import special

from gnomon_analysis.statistics.model import Interval

# Jeffreys' prior: its intervals cover what they say on average over rates, also near 0 and 1 (L. D. Brown,
# T. T. Cai, A. DasGupta, "Interval estimation for a binomial proportion", Statistical Science 16, 2001).
JEFFREYS = (0.5, 0.5)


def bounds(
    successes: float, trials: float, level: float = 0.95, prior: tuple[float, float] = JEFFREYS
) -> Interval:
    """The mean of the posterior and its central interval of the given level, as fractions of 1.

    Beta-binomial: the posterior of a Beta(a, b) prior is Beta(a + successes, b + failures). A bound on which
    every success (or none) lies is the end of the scale itself, as Brown, Cai and DasGupta advise. Raises
    ValueError for impossible counts.
    """
    alpha, beta = _posterior(successes, trials, prior)
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(special.betaincinv(alpha, beta, tail))
    high = 1.0 if successes == trials else float(special.betaincinv(alpha, beta, 1 - tail))
    return Interval(alpha / (alpha + beta), low, high)


def every_time(successes: float, trials: float, k: int, prior: tuple[float, float] = JEFFREYS) -> Interval:
    """pass^k: the probability that k further trials all succeed, with its 95 % interval.

    The estimate is the posterior mean of rate^k, B(a + k, b) / B(a, b); the interval is that of the rate, its
    ends to the power of k, which keeps its level since the power is monotone. Raises ValueError for
    impossible counts.
    """
    alpha, beta = _posterior(successes, trials, prior)
    rate = bounds(successes, trials, prior=prior)
    estimate = math.exp(
        math.lgamma(alpha + k)
        - math.lgamma(alpha)
        - math.lgamma(alpha + beta + k)
        + math.lgamma(alpha + beta)
    )
    # The mean of a high power lies in the tail, beyond the interval even, where hardly any trial succeeded.
    return Interval(estimate, min(estimate, rate.low**k), max(estimate, rate.high**k))


def _posterior(successes: float, trials: float, prior: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    return prior[0] + successes, prior[1] + trials - successes
