"""A finding: what moved, where, by how much, and which commit is likely behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from gnomon_analysis.attribution.metrics import Metric, metric_of

# Words of `change_impacts.verdict`.
IMPROVEMENT = "improvement"
REGRESSION = "regression"
UNCHANGED = "unchanged"
UPSTREAM = "upstream"
DRIFT = "drift"
INCONCLUSIVE = "inconclusive"
NOT_ENOUGH_RUNS = "not_enough_runs"

# What is told as a movement; the others say that nothing can be said yet. Of `unchanged`, cases moved.
TOLD = frozenset({IMPROVEMENT, REGRESSION, UNCHANGED, UPSTREAM, DRIFT})

# Words of `change_impacts.status`.
OPEN = "open"
CONFIRMED = "confirmed"
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A commit that may be the cause, with its share of the probability that there is one."""

    revision: str
    share: float


@dataclass(frozen=True, slots=True)
class MovedCase:
    """A case before and after: shares of 1 of a rate, else means in the metric's unit.

    `old_skill` and `new_skill` are the skills that answered most often: empty for none, `asks back` for a
    question back, None if not known.
    """

    case_id: str
    before: float | None
    after: float | None
    runs_before: int
    runs_after: int
    old_skill: str | None = None
    new_skill: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of `change_impacts`; `analysis/gnomon_analysis/store/schema.py` says what each column means.

    `subject` and `author` are those of `revision`. `details` has what has no column: `ratio`, the state
    before and after of a change upstream, what the finding said before (`was`).
    """

    impact_id: str
    repository: str
    suite: str | None
    environment: str | None
    department: str | None
    agent: str | None
    metric: str
    unit: str
    more_is_better: bool
    scope_kind: str
    scope: str
    revision: str | None
    candidates: tuple[Suspect, ...]
    before_revision: str | None
    after_revision: str | None
    changed_ns: int
    before: float | None
    after: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    runs_before: int
    runs_after: int
    cases_moved: int | None
    p_change: float | None
    p_commit: float | None
    verdict: str
    status: str
    runs_needed: int | None
    sentence: str
    also: tuple[str, ...]
    advice: str | None
    found_ns: int
    updated_ns: int
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Metric:
        """What is known of its metric."""
        return metric_of(self.scope_kind, self.metric)

    @property
    def direction(self) -> int:
        """1 where the metric rose, -1 where it fell, 0 where neither is known."""
        difference = self.difference or 0.0
        return (difference > 0) - (difference < 0)

    @property
    def told(self) -> bool:
        """Whether it says that something moved, and was not withdrawn."""
        return self.verdict in TOLD and self.status != WITHDRAWN

    @property
    def subject(self) -> str | None:
        """The first line of the message of `revision`."""
        return self.details.get("subject")

    @property
    def author(self) -> str | None:
        """Who wrote `revision`."""
        return self.details.get("author")

    @property
    def changed_at(self) -> datetime:
        """When the after-side began."""
        return datetime.fromtimestamp(self.changed_ns / 1e9, UTC)


def suspects(finding: Finding) -> Mapping[str, float]:
    """The commits that a finding is about; where it names none, those between which it lies."""
    if finding.candidates:
        return {one.revision: one.share for one in finding.candidates}
    edges = {finding.before_revision, finding.after_revision} - {None}
    return {str(revision): 1 / len(edges) for revision in edges}


def overlap(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """What two sets of suspects share, as the sum of the smaller shares."""
    return sum(min(share, other[revision]) for revision, share in one.items() if revision in other)


def to_row(finding: Finding) -> dict[str, Any]:
    """The finding as a row of `change_impacts`."""
    row = {column.name: getattr(finding, column.name) for column in fields(finding)}
    row["candidates"] = [{"revision": one.revision, "share": one.share} for one in finding.candidates]
    row["also"] = list(finding.also)
    row["attributes"] = dict(row.pop("details"))
    return row


def from_row(row: Mapping[str, Any]) -> Finding:
    """A finding from a row of `change_impacts`."""
    values = {column.name: row[column.name] for column in fields(Finding) if column.name in row}
    values["candidates"] = tuple(
        Suspect(one["revision"], float(one["share"])) for one in row["candidates"] or ()
    )
    values["also"] = tuple(row["also"] or ())
    values["details"] = row["attributes"] or {}
    return Finding(**values)
