"""Who it was among 32 commits, by running one test again: Gnomon's search beside two kinds of bisect.

Known beforehand are forty runs at the last commit that was good and ten at the head, for all alike. What
counts is the share of searches that end at the right commit, and the mean number of runs they took.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.changes.scores import Figure, ratio
from gnomon_analysis.bisection.evidence import Integers, RateEvidence
from gnomon_analysis.bisection.search import Price, next_steps, posterior
from gnomon_analysis.statistics.model import Floats

CANDIDATES = 32
HISTORY_RUNS = 40
HEAD_RUNS = 10
SURE = 0.95
BUDGET = 400

RATES = ((1.0, 0.0), (0.95, 0.0), (0.95, 0.3), (0.95, 0.6))
"""Pass rates before and after."""

BARRED = (0.95, 0.6)


@dataclass(slots=True)
class Trial:
    """A test at the commits from the last good one, 0, to the head: it can be run, and counts its runs."""

    rng: np.random.Generator
    culprit: int
    before: float
    after: float
    runs: int = 0

    def passed(self, position: int, runs: int) -> int:
        """How many of so many runs at a position passed."""
        self.runs += runs
        return int(self.rng.binomial(runs, self.after if position >= self.culprit else self.before))

    def known(self) -> tuple[Floats, Floats]:
        """Passes and runs at each position that are there before the search; shape (1, positions)."""
        trials = np.zeros((1, CANDIDATES + 1))
        trials[0, 0], trials[0, -1] = HISTORY_RUNS, HEAD_RUNS
        passes = np.zeros_like(trials)
        passes[0, 0] = self.rng.binomial(HISTORY_RUNS, self.before)
        passes[0, -1] = self.rng.binomial(HEAD_RUNS, self.after)
        return passes, trials


def gnomon(trial: Trial) -> int:
    """By expected information, to 95 % or the budget; a run has one price, checking out has none."""
    evidence = RateEvidence(*trial.known())
    price = Price(checkout=0.0, run=0.0, cases=np.ones(1))
    case: Integers = np.zeros(1, dtype=np.int64)
    prior, runnable = np.ones(CANDIDATES + 1), np.ones(CANDIDATES + 1, dtype=bool)
    while True:
        believed = posterior(evidence, prior)
        if believed.confidence >= SURE or trial.runs >= BUDGET:
            return believed.likeliest
        steps = next_steps(believed, price, runnable=runnable)
        if not steps:
            return believed.likeliest
        for step in steps:
            passed = trial.passed(step.position, step.repeats)
            evidence.add(step.position, case, np.array([passed]), np.array([step.repeats]))


def one_run(trial: Trial) -> int:
    """`git bisect run`: a commit is bad if the test fails there."""
    return _bisected(lambda position: trial.passed(position, 1) == 0)


def ten_runs(trial: Trial) -> int:
    """Ten runs a step: a commit is bad if fewer pass than half-way between the known rates."""
    passes, trials = trial.known()
    middle = (passes[0, 0] / trials[0, 0] + passes[0, -1] / trials[0, -1]) / 2
    return _bisected(lambda position: trial.passed(position, 10) / 10 < middle)


SEARCHES: dict[str, Callable[[Trial], int]] = {
    "Gnomon": gnomon,
    "bisect, 1 run": one_run,
    "bisect, 10 runs a step": ten_runs,
}


def search(task: tuple[str, tuple[float, float], int, int]) -> tuple[bool, int]:
    """Whether search number `n` by a name, at these rates, was right, and its runs."""
    name, rates, seed, number = task
    rng = np.random.default_rng(np.random.SeedSequence([seed, 32, RATES.index(rates), number]))
    trial = Trial(rng, int(rng.integers(1, CANDIDATES + 1)), *rates)
    return SEARCHES[name](trial) == trial.culprit, trial.runs


def figures(searches: Sequence[tuple[bool, int]]) -> dict[str, Figure]:
    """Share right and mean runs."""
    return {
        "right": ratio((right, 1) for right, _ in searches),
        "runs": ratio((runs, 1) for _, runs in searches),
    }


def _bisected(bad: Callable[[int], bool]) -> int:
    good_end, bad_end = 0, CANDIDATES
    while bad_end - good_end > 1:
        middle = (good_end + bad_end) // 2
        if bad(middle):
            bad_end = middle
        else:
            good_end = middle
    return bad_end
