"""The levels that series have, and the steps from one to another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.changes.history import Step
from gnomon_analysis.statistics.model import Kind

MARGIN = 15
"""A step of a long history has at least so many commits on either side."""

SECONDS = 2.0
DOLLARS = 0.01


def any_place(rng: np.random.Generator, size: int) -> int:
    """A commit that may be a step of a history of so many."""
    return int(rng.integers(MARGIN, size - MARGIN + 1))


def step_of(rng: np.random.Generator, kind: Kind, size: int, at: int) -> Step:
    """A fall by `size` points of a rate, a rise by `size` percent of a mean."""
    if kind is Kind.PROPORTION:
        before = pass_rate(rng, size)
        return Step(at, before, before - size / 100)
    before = SECONDS if kind is Kind.DURATION else DOLLARS
    return Step(at, before, before * (1 + size / 100))


def pass_rate(rng: np.random.Generator, points: int) -> float:
    """A rate that can fall by so many points."""
    return float(rng.uniform(max(0.65, points / 100 + 0.05), 0.97))


def any_rate(rng: np.random.Generator) -> float:
    """Half of all cases pass nearly always, the others anything between nearly never and nearly always."""
    return float(rng.uniform(0.9, 0.99) if rng.random() < 0.5 else rng.uniform(0.05, 0.95))


def any_level(rng: np.random.Generator, kind: Kind) -> float:
    """A level of a series that nothing moves."""
    levels: Mapping[Kind, float] = {Kind.DURATION: SECONDS, Kind.COST: DOLLARS, Kind.COUNT: 1.5}
    return any_rate(rng) if kind is Kind.PROPORTION else levels[kind]


def batch(kind: Kind) -> float:
    """Standard deviation of what a commit's machine and hour do: to a logit, or to a logarithm."""
    return 0.4 if kind is Kind.PROPORTION else 0.12
