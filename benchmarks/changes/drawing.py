"""Runs drawn from known levels."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from gnomon_analysis.statistics.model import Floats, Integers, Kind, Series

LOG_SD = 0.4
"""Standard deviation of the logarithm of a latency."""

COST_SHAPE = 4.0
"""Shape of the gamma distribution of costs: a coefficient of variation of a half."""


def drawn(
    rng: np.random.Generator,
    key: str,
    kind: Kind,
    levels: Floats,
    runs: int,
    *,
    family: str | None = None,
    tested: Integers | None = None,
    wobble: Floats | None = None,
    tag: Integers | None = None,
    prior: Floats | None = None,
) -> Series:
    """A series of `runs` runs at each of the `tested` commits (all, if None).

    `levels` has the rate or mean of each commit; `wobble`, if given, shifts each commit's logit (of a rate)
    or logarithm (of a mean). `tag` numbers the upstream state at each commit.
    """
    size = len(levels)
    tested = np.arange(size) if tested is None else tested
    at = np.repeat(tested, runs).astype(np.int64)
    level = _shifted(kind, levels, wobble)[at]
    if kind is Kind.PROPORTION:
        value = (rng.random(len(at)) < level).astype(np.float64)
    elif kind is Kind.DURATION:
        value = level * rng.lognormal(-(LOG_SD**2) / 2, LOG_SD, len(at))
    elif kind is Kind.COST:
        value = level * rng.gamma(COST_SHAPE, 1 / COST_SHAPE, len(at))
    else:
        value = rng.poisson(level).astype(np.float64)
    return Series(
        key=key,
        kind=kind,
        family=key if family is None else family,
        at=at,
        value=value,
        trials=np.ones(len(at)),
        tag=np.zeros(len(at), dtype=np.int64) if tag is None else tag[at],
        prior=prior,
    )


def stepped(size: int, before: float, *steps: tuple[int, float]) -> Floats:
    """Levels of `size` commits that are `before` until each (commit, level) of `steps` sets another."""
    levels = np.full(size, before)
    for at, level in steps:
        levels[at:] = level
    return levels


def _shifted(kind: Kind, levels: Floats, wobble: Floats | None) -> Floats:
    if wobble is None:
        return levels
    if kind is not Kind.PROPORTION:
        return np.asarray(levels * np.exp(wobble))
    return np.asarray(expit(logit(levels) + wobble))
