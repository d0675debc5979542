"""Every sum of run points beside the store's own, and the runs behind what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gnomon.registry import Attribute, reading
from gnomon.registry import attributes as a
from gnomon.registry.prometheus import label_of, name_of
from gnomon.runs.points import stamp_of
from gnomon_analysis.reconcile.prometheus import Prometheus
from gnomon_analysis.reconcile.ranges import Range
from gnomon_analysis.reconcile.stored import (
    MEASURES,
    RUN_LABELS,
    Inside,
    Labels,
    Measure,
    StoredRun,
    calls_apart,
    ended_runs,
    sums,
    unfinished_runs,
)
from gnomon_analysis.reconcile.whereabouts import RunPointsOf, whereabouts
from gnomon_analysis.store import Store
from gnomon_analysis.store.opening import database_errors
from gnomon_analysis.store.opening import reading as one_state

# Fractions are added up in another order there: a part in a billion. Clocks are floats of microseconds.
_PART = 1e-9
_SECONDS_OF_A_RUN = 2e-6


@dataclass(frozen=True, slots=True)
class Difference:
    """A sum that is not the same; `labels` by their names in Prometheus, empty ones left out."""

    series: str
    labels: Mapping[str, str]
    stored: float
    prometheus: float


@dataclass(frozen=True, slots=True)
class LateRun:
    """A run of the store that Prometheus does not have, and where its points are."""

    run_id: str
    sequence: int | None
    ended_ns: int
    points: RunPointsOf
    same_moment: bool
    """Another run with the same labels ended in the same millisecond, where there is room for one."""


@dataclass(frozen=True, slots=True)
class UnknownRun:
    """A run that Prometheus has and the store has not: Unix milliseconds."""

    labels: Mapping[str, str]
    ended_ms: int


@dataclass(slots=True)
class Report:
    """What a comparison found.

    `sums` counts the sums that were compared (label sets that either side has), `runs` the store's runs.
    `unfinished` runs have no end yet and are not compared. `calls_apart` and `cost_apart` are model calls
    of processes that tests started: in the store, and not in the run points.
    """

    range: Range
    runs: int = 0
    sums: int = 0
    differences: list[Difference] = field(default_factory=list)
    missing: list[LateRun] = field(default_factory=list)
    unknown: list[UnknownRun] = field(default_factory=list)
    unfinished: int = 0
    calls_apart: int = 0
    cost_apart: float = 0.0

    @property
    def equal(self) -> bool:
        """Whether Prometheus says what the store says."""
        return not (self.differences or self.missing or self.unknown)


Wanted = Callable[[Iterable[Attribute], Labels], bool]


def reconcile(
    store: Store,
    prometheus: Prometheus,
    range_: Range,
    *,
    case_series: int,
    spool: Path,
    suites: Collection[str] = (),
    environments: Collection[str] = (),
) -> Report:
    """Compares the runs that ended in the range, of these suites and environments (empty: all).

    `case_series` is how many cases of a run have points of their own (`budgets.case_series`), `spool` the
    folder where points may still wait. Raises UserError where either side cannot be asked.
    """
    inside = Inside(range_, case_series, store.engine.dialect.name)
    report = Report(range_)
    wanted = _wanted(suites, environments)
    with database_errors(store.url), one_state(store.engine) as connection:
        counted = [(measure, sums(connection, measure, inside)) for measure in MEASURES]
        runs = [run for run in ended_runs(connection, inside) if wanted(RUN_LABELS, run.labels)]
        report.unfinished = unfinished_runs(connection, inside)
        report.calls_apart, report.cost_apart = calls_apart(connection, inside)
    report.runs = len(runs)
    for measure, stored in counted:
        _compare(report, measure, stored, prometheus, wanted)
    _match(report, runs, prometheus, wanted, spool)
    return report


def _wanted(suites: Collection[str], environments: Collection[str]) -> Wanted:
    chosen = ((a.TEST_SUITE_NAME, suites), (a.DEPLOYMENT_ENVIRONMENT_NAME, environments))

    def wanted(attributes: Iterable[Attribute], labels: Labels) -> bool:
        said = dict(zip(attributes, labels, strict=True))
        return all(not values or said[attribute] in values for attribute, values in chosen)

    return wanted


def _compare(
    report: Report, measure: Measure, stored: Mapping[Labels, float], prometheus: Prometheus, wanted: Wanted
) -> None:
    series = name_of(measure.metric) + measure.suffix
    by = [label_of(attribute) for attribute in measure.labels]
    expression = reading.total(series, measure.metric.counting, report.range.window, by)
    shown = prometheus.sums(expression, by, report.range.end)
    for labels in sorted(stored.keys() | shown.keys()):
        if not wanted(measure.labels, labels):
            continue
        report.sums += 1
        ours, theirs = stored.get(labels, 0.0), shown.get(labels, 0.0)
        if abs(ours - theirs) > _slack(measure, ours, theirs, report.runs):
            report.differences.append(Difference(series, _named(measure.labels, labels), ours, theirs))


def _slack(measure: Measure, ours: float, theirs: float, runs: int) -> float:
    if measure.counted:
        return 0.0
    slack = _PART * max(abs(ours), abs(theirs))
    return slack + _SECONDS_OF_A_RUN * runs if measure.metric.unit == "s" else slack


def _named(attributes: Iterable[Attribute], labels: Labels) -> dict[str, str]:
    pairs = zip(attributes, labels, strict=True)
    return {label_of(attribute): value for attribute, value in pairs if value}


def _match(
    report: Report, runs: Iterable[StoredRun], prometheus: Prometheus, wanted: Wanted, spool: Path
) -> None:
    """Finds the point of each run; what is left over on either side is told."""
    by = [label_of(attribute) for attribute in RUN_LABELS]
    (finished,) = (measure.metric for measure in MEASURES if measure.metric.name == "gnomon.run.finished")
    selector = f"{name_of(finished)}[{report.range.window}]"
    there = Counter(
        (labels, at)
        for labels, at in prometheus.samples(selector, by, report.range.end)
        if wanted(RUN_LABELS, labels)
    )
    taken: Counter[tuple[Labels, int]] = Counter()
    for run in runs:
        found = next((place for place in _places(run) if there[place] > taken[place]), None)
        if found is not None:
            taken[found] += 1
            continue
        report.missing.append(
            LateRun(
                run.run_id,
                run.sequence,
                run.ended_ns,
                whereabouts(spool, run.run_id),
                same_moment=any(taken[place] for place in _places(run)),
            )
        )
    report.unknown = [
        UnknownRun(_named(RUN_LABELS, labels), at) for labels, at in sorted((there - taken).elements())
    ]


def _places(run: StoredRun) -> Iterator[tuple[Labels, int]]:
    """Where the run's point may stand: spans tell times in another unit, which may round the other way."""
    at = stamp_of(run.ended_ns / 1e9) // 1_000_000
    return ((run.labels, at + shift) for shift in (0, 1, -1))
