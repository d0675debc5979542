"""Which of many findings to tell, so that few of those told are wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gnomon_analysis.statistics.model import Floats


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjusted p-values, in the order given: those of at most 0.05 keep the share of false ones at 5 %.

    Y. Benjamini and Y. Hochberg, Journal of the Royal Statistical Society B 57 (1995). For tests that were
    fixed before the data came (experiments, canaries, gates); searched-for changes need `bayesian`. Raises
    ValueError for what is not a probability.
    """
    values = np.asarray(p_values, dtype=np.float64)
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError("p-values lie between 0 and 1")
    falling = np.argsort(values)[::-1]
    ranks = np.arange(values.size, 0, -1)
    adjusted = np.empty_like(values)
    adjusted[falling] = np.minimum.accumulate(values[falling] * values.size / ranks)
    return np.minimum(adjusted, 1.0)


def told(probabilities: ArrayLike, bound: float, times: ArrayLike = 3.0) -> NDArray[np.bool_]:
    """Which movements to tell: as `bayesian`, each of them by itself at most `times` as likely wrong.

    A long list of certain findings would otherwise carry doubtful ones along, other ones with every run that
    is added. A short list is judged as the continuation of one that holds two certain findings: the bound is
    meant for all that somebody reads, not for each list of one.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    kept = bayesian(np.append(values, [1.0, 1.0]), bound)[:-2]
    return np.asarray(kept & (values >= 1 - np.asarray(times) * bound), dtype=np.bool_)


def bayesian(probabilities: ArrayLike, bound: float) -> NDArray[np.bool_]:
    """Which findings to keep: by falling probability, while the mean of 1 - P stays at or under `bound`.

    M. A. Newton, A. Noueiry, D. Sarkar, P. Ahlquist, "Detecting differential gene expression with a
    semiparametric hierarchical mixture method", Biostatistics 5 (2004). Findings of the same probability are
    kept or left together, so that the order they come in does not matter.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if not values.size:
        return np.zeros(0, dtype=np.bool_)
    falling = np.sort(values)[::-1]
    kept = np.cumsum(1 - falling) <= bound * np.arange(1, values.size + 1) + 1e-12
    # The running mean only grows, so what is kept is a prefix; it may end amid equals.
    count = int(np.argmin(kept)) if not kept.all() else values.size
    if count == values.size:
        return np.ones(values.size, dtype=np.bool_)
    return np.asarray(values > falling[count], dtype=np.bool_)
