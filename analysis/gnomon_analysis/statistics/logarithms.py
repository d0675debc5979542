"""Sums of what is kept as logarithms."""

from __future__ import annotations

import numpy as np

from gnomon_analysis.statistics.model import Floats


def log_sum(values: Floats) -> float:
    """log(sum(exp(values))) of all values; they must not be empty, and not all of them minus infinity."""
    most = float(values.max())
    return most + float(np.log(np.exp(values - most).sum()))


def log_sums(values: Floats) -> Floats:
    """The same along the first axis."""
    most = values.max(axis=0)
    return np.asarray(most + np.log(np.exp(values - most).sum(axis=0)))
