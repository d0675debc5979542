"""What the page of one change says: plain records, whoever gathered them.

Levels and differences are in the metric's own unit (percent for shares, as in the store's findings), times
aware datetimes, probabilities and shares of candidates fractions of 1; None means "not known".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gnomon_analysis.store import doubt as doubts

# Verdicts that say that something moved; the others say that nothing can be said yet. Of `unchanged` tests
# moved, and made up for one another.
TOLD = ("regression", "improvement", "unchanged", "upstream", "drift")


@dataclass(frozen=True, slots=True)
class PartChange:
    """One part of a file that differs: a key of the front matter, a section, a key of a configuration."""

    part: str
    name: str
    change: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that the commit changed, or what was switched without a commit (`source` telemetry)."""

    source: str
    kind: str
    change: str
    path: str | None
    old_path: str | None
    skill: str | None
    old_value: str | None
    new_value: str | None
    lines_added: int | None
    lines_deleted: int | None
    old_tokens: int | None
    new_tokens: int | None
    parts: tuple[PartChange, ...]
    summary: str
    diff: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A commit that may be behind a movement, with its share of the probability that there is one."""

    revision: str
    share: float
    subject: str | None


@dataclass(frozen=True, slots=True)
class MovedCase:
    """A test before and after. `request` is what it asks, where that is known."""

    case_id: str
    request: str | None
    expected: str | None
    before: float | None
    after: float | None
    runs_before: int
    runs_after: int
    old_skill: str | None
    new_skill: str | None


@dataclass(frozen=True, slots=True)
class Point:
    """A metric at one commit: the mean over its runs, each run's own value, the interval of a share."""

    revision: str
    subject: str | None
    value: float
    runs: tuple[float, ...]
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A metric around the change, oldest commit first; `first_after` is the place of the first one after."""

    points: tuple[Point, ...]
    first_after: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A metric of a suite around a change, of which no finding says that it moved there."""

    key: str
    title: str
    suite: str
    unit: str
    series: Series


@dataclass(frozen=True, slots=True)
class Effect:
    """One finding: a metric in a scope that moved at the change, or that cannot be told yet."""

    impact_id: str
    metric: str
    title: str
    unit: str
    more_is_better: bool
    scope_kind: str
    scope: str
    suite: str | None
    environment: str | None
    verdict: str
    status: str
    sentence: str
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    ratio: tuple[float, float, float] | None
    p_change: float | None
    p_commit: float | None
    runs_before: int
    runs_after: int
    runs_needed: int | None
    before_revision: str | None
    after_revision: str | None
    candidates: tuple[Candidate, ...]
    cases: tuple[MovedCase, ...]
    also: tuple[str, ...]
    advice: str | None
    series: Series | None

    @property
    def told(self) -> bool:
        """Whether it says that something moved."""
        return self.verdict in TOLD

    @property
    def doubt(self) -> str:
        """A word where it is sure that something moved, and the interval holds no movement; else nothing."""
        ratio = None if self.ratio is None else self.ratio[1:]
        said = doubts.doubt(
            self.scope_kind, self.verdict, self.p_change, difference=(self.low, self.high), ratio=ratio
        )
        return "" if said is None else said.word

    @property
    def better(self) -> bool | None:
        """Whether it moved for the better; None where that cannot be said."""
        if not self.difference or self.verdict == "unchanged":
            return None
        return (self.difference > 0) == self.more_is_better


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A change with everything that moved there.

    `revision` is None for what moved without a commit that could be named; `changed_at` is when the
    after-side began. `requests_known` says whether the texts of the tests were to be had at all.
    `false_findings_percent` is the share of findings that may be wrong about there being a change. `around`
    shows suites at the commits around a change that no finding is about.
    """

    revision: str | None
    repository: str
    subject: str | None
    author: str | None
    changed_at: datetime | None
    files: tuple[FileChange, ...]
    effects: tuple[Effect, ...]
    requests_known: bool
    false_findings_percent: float
    around: tuple[Surroundings, ...] = ()

    @property
    def told(self) -> Sequence[Effect]:
        """What moved, what says most first."""
        return [effect for effect in self.effects if effect.told]

    @property
    def open(self) -> Sequence[Effect]:
        """What cannot be told yet."""
        return [effect for effect in self.effects if not effect.told]
