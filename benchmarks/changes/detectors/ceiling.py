"""A cheat that knows the levels before and after each step, and what commits touched: it only places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from benchmarks.changes.drawing import COST_SHAPE, LOG_SD
from benchmarks.changes.history import Finding, History, Step
from gnomon_analysis.statistics.model import Candidate, Floats, Kind, Series

_LEAST_RATE = 1e-6
"""What always passes is taken to fail as rarely as that, so that evidence stays finite."""


class Ceiling:
    """What nobody who has to find the levels out can do better, series by series."""

    name = "ceiling"

    def findings(self, history: History) -> Sequence[Finding]:
        """The likeliest place of each true step, however little the runs say."""
        return [
            _placed(series, step, history.steps[series.key])
            for series in history.series
            for step in history.steps.get(series.key, ())
        ]


def _placed(series: Series, step: Step, steps: Sequence[Step]) -> Finding:
    first = max((other.at for other in steps if other.at < step.at), default=0)
    last = min((other.at for other in steps if other.at > step.at), default=int(series.at[-1]) + 1)
    inside = (series.at >= first) & (series.at < last)
    gain = _gain(series.kind, series.value[inside], step)
    at, row = np.unique(series.at[inside], return_inverse=True)
    # Evidence that all from this commit on are after the step.
    after = np.cumsum(np.bincount(row, gain)[::-1])[::-1]
    share = np.exp(after - logsumexp(after))
    # A measured commit stands for those since the one measured before it.
    commits = np.arange(at[0], at[-1] + 1)
    weight = np.ones(len(commits)) if series.prior is None else series.prior[commits]
    stands = np.searchsorted(at, commits)
    share = share[stands] * weight
    share /= share.sum()
    order = np.argsort(-share, kind="stable")
    count = int(np.searchsorted(np.cumsum(share[order]), 0.95)) + 1
    candidates = tuple(Candidate(int(commits[index]), float(share[index])) for index in order[:count])
    place = candidates[0].at
    return Finding(series.key, place, place, candidates=candidates, p_place=candidates[0].share)


def _gain(kind: Kind, value: Floats, step: Step) -> Floats:
    """Log-likelihood of each run after the step less that before it."""
    if kind is Kind.PROPORTION:
        before, after = np.clip([step.before, step.after], _LEAST_RATE, 1 - _LEAST_RATE)
        passed = np.log(after / before)
        failed = np.log((1 - after) / (1 - before))
        return np.asarray(np.where(value > 0, passed, failed))
    ratio = step.after / step.before
    if kind is Kind.DURATION:
        centre = np.log(value / step.before) + LOG_SD**2 / 2
        return np.asarray((centre - np.log(ratio) / 2) * np.log(ratio) / LOG_SD**2)
    if kind is Kind.COST:
        return np.asarray(COST_SHAPE * (value / step.before * (1 - 1 / ratio) - np.log(ratio)))
    return np.asarray(value * np.log(ratio) - (step.after - step.before))
