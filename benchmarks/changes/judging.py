"""What a detector said about a history, held against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.changes.history import Disturbance, Finding, History, Step
from gnomon_analysis.statistics.model import Interval, Kind

NEAR = 10
"""Farther from a step than so many commits, a finding has nothing to do with it."""


@dataclass(frozen=True, slots=True)
class JudgedStep:
    """A true step: whether something was told near it, and how the nearest accusation placed it.

    `said` is true where anything at all was said near it, if only that there are too few runs.
    """

    noticed: bool
    near: bool
    exact: bool
    said: bool


@dataclass(frozen=True, slots=True)
class JudgedFinding:
    """Something told.

    Attributes:
        accuses: It names a commit.
        right: Within one commit of a step of its series that no better accusation has been matched with.
        exact: At that step.
        far: More than `NEAR` commits from any step of its series, or its series has none.
        share: As of `Finding`.
        p_place: As of `Finding`.
        set_size: Number of its candidates; 0 if it has none.
        set_holds: Whether the step is one of them; None where no step is matched or no candidates are given.
        covers: Whether the interval of its size holds the true one; None where there is none to compare.
    """

    accuses: bool
    right: bool
    exact: bool
    far: bool
    share: float
    p_place: float | None
    set_size: int
    set_holds: bool | None
    covers: bool | None


@dataclass(frozen=True, slots=True)
class JudgedSeries:
    """A series: how long it is, what moved it, whether a commit was accused, or blamed for another's doing.

    `blamed` says that the disturbance was put down to a commit; None where there is none. `said` is true
    where anything at all was said of it, if only that there are too few runs.
    """

    commits: int
    steps: int
    accused: bool
    said: bool
    disturbance: Disturbance | None
    blamed: bool | None


@dataclass(frozen=True, slots=True)
class JudgedFamily:
    """A family with one cause, taken as a whole: of all that is told, the surest says where."""

    noticed: bool
    near: bool
    exact: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """All about one history."""

    group: str
    cell: str
    weight: float
    clear: bool
    steps: tuple[JudgedStep, ...]
    findings: tuple[JudgedFinding, ...]
    series: tuple[JudgedSeries, ...]
    family: JudgedFamily | None
    told_of_family: int


def judged(history: History, findings: Sequence[Finding]) -> Judged:
    """Holds the findings against the truth, series by series."""
    keys = {series.key for series in history.series}
    said: dict[str, list[Finding]] = {key: [] for key in keys}
    for finding in findings:
        if finding.key in keys:
            said[finding.key].append(finding)
    steps: list[JudgedStep] = []
    told: list[JudgedFinding] = []
    series: list[JudgedSeries] = []
    for one in history.series:
        own = [finding for finding in said[one.key] if finding.told]
        truth = history.steps.get(one.key, ())
        matched = _matched(own, truth)
        steps += [_step(step, said[one.key], own, matched) for step in truth]
        told += [
            _finding(history, one.kind, finding, truth, matched.get(at)) for at, finding in enumerate(own)
        ]
        disturbed = history.disturbed.get(one.key)
        accused = [finding.place for finding in own if finding.place is not None]
        series.append(
            JudgedSeries(
                commits=history.size,
                steps=len(truth),
                accused=bool(accused),
                said=bool(said[one.key]),
                disturbance=disturbed.by if disturbed else None,
                blamed=any(disturbed.first - NEAR <= place <= disturbed.last + NEAR for place in accused)
                if disturbed
                else None,
            )
        )
    return Judged(
        history.group,
        history.cell,
        history.weight,
        history.clear,
        tuple(steps),
        tuple(told),
        tuple(series),
        _family(history, findings),
        sum(finding.told and finding.key not in keys for finding in findings),
    )


def _matched(findings: Sequence[Finding], truth: Sequence[Step]) -> Mapping[int, Step]:
    """Each finding's step, by the finding's number: nearest pairs first, each step and finding but once."""
    pairs = sorted(
        (abs(finding.where - step.at), number, step.at, step)
        for number, finding in enumerate(findings)
        for step in truth
        if abs(finding.where - step.at) <= NEAR
    )
    matched: dict[int, Step] = {}
    for _, number, _, step in pairs:
        if number not in matched and step not in matched.values():
            matched[number] = step
    return matched


def _step(
    step: Step, said: Sequence[Finding], told: Sequence[Finding], matched: Mapping[int, Step]
) -> JudgedStep:
    near = [finding for finding in said if abs(finding.where - step.at) <= NEAR]
    places = [told[number].place for number, own in matched.items() if own is step]
    distance = min((abs(place - step.at) for place in places if place is not None), default=None)
    return JudgedStep(
        noticed=any(finding.told for finding in near),
        near=distance is not None and distance <= 1,
        exact=distance == 0,
        said=bool(near),
    )


def _finding(
    history: History, kind: Kind, finding: Finding, truth: Sequence[Step], step: Step | None
) -> JudgedFinding:
    distance = abs(finding.place - step.at) if step and finding.place is not None else None
    holds = None
    if step is not None and finding.candidates:
        holds = any(candidate.at == step.at for candidate in finding.candidates)
    return JudgedFinding(
        accuses=finding.accuses,
        right=distance is not None and distance <= 1,
        exact=distance == 0,
        far=all(abs(finding.where - other.at) > NEAR for other in truth),
        share=finding.share,
        p_place=finding.p_place if finding.accuses else None,
        set_size=len(finding.candidates),
        set_holds=holds,
        covers=_covers(kind, finding, step) if step and _clean_sides(history, finding, step) else None,
    )


def _clean_sides(history: History, finding: Finding, step: Step) -> bool:
    """Whether nothing else moved the series within the stretches that the levels are taken from."""
    if finding.since is None or finding.until is None or finding.key in history.disturbed:
        return False
    others = (other for other in history.steps[finding.key] if other is not step)
    return not any(finding.since < other.at <= finding.until for other in others)


def _covers(kind: Kind, finding: Finding, step: Step) -> bool | None:
    """Rates are compared by difference, all else by ratio where there is one."""
    if kind is Kind.PROPORTION or finding.ratio is None:
        return _holds(finding.difference, step.after - step.before)
    return _holds(finding.ratio, step.after / step.before)


def _holds(interval: Interval | None, truth: float) -> bool | None:
    return None if interval is None else interval.low <= truth <= interval.high


def _family(history: History, findings: Sequence[Finding]) -> JudgedFamily | None:
    places = {step.at for steps in history.steps.values() for step in steps}
    if len(places) != 1 or len(history.series) == 1:
        return None
    (place,) = places
    told = [finding for finding in findings if finding.told]
    noticed = any(abs(finding.where - place) <= NEAR for finding in told)
    accusing = [finding for finding in told if finding.place is not None]
    surest = max(accusing, key=lambda finding: finding.p_place or 0, default=None)
    distance = abs(surest.place - place) if surest and surest.place is not None else NEAR
    return JudgedFamily(noticed, distance <= 1, distance == 0)
