"""What most people do: each commit's runs against those of the commit before, p < 0.05."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats

from benchmarks.changes.history import Finding, History
from gnomon_analysis.statistics.model import Series


class CommitBefore:
    """Student's t-test of two commits' runs; commits with one run are passed over."""

    name = "commit before, p < .05"

    def findings(self, history: History) -> Sequence[Finding]:
        """Every commit that differs from the one before."""
        return [
            Finding(series.key, place, place) for series in history.series for place in _different(series)
        ]


def _different(series: Series) -> Iterator[int]:
    at, row = np.unique(series.at, return_inverse=True)
    runs = np.bincount(row)
    mean = np.bincount(row, series.value) / runs
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.bincount(row, (series.value - mean[row]) ** 2) / (runs - 1)
        freedom = runs[1:] + runs[:-1] - 2
        pooled = ((runs[1:] - 1) * variance[1:] + (runs[:-1] - 1) * variance[:-1]) / freedom
        t = np.abs(np.diff(mean)) / np.sqrt(pooled * (1 / runs[1:] + 1 / runs[:-1]))
        p = 2 * stats.t.sf(t, freedom)
    # No spread on either side and yet a difference: certain, as the test sees it. No difference either: no p.
    enough = (runs[1:] > 1) & (runs[:-1] > 1)
    for index in np.flatnonzero(enough & (p < 0.05)):
        yield int(at[index + 1])
