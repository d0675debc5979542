"""From columns of results to one row a case and run: what each case came to in each run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon_analysis.attribution import metrics
from gnomon_analysis.attribution.metrics import Metric
from gnomon_analysis.attribution.reading import Calls, Codes, Numbers, Results


@dataclass(frozen=True, slots=True)
class Sums:
    """A metric by rows: the sum of its values (of its successes), and their number (of its trials)."""

    total: Numbers
    count: Numbers


@dataclass(frozen=True, slots=True)
class Cells:
    """One row a case and run of one suite in one environment, by case, then run.

    `skill` is the expected one, `actual` the one that answered, both of the case's last result in the run.
    """

    case: Codes
    run: Codes
    skill: Codes
    category: Codes
    actual: Codes
    sums: Mapping[Metric, Sums]

    def of_case(self, case: int) -> slice:
        """The rows of one case."""
        begin, end = np.searchsorted(self.case, (case, case + 1))
        return slice(int(begin), int(end))


def cells(results: Results, calls: Calls, wanted: NDArray[np.bool_]) -> Cells:
    """The rows of the wanted results, with the model calls of their tests."""
    chosen = np.flatnonzero(wanted)
    chosen = chosen[np.lexsort((results.run[chosen], results.case[chosen]))]
    case, run = results.case[chosen], results.run[chosen]
    starts = _starts(case, run)
    last = np.append(starts[1:], len(chosen))[: len(starts)] - 1

    def summed(value: Numbers, trials: Numbers | None = None) -> Sums:
        known = value[chosen]
        there = ~np.isnan(known)
        weight = there.astype(np.float32) if trials is None else np.where(there, trials[chosen], 0)
        return Sums(_sum(np.where(there, known, 0), starts), _sum(np.nan_to_num(weight), starts))

    # Where routing is judged, passing is the same question asked twice.
    unjudged = np.where(np.isnan(results.correct), results.passed, np.float32(np.nan))
    sums = {
        metrics.ROUTING_ACCURACY: summed(results.correct),
        metrics.TOOL_USE_ACCURACY: summed(results.tools_matched, results.tools_expected),
        metrics.CLARIFICATION_RATE: summed(results.asked),
        metrics.PASS_RATE: summed(unjudged),
        metrics.ATTEMPTS: summed(results.reruns),
    }
    tests = summed(results.passed).count
    here = Cells(
        case=case[starts],
        run=run[starts],
        skill=results.skill[chosen][last],
        category=results.category[chosen][last],
        actual=results.actual[chosen][last],
        sums=sums,
    )
    of_calls = _with_calls(here, calls, np.maximum(tests, 1))
    if not np.any(of_calls[metrics.LATENCY].count):
        of_calls[metrics.LATENCY] = summed(results.duration)
    sums |= of_calls
    return here


def _with_calls(here: Cells, calls: Calls, tests: Numbers) -> dict[Metric, Sums]:
    """Sums over the model calls of each test; a row whose calls say nothing of a metric has none of it."""
    width = int(max(here.run.max(initial=0), calls.run.max(initial=0))) + 1
    keys = here.case.astype(np.int64) * width + here.run
    of_call = calls.case.astype(np.int64) * width + calls.run
    row = np.searchsorted(keys, of_call)
    row[row == len(keys)] = 0
    theirs = (keys[row] == of_call) if len(keys) else np.zeros(len(of_call), bool)

    def summed(value: Numbers) -> Sums:
        there = theirs & ~np.isnan(value)
        total = np.bincount(row[there], weights=value[there], minlength=len(keys))
        known = np.bincount(row[there], minlength=len(keys)) > 0
        return Sums(total.astype(np.float32), np.where(known, tests, 0).astype(np.float32))

    of: dict[Metric, Callable[[], Numbers]] = {
        metrics.LATENCY: lambda: calls.latency,
        metrics.RETRIES: lambda: calls.retries,
        metrics.TOKENS: lambda: calls.tokens,
        metrics.COST: lambda: calls.cost,
    }
    return {metric: summed(column()) for metric, column in of.items()}


def _starts(*columns: Codes) -> NDArray[np.intp]:
    """Where a new combination begins, in columns that are sorted together."""
    if not len(columns[0]):
        return np.empty(0, np.intp)
    differs = np.zeros(len(columns[0]), bool)
    differs[0] = True
    for column in columns:
        differs[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(differs)


def _sum(values: NDArray[np.floating], starts: NDArray[np.intp]) -> Numbers:
    if not len(starts):
        return np.empty(0, np.float32)
    return np.add.reduceat(values, starts).astype(np.float32)
