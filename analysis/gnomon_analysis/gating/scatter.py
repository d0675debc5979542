"""What a whole run has in common with itself alone: a slow machine, a busy provider, a full cache.

It cannot be seen in one run on each side, however many cases that has. Runs of one and the same commit show
it; where there are few, the runs of neighbouring commits do, by the median of their steps, so that the
commits that did change something do not count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from gnomon_analysis.gating.differences import Scatter
from gnomon_analysis.gating.measures import Form, Value

# A run speaks for the cases when it has most of them.
_MOST = 0.8
# With fewer degrees of freedom from runs of one commit, neighbouring commits are asked as well.
_ENOUGH = 8.0
_LEAST_STEPS = 5
# Ratio of a normal deviate's standard deviation to its median, and how much of the data a median uses.
_DEVIATION_PER_MEDIAN = 1.4826
_EFFICIENCY = 0.37

# One run: what its cases said.
RunValues = Mapping[str, Value]


def between_runs(commits: Sequence[Sequence[RunValues]], cases: Sequence[str], form: Form) -> Scatter | None:
    """The scatter of whole runs, from the runs of each commit; neighbours stand side by side.

    In the unit of a difference: a share, or a logarithm. None where there are too few runs to tell.
    """
    transformed = [[_transformed(run, cases, form) for run in runs] for runs in commits]
    known = [[run for run in runs if len(run) >= _MOST * len(cases)] for runs in transformed]
    everything = [run for runs in known for run in runs]
    if len(everything) < 2:
        return None
    centre = {
        case: float(np.mean([run[case].value for run in everything if case in run]))
        for case in cases
        if any(case in run for run in everything)
    }
    levels = [[_level(run, centre, form) for run in runs] for runs in known if runs]
    squares = sum(float(np.var(runs)) * len(runs) for runs in levels)
    freedom = float(sum(len(runs) - 1 for runs in levels))
    if freedom >= _ENOUGH:
        return Scatter(squares / freedom, freedom)
    steps = [_step(first, second) for first, second in pairwise(levels)]
    if len(steps) >= _LEAST_STEPS:
        of_steps = _EFFICIENCY * len(steps)
        squares += (_DEVIATION_PER_MEDIAN * float(np.median(steps))) ** 2 * of_steps
        freedom += of_steps
    return Scatter(squares / freedom, freedom) if freedom >= 1 else None


def _step(first: Sequence[float], second: Sequence[float]) -> float:
    return abs(float(np.mean(second) - np.mean(first))) / math.sqrt(1 / len(first) + 1 / len(second))


def _level(run: RunValues, centre: Mapping[str, float], form: Form) -> float:
    if form is Form.TOTAL:
        usual = math.fsum(centre[case] for case in run)
        paid = math.fsum(value.value for value in run.values())
        return math.log(paid / usual) if min(paid, usual) > 0 else 0.0
    weights = np.array([value.weight for value in run.values()])
    moves = np.array([value.value - centre[case] for case, value in run.items()])
    return float(weights @ moves / weights.sum())


def _transformed(run: RunValues, cases: Sequence[str], form: Form) -> dict[str, Value]:
    found = {case: run[case] for case in cases if case in run}
    if form is Form.TYPICAL:
        return {case: Value(math.log(value.value)) for case, value in found.items()}
    return found
