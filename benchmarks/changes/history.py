"""A history with known causes, and what a detector says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gnomon_analysis.statistics.model import Candidate, Interval, Series, Verdict


@dataclass(frozen=True, slots=True)
class Step:
    """A commit that moved a series for good: levels are rates of a proportion, else means."""

    at: int
    before: float
    after: float


class Disturbance(StrEnum):
    """What moves a series though no commit did."""

    UPSTREAM = "upstream"
    DRIFT = "drift"
    BLIP = "blip"


@dataclass(frozen=True, slots=True)
class Disturbed:
    """Where a series was disturbed: first and last commit of it."""

    by: Disturbance
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Series over one line of commits, and the truth about them.

    Attributes:
        group: The scenario.
        cell: The variant of the scenario: size of the step, runs a commit.
        size: Number of commits.
        series: What a detector sees.
        steps: The true causes of each series that has any, by its key.
        disturbed: What else moved a series, by its key.
        clear: Whether the step is one that must be noticed: 20 or more points or 25 %, at 5 or more runs.
        weight: How many of these one counts as in figures over all groups.
    """

    group: str
    cell: str
    size: int
    series: tuple[Series, ...]
    steps: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    disturbed: Mapping[str, Disturbed] = field(default_factory=dict)
    clear: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a detector says about one series, or about a family as a whole.

    Attributes:
        key: The series, or the family.
        where: The commit near which something is said to have moved.
        place: The commit that is accused of it; None where none is.
        verdict: What it is said to be. Only `changed` tells a person that a commit moved something.
        candidates: Commits of which one is said to be the cause, where the detector says so.
        p_change: Stated probability that something moved; None where the detector states none.
        p_place: Stated probability that the accused commit moved it; None where the detector states none.
        difference: After minus before; None where the detector gives no interval.
        ratio: After divided by before, where that is given.
        since: First commit of the stretch that the level before is taken from.
        until: Last commit of the stretch that the level after is taken from.
        share: Part of one statement: a statement about five series together becomes five findings of 1/5.
    """

    key: str
    where: int
    place: int | None
    verdict: Verdict = Verdict.CHANGED
    candidates: tuple[Candidate, ...] = ()
    p_change: float | None = None
    p_place: float | None = None
    difference: Interval | None = None
    ratio: Interval | None = None
    since: int | None = None
    until: int | None = None
    share: float = 1.0

    @property
    def told(self) -> bool:
        """Whether it says that a commit moved something."""
        return self.verdict is Verdict.CHANGED

    @property
    def accuses(self) -> bool:
        """Whether it names that commit."""
        return self.told and self.place is not None
