"""What a detector is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.changes.history import Finding, History
from gnomon_analysis.statistics.model import Floats, Integers, Kind, Series


class Detector(Protocol):
    """Says what moved in a history; it must not look at the truth (only the ceiling does)."""

    @property
    def name(self) -> str:
        """How tables call it."""

    def findings(self, history: History) -> Sequence[Finding]:
        """What it says."""


@dataclass(frozen=True, slots=True)
class CommitMeans:
    """A series as most tools take it: one number for each measured commit."""

    at: Integers
    mean: Floats
    runs: Integers


def commit_means(series: Series) -> CommitMeans:
    """Successes by trials, or the mean of all values, at each measured commit."""
    at, row = np.unique(series.at, return_inverse=True)
    proportion = series.kind is Kind.PROPORTION
    total = np.bincount(row, series.value if proportion else series.value * series.trials)
    return CommitMeans(at, total / np.bincount(row, series.trials), np.bincount(row))


def rate_of_all(history: History) -> History:
    """The same history with one series: the rate over all its cases, as a board shows it for a suite."""
    at = np.concatenate([series.at for series in history.series])
    order = np.argsort(at, kind="stable")
    first = history.series[0]
    together = Series(
        key=first.family,
        kind=first.kind,
        family=first.family,
        at=at[order],
        value=np.concatenate([series.value for series in history.series])[order],
        trials=np.concatenate([series.trials for series in history.series])[order],
        tag=np.concatenate([series.tag for series in history.series])[order],
    )
    return History(history.group, history.cell, history.size, (together,), weight=history.weight)
