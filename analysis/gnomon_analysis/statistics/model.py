"""What the statistics of changes work on, and what they answer.

A history is a line of commits, numbered from 0, oldest first. A series is one metric in one scope, measured
by runs at some of these commits. A commit that no run measured is stood for by the next one that was: what
moved between two measured commits was moved by one of those after the first, up to and including the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Kind(StrEnum):
    """What kind of number a series has, which decides its model.

    `PROPORTION` counts successes of trials, `DURATION` is positive and skewed (seconds), `COST` is not
    negative and skewed (money, tokens), `COUNT` counts events (attempts, retries).
    """

    PROPORTION = "proportion"
    DURATION = "duration"
    COST = "cost"
    COUNT = "count"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One metric in one scope; one row a run, in the order of the history.

    Attributes:
        key: Names the series.
        kind: What its numbers are.
        family: Series of one family share evidence: the cases of one suite and metric. Series whose families
            differ are looked at on their own.
        at: Position of each run's commit in the history; shape (rows,), not decreasing.
        value: Successes of a `PROPORTION`, else the mean of the run's values in the metric's own unit; shape
            (rows,). Rows of a run without a value are left out.
        trials: Trials of a `PROPORTION`, else the number of values the mean is of; shape (rows,), positive.
        tag: Number of the upstream state (model, provider, environment, golden set) of each run; shape
            (rows,). Runs with the same tag had the same one.
        prior: Relative weight of each commit as the cause of a movement of this series, by what it touched;
            shape (size of the history,). None: all alike.
    """

    key: str
    kind: Kind
    family: str
    at: Integers
    value: Floats
    trials: Floats
    tag: Integers
    prior: Floats | None = None


class Verdict(StrEnum):
    """What a movement is, as far as the statistics can tell; which way it goes is another matter."""

    CHANGED = "changed"
    UPSTREAM = "upstream"
    DRIFT = "drift"
    INCONCLUSIVE = "inconclusive"
    NOT_ENOUGH_RUNS = "not_enough_runs"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A commit that may be the cause, with its share of the probability that there is one."""

    at: int
    share: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval, in the metric's own unit."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Move:
    """A movement of a series, or of several of one family together.

    Attributes:
        key: The series' key, or the family's where its members were looked at together.
        verdict: What it is.
        last_before: Newest measured commit that still was as before.
        first_after: Oldest measured commit that was as after.
        candidates: The likeliest commits that hold the cause with a probability of 95 %, the likeliest first.
        place: The likeliest commit, or None where none can be named.
        p_change: Probability that there is a movement at all.
        p_place: Probability that there is one and that it is due to `place`; 0 without a place.
        before: Level before, over the commits from `since` on.
        after: Level after, over the commits up to and including `until`.
        difference: After minus before.
        ratio: After divided by before, for kinds that are compared so; None for proportions.
        runs_before: Runs that `before` is taken from.
        runs_after: Runs that `after` is taken from.
        runs_needed: How many more runs would decide, where there are too few.
        since: First commit of the stretch before.
        until: Last measured commit of the stretch after.
        members: Keys of the series that moved together here, where the family was looked at.
    """

    key: str
    verdict: Verdict
    last_before: int
    first_after: int
    candidates: tuple[Candidate, ...]
    place: int | None
    p_change: float
    p_place: float
    before: Interval
    after: Interval
    difference: Interval
    ratio: Interval | None
    runs_before: int
    runs_after: int
    runs_needed: int | None
    since: int
    until: int
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What to look for.

    Attributes:
        hazard: Probability that a series moves at a given commit, before anything is measured.
        false_findings: Bound of the mean probability that what is told is no movement.
        minimum_runs: Runs on each side that a series by itself needs for a verdict.
        least_effects: Least movement worth telling by kind: of a proportion the absolute difference of rates,
            of the others the relative difference.
    """

    hazard: float = 1 / 100
    false_findings: float = 0.05
    minimum_runs: int = 5
    least_effects: Mapping[Kind, float] = field(
        default_factory=lambda: MappingProxyType(
            {Kind.PROPORTION: 0.02, Kind.DURATION: 0.10, Kind.COST: 0.05, Kind.COUNT: 0.10}
        )
    )
