"""ruptures' PELT on commit means: squared error, penalty 3 v log n.

Its linear kernel is the same cost as `Pelt(model="l2")`, and the segments are the same; it is the
implementation in C, which takes seconds where the other takes minutes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import ruptures  # type: ignore[import-untyped]

from benchmarks.changes.detectors.protocol import commit_means
from benchmarks.changes.history import Finding, History
from gnomon_analysis.statistics.model import Floats


class Pelt:
    """The penalty's v is the variance of the noise, taken from differences of neighbours."""

    name = "ruptures PELT"

    def findings(self, history: History) -> Sequence[Finding]:
        """The ends of its segments."""
        found = []
        for series in history.series:
            means = commit_means(series)
            for index in breaks(means.mean):
                place = int(means.at[index])
                found.append(Finding(series.key, place, place))
        return found


def breaks(values: Floats) -> Sequence[int]:
    """Index of the first value of every segment but the first."""
    if len(values) < 4:
        return ()
    variance = float(np.mean(np.diff(values) ** 2)) / 2
    if variance == 0:
        return ()
    penalty = 3 * variance * np.log(len(values))
    ends = ruptures.KernelCPD(kernel="linear", min_size=2).fit(values).predict(pen=penalty)
    return [int(end) for end in ends[:-1]]
