"""Series drawn from known levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gnomon_analysis.statistics import locate
from gnomon_analysis.statistics.model import Floats, Kind, Move, Options, Series

OPTIONS = Options()


def series(
    levels: Sequence[float] | Floats,
    *,
    runs: int = 5,
    seed: int = 0,
    kind: Kind = Kind.PROPORTION,
    key: str = "case",
    family: str | None = None,
    tested: Sequence[int] | None = None,
    tags: Sequence[int] | None = None,
    prior: Floats | None = None,
) -> Series:
    """`runs` runs of each tested commit, around its level: a rate, or the mean of a skewed distribution."""
    drawn = np.random.default_rng(seed)
    commits = np.arange(len(levels)) if tested is None else np.asarray(tested)
    at = np.repeat(commits, runs).astype(np.int64)
    level = np.asarray(levels, dtype=np.float64)[at]
    if kind is Kind.PROPORTION:
        value = (drawn.random(at.size) < level).astype(np.float64)
    elif kind is Kind.COUNT:
        value = drawn.poisson(level).astype(np.float64)
    else:
        value = level * drawn.gamma(6.0, 1 / 6.0, at.size)
    tag = np.zeros(at.size, dtype=np.int64) if tags is None else np.asarray(tags, dtype=np.int64)[at]
    return Series(key, kind, family or key, at, value, np.ones(at.size), tag, prior)


def step(size: int, at: int, before: float, after: float) -> Floats:
    """Levels of commits, of which `at` moves them."""
    return np.where(np.arange(size) < at, before, after)


def located(*found: Series, size: int | None = None, options: Options = OPTIONS) -> list[Move]:
    """What moved in a history that ends with the last run."""
    return locate(size or max(int(one.at[-1]) for one in found) + 1, found, options)


def until(whole: Series, size: int) -> Series:
    """What was known of a series after so many commits."""
    rows = int(np.searchsorted(whole.at, size))
    return replace(
        whole,
        at=whole.at[:rows],
        value=whole.value[:rows],
        trials=whole.trials[:rows],
        tag=whole.tag[:rows],
        prior=None if whole.prior is None else whole.prior[:size],
    )
