"""The trials of one test in the order of time, grouped by the inputs that they had in common.

Inputs are unchanged while repository, commit, hashes of skills and configuration, version of the golden set,
environment, department, agent and answering model are the same. A dirty working tree, or a run that knew no
commit, is compared with nothing but itself, attempt with attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gnomon_analysis.flakiness.failing_rate import Counts
from gnomon_analysis.store.rows import CaseTrials, TrialRun

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# A test's last trials, as many as are looked at: what was before says nothing of now.
REMEMBERED = 1000

# How much likelier two levels must be than one, beyond the number of places where they could part.
_SPLIT_ODDS = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Trials in the order of time.

    Attributes:
        run: Place of each trial's run among all runs; shape (trials,).
        good: Whether it was good; shape (trials,).
        first: Whether it was the first attempt of its run; shape (trials,).
        group: Number of the inputs that it had, counted by their first trial; shape (trials,).
        keys: What identifies each group; shape (groups,).
    """

    run: Integers
    good: Flags
    first: Flags
    group: Integers
    keys: Integers

    @property
    def groups(self) -> int:
        """How many different inputs there were."""
        return len(self.keys)

    def by_group(self, *, until: int | None = None, first: bool = False) -> list[Counts]:
        """Outcomes of each group, of the trials up to `until`; only of first attempts if asked."""
        good, group = self.good[:until], self.group[:until]
        if first:
            kept = self.first[:until]
            good, group = good[kept], group[kept]
        passed = np.bincount(group, weights=good, minlength=self.groups)
        trials = np.bincount(group, minlength=self.groups)
        return [Counts(int(yes), int(every - yes)) for yes, every in zip(passed, trials, strict=True)]

    def trailing(self, *, good: bool) -> int:
        """How many trials at the end were all good, or all bad."""
        other = np.flatnonzero(self.good != good)
        return len(self.good) - (int(other[-1]) + 1 if len(other) else 0)


def input_keys(runs: Sequence[TrialRun]) -> Integers:
    """A number for the inputs of each run, apart from the answering model; equal where they were the same."""
    numbers: dict[tuple[object, ...], int] = {}
    return np.array([numbers.setdefault(_inputs(run), len(numbers)) for run in runs], dtype=np.int64)


def _inputs(run: TrialRun) -> tuple[object, ...]:
    if run.dirty or run.commit is None:
        return (run.run_id,)
    return (
        run.repository,
        run.commit,
        run.skills_hash,
        run.config_hash,
        run.golden_set_version,
        run.environment,
        run.department,
        run.agent,
        run.tests_from,
    )


def timeline(trials: CaseTrials, inputs: Integers) -> Timeline:
    """The last trials of a test, at most `REMEMBERED`, in the order of their runs and attempts."""
    run = np.asarray(trials.runs, dtype=np.int64)
    attempt = np.asarray(trials.attempts, dtype=np.int64)
    good = np.asarray(trials.good, dtype=bool)
    order = np.lexsort((attempt, run))[-REMEMBERED:]
    run = run[order]
    return _grouped(run, good[order], attempt[order] == 1, inputs[run])


def with_tags(line: Timeline, tags: Integers) -> Timeline:
    """The same trials with inputs told apart by the model that answered, too.

    `tags` numbers the model of each trial, -1 where none answered: such a trial counts with the model of the
    one before it at the same inputs, else of the one after.
    """
    known = tags.copy()
    for group in range(line.groups):
        places = np.flatnonzero(line.group == group)
        known[places] = _filled(tags[places])
    return _grouped(line.run, line.good, line.first, line.keys[line.group] * (known.max() + 2) + known + 1)


def _filled(tags: Integers) -> Integers:
    told = np.flatnonzero(tags >= 0)
    if not len(told):
        return tags
    before = np.searchsorted(told, np.arange(len(tags)), side="right") - 1
    return tags[told[np.maximum(before, 0)]]


def _grouped(run: Integers, good: Flags, first: Flags, key: Integers) -> Timeline:
    keys, at, group = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(at)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return Timeline(run, good, first, rank[group], keys[order])


def stretches(counts: Sequence[Counts]) -> list[tuple[int, int]]:
    """The stretches of inputs at which a test failed about equally often, oldest first.

    Binary segmentation from the newest end: a stretch is cut where two levels explain its outcomes better
    than one (beta-binomial likelihoods under Jeffreys' prior), and what lies behind the cut again. Each is
    a first place in `counts` and one behind the last.
    """
    good = np.cumsum([0.0, *(one.passed for one in counts)])
    bad = np.cumsum([0.0, *(one.failed for one in counts)])
    starts = [0]
    while (cut := _cut(good[starts[-1] :], bad[starts[-1] :])) is not None:
        starts.append(starts[-1] + cut)
    return list(zip(starts, [*starts[1:], len(counts)], strict=True))


def _cut(good: NDArray[np.float64], bad: NDArray[np.float64]) -> int | None:
    size = len(good) - 1
    if size < 2 or bad[-1] == bad[0] or good[-1] == good[0]:
        return None
    places = np.arange(1, size)
    two = _evidence(good[places] - good[0], bad[places] - bad[0]) + _evidence(
        good[-1] - good[places], bad[-1] - bad[places]
    )
    best = int(np.argmax(two))
    gain = float(two[best]) - float(_evidence(good[-1] - good[0], bad[-1] - bad[0]))
    return best + 1 if gain > np.log(size) + _SPLIT_ODDS else None


def _evidence(good: NDArray[np.float64], bad: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(special.betaln(good + 0.5, bad + 0.5) - special.betaln(0.5, 0.5))
