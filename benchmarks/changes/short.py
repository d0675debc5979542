"""Histories of a dozen commits or fewer: what somebody has who has just begun.

Falls of 20 to 100 points of single series and of suites, and nothing at all; in every second history each
commit's machine and hour move its runs a little, too.
"""

from __future__ import annotations

import itertools

import numpy as np

from benchmarks.changes.drawing import drawn, stepped
from benchmarks.changes.history import History, Step
from benchmarks.changes.levels import any_level, any_rate, batch, pass_rate
from gnomon_analysis.statistics.model import Floats, Kind, Series

COMMITS = (2, 3, 5, 8, 12)
RUNS = (1, 3, 5, 10)
POINTS = (20, 50, 100)
STEPS = tuple(itertools.product(COMMITS, RUNS, POINTS))
NOTHING = tuple(itertools.product(COMMITS, RUNS))
KINDS = (Kind.PROPORTION, Kind.PROPORTION, Kind.DURATION, Kind.COST)

SINGLE, SUITE, CLEAN, CLEAN_SUITE = "short", "short-suite", "short-clean", "short-clean-suite"


def single(rng: np.random.Generator, number: int) -> History:
    """One series with one step."""
    commits, runs, points = STEPS[number % len(STEPS)]
    at = int(rng.integers(1, commits))
    step = _fall(rng, points, at)
    series = drawn(
        rng,
        "series",
        Kind.PROPORTION,
        stepped(commits, step.before, (at, step.after)),
        runs,
        wobble=_wobble(rng, Kind.PROPORTION, commits, number // len(STEPS)),
    )
    cell = f"{commits} commits, {runs} runs, -{points} points"
    return History(SINGLE, cell, commits, (series,), {"series": (step,)}, weight=0.0)


def suite(rng: np.random.Generator, number: int) -> History:
    """A suite of 20 to 70 cases, of which a tenth or half fall."""
    commits, runs, points = STEPS[number % len(STEPS)]
    at = int(rng.integers(1, commits))
    cases = int(rng.integers(20, 71))
    falling = set(rng.permutation(cases)[: cases // (10, 2)[number % 2]].tolist())
    wobble = _wobble(rng, Kind.PROPORTION, commits, number // len(STEPS))
    series: list[Series] = []
    steps = {}
    for case in range(cases):
        levels = np.full(commits, any_rate(rng))
        if case in falling:
            step = _fall(rng, points, at)
            steps[f"case {case}"] = (step,)
            levels = stepped(commits, step.before, (at, step.after))
        series.append(
            drawn(rng, f"case {case}", Kind.PROPORTION, levels, runs, family="suite", wobble=wobble)
        )
    cell = f"{commits} commits, {runs} runs, -{points} points"
    return History(SUITE, cell, commits, tuple(series), steps, weight=0.0)


def clean(rng: np.random.Generator, number: int) -> History:
    """One series that nothing moves."""
    commits, runs = NOTHING[number % len(NOTHING)]
    kind = KINDS[number // len(NOTHING) % len(KINDS)]
    wobble = _wobble(rng, kind, commits, number // len(NOTHING) // len(KINDS))
    series = drawn(rng, "series", kind, np.full(commits, any_level(rng, kind)), runs, wobble=wobble)
    return History(CLEAN, f"{commits} commits, {runs} runs", commits, (series,), weight=0.0)


def clean_suite(rng: np.random.Generator, number: int) -> History:
    """A suite that nothing moves but each commit's machine and hour, and these all cases alike."""
    commits, runs = NOTHING[number % len(NOTHING)]
    wobble = _wobble(rng, Kind.PROPORTION, commits, number // len(NOTHING))
    series = tuple(
        drawn(
            rng,
            f"case {case}",
            Kind.PROPORTION,
            np.full(commits, any_rate(rng)),
            runs,
            family="suite",
            wobble=wobble,
        )
        for case in range(int(rng.integers(20, 71)))
    )
    return History(CLEAN_SUITE, f"{commits} commits, {runs} runs", commits, series, weight=0.0)


def _fall(rng: np.random.Generator, points: int, at: int) -> Step:
    before = 1.0 if points == 100 else pass_rate(rng, points)
    return Step(at, before, before - points / 100)


def _wobble(rng: np.random.Generator, kind: Kind, commits: int, number: int) -> Floats | None:
    return batch(kind) * rng.normal(0, 1, commits) if number % 2 else None
