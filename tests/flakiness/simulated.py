"""Trials of tests whose nature is known."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gnomon.settings.model import Flaky
from gnomon_analysis.flakiness.states import Judgement, judge
from gnomon_analysis.flakiness.timeline import timeline
from gnomon_analysis.store.rows import CaseTrials

Flags = NDArray[np.bool_]

# Failing rates of flaky tests: median 0.7 %, upper quartile 17 %, as reruns of ordinary suites showed them
# (A. Alshammari and others, "FlakeFlagger: predicting flakiness without rerunning tests", ICSE 2021).
_MEDIAN, _UPPER_QUARTILE = 0.007, 0.17
_SPREAD = np.log(_UPPER_QUARTILE / _MEDIAN) / 0.6745


def failing_rates(chance: Generator, number: int) -> NDArray[np.float64]:
    """Rates drawn from a log-normal distribution with these quartiles, within 0.01 % and 95 %."""
    drawn = np.exp(chance.normal(np.log(_MEDIAN), _SPREAD, size=20 * number))
    return drawn[(drawn >= 1e-4) & (drawn <= 0.95)][:number]


def judged(good: Flags, runs_a_commit: int, options: Flaky | None = None) -> Judgement:
    """What is said of a test with these outcomes, so many runs at each commit."""
    places = np.arange(len(good))
    trials = CaseTrials("simulated", "case")
    for place, outcome in zip(places.tolist(), good.tolist(), strict=True):
        trials.add(place, int(outcome), 1)
    return judge(timeline(trials, places // runs_a_commit), options or Flaky())


def regressing(chance: Generator, runs: int, runs_a_commit: int) -> Flags:
    """A deterministic test that some commits break and others mend."""
    commits = runs // runs_a_commit + 1
    switched = chance.random(commits) < chance.choice([0.02, 0.1, 0.3])
    broken = np.cumsum(switched) % 2 == 1
    return ~np.repeat(broken, runs_a_commit)[:runs]
