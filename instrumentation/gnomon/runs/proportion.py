"""Shares of successes with the uncertainty that a handful of trials leaves."""

from __future__ import annotations

import math

# The 97.5 % point of the standard normal distribution: a two-sided interval of 95 %.
Z_95 = 1.959963984540054


def wilson(successes: float, trials: int, z: float = Z_95) -> tuple[float, float] | None:
    """The score interval of a binomial share, as two fractions of 1; `None` without trials.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22 (1927). It keeps its coverage for few trials and for shares
    near 0 and 1, where the textbook interval collapses. `successes` may be a sum of means (of repeated
    runs of one trial). Raises ValueError for impossible counts.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if trials == 0:
        return None
    share = successes / trials
    square = z * z
    centre = share + square / (2 * trials)
    margin = z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    scale = 1 + square / trials
    return (max(0.0, (centre - margin) / scale), min(1.0, (centre + margin) / scale))
