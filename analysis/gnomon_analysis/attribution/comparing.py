"""One commit against the measured commit before it, case by case, whatever the statistics make of it.

With a router that leaves nothing to chance one run a commit shows exactly which cases a commit flipped; with
chance in it the same list says how little one run shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution import metrics, reading
from gnomon_analysis.attribution.metrics import Metric
from gnomon_analysis.attribution.placing import place
from gnomon_analysis.attribution.requests import request
from gnomon_analysis.attribution.series import Subject
from gnomon_analysis.attribution.suite import Suite
from gnomon_analysis.attribution.suites import read_suites
from gnomon_analysis.changes import History, Revision
from gnomon_analysis.changes.repository import Repository
from gnomon_analysis.statistics.fdr import benjamini_hochberg
from gnomon_analysis.statistics.model import Interval, Kind
from gnomon_analysis.statistics.paired import Paired, paired
from gnomon_analysis.store import Store
from gnomon_analysis.store.opening import database_errors
from gnomon_analysis.store.opening import reading as reading_transaction

_SIGNIFICANT = 0.05
# So many measured commits are recent.
_LATELY = 5


@dataclass(frozen=True, slots=True)
class CaseFlip:
    """A case whose share of right answers (of passes) differs between the two commits, as fractions of 1."""

    case_id: str
    before: float
    after: float
    runs_before: int
    runs_after: int
    old_skill: str | None
    new_skill: str | None
    expected: str | None
    category: str | None
    request: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric at both commits over the cases that both have, in the metric's unit.

    `p` is the probability of a mean difference at least that large if each case was as likely to have moved
    the other way; `adjusted_p` takes into account how many metrics were compared.
    """

    metric: str
    unit: str
    cases: int
    before: float
    after: float
    difference: Interval
    p: float
    adjusted_p: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A commit against the measured commit before it, in one suite and environment.

    `after` is the first measured commit that is not before the one that was asked for; `between` are the
    commits that came after `before`, up to and including `after`: each may be behind what differs.
    """

    suite: str | None
    environment: str | None
    commit: str
    subject: str
    before: str
    after: str
    between: tuple[str, ...]
    runs_before: int
    runs_after: int
    switched: tuple[str, ...]
    metrics: tuple[Compared, ...]
    flips: tuple[CaseFlip, ...]


def compare(store: Store, settings: Settings, history: History, commit: str) -> list[Comparison]:
    """Compares a commit with the measured commit before it, in every suite and environment.

    Raises UserError for a commit that is not on the first-parent line (exit code 1), and where nothing was
    measured on both sides (exit code 3).
    """
    revision = _revision(history, commit)
    asked = history.position(revision.commit) or 0
    with database_errors(store.url), reading_transaction(store.engine) as connection:
        placed = place(reading.stored_runs(connection), history)
        near = _near(placed.position.tolist(), asked)
        if near is None:
            raise UserError(
                f"{revision.commit[:7]}: no commit before it was measured, or none from it on; run the suite "
                "at both, with `gnomon backfill` for commits of the past",
                ExitCode.MISSING,
            )
        suites, _ = read_suites(connection, placed, near)
        found = [
            one
            for suite in suites
            if (one := _Comparer(connection, settings, history, suite).compare(revision, asked)) is not None
        ]
    if not found:
        raise UserError(
            f"{revision.commit[:7]}: no suite was measured both before it and from it on", ExitCode.MISSING
        )
    return found


def newest_flips(store: Store, settings: Settings, history: History) -> list[Comparison]:
    """The newest of the last measured commits at which a case flipped, against the measured commit before it.

    One comparison a suite and environment in which one did; nothing where no case flipped lately.
    """
    with database_errors(store.url), reading_transaction(store.engine) as connection:
        measured = sorted(set(place(reading.stored_runs(connection), history).position.tolist()))
    for position in reversed(measured[1:][-_LATELY:]):
        try:
            compared = compare(store, settings, history, history.revisions[position].commit)
        except UserError:
            continue  # No suite was run at both.
        if flipped := [one for one in compared if one.flips]:
            return flipped
    return []


def _revision(history: History, commit: str) -> Revision:
    meant = [one for one in history.revisions if one.commit.startswith(commit.lower())]
    if not meant:
        # A branch, a tag or HEAD~3 is as good as an id.
        with Repository(history.top) as repository:
            named = repository.commit(commit)
        meant = [one for one in history.revisions if one.commit == named]
    if not meant:
        raise UserError(
            f"no commit on the first-parent line of {history.name} is called {commit!r}; "
            "`git log --first-parent --oneline` lists them",
            ExitCode.NEGATIVE,
        )
    if len(meant) > 1:
        raise UserError(f"{commit!r} means {len(meant)} commits; write more of the id")
    return meant[0]


def _near(measured: Sequence[int], asked: int) -> int | None:
    """From where on runs are needed: every suite's last measured commit before the one asked for."""
    earlier = [position for position in measured if position < asked]
    later = any(position >= asked for position in measured)
    # Suites are not always run together: what is read goes back some commits further than the newest.
    return sorted(set(earlier))[-_COMMITS_BACK:][0] if earlier and later else None


_COMMITS_BACK = 20


def _bounded(metric: Metric, difference: Interval) -> Interval:
    """The difference in the metric's unit; that of two rates is never beyond 100 points."""
    low, high = difference.low, difference.high
    if metric.kind is Kind.PROPORTION:
        low, high = max(low, -1.0), min(high, 1.0)
    return Interval(*(value * metric.scale for value in (difference.estimate, low, high)))


class _Comparer:
    def __init__(self, connection: Connection, settings: Settings, history: History, suite: Suite) -> None:
        self._connection = connection
        self._settings = settings
        self._history = history
        self._suite = suite

    def compare(self, revision: Revision, asked: int) -> Comparison | None:
        suite, history = self._suite, self._history
        before, after = suite.measured_before(asked), suite.measured_from(asked)
        if before is None or after is None:
            return None
        return Comparison(
            suite=suite.measured.suite,
            environment=suite.measured.environment,
            commit=revision.commit,
            subject=revision.subject,
            before=history.revisions[before].commit,
            after=history.revisions[after].commit,
            between=tuple(one.commit for one in history.revisions[before + 1 : after + 1]),
            runs_before=suite.runs_at(before),
            runs_after=suite.runs_at(after),
            switched=tuple(suite.switches(before, after)),
            metrics=tuple(self._metrics(before, after)),
            flips=tuple(self._flips(before, after)),
        )

    def _metrics(self, before: int, after: int) -> list[Compared]:
        found: list[tuple[Metric, Paired]] = []
        runs = min(self._suite.runs_at(before), self._suite.runs_at(after))
        for metric in metrics.METRICS.values():
            cases = self._suite.cases(self._subject(metric), (before, before, after, after))
            first = {case.case_id: case.before for case in cases if case.before is not None}
            second = {case.case_id: case.after for case in cases if case.after is not None}
            compared = paired(first, second)
            if compared is not None and not _nothing_counted(metric, compared):
                found.append((metric, compared))
        adjusted = benjamini_hochberg([compared.p for _, compared in found])
        return [
            self._compared(metric, compared, float(p), runs)
            for (metric, compared), p in zip(found, adjusted, strict=True)
        ]

    def _compared(self, metric: Metric, compared: Paired, adjusted: float, runs: int) -> Compared:
        difference = compared.difference
        return Compared(
            metric=metric.name,
            unit=metric.unit,
            cases=compared.cases,
            before=compared.before * metric.scale + metric.offset,
            after=compared.after * metric.scale + metric.offset,
            difference=_bounded(metric, difference),
            p=compared.p,
            adjusted_p=adjusted,
            verdict=self._verdict(metric, compared, adjusted, runs),
        )

    def _verdict(self, metric: Metric, compared: Paired, adjusted: float, runs: int) -> str:
        least = least_effect(self._settings, metric, compared.before)
        difference = compared.difference
        # All tests of a run are slow on a slow machine: many of them are no more than one witness.
        few = metric.kind is Kind.DURATION and runs < self._settings.changes.attribution.minimum_runs
        if adjusted < _SIGNIFICANT and abs(difference.estimate) >= least and not few:
            better = (difference.estimate > 0) == metric.more_is_better
            return words.IMPROVEMENT if better else words.REGRESSION
        if -least <= difference.low and difference.high <= least:
            return words.UNCHANGED
        return words.INCONCLUSIVE

    def _flips(self, before: int, after: int) -> Iterator[CaseFlip]:
        metric = metrics.ROUTING_ACCURACY
        if not (self._suite.measured.cells.sums[metric].count > 0).any():
            metric = metrics.PASS_RATE
        cases = self._suite.cases(self._subject(metric), (before, before, after, after))
        moved = [case for case in cases if case.before != case.after]
        moved.sort(key=lambda case: ((case.after or 0) - (case.before or 0), case.case_id))
        for case in moved:
            expected, category = self._suite.expectation(case.case_id)
            yield CaseFlip(
                case_id=case.case_id,
                before=case.before or 0.0,
                after=case.after or 0.0,
                runs_before=case.runs_before,
                runs_after=case.runs_after,
                old_skill=case.old_skill,
                new_skill=case.new_skill,
                expected=expected,
                category=category,
                request=request(self._connection, self._suite.measured.suite, case.case_id),
            )

    def _subject(self, metric: Metric) -> Subject:
        measured = self._suite.measured
        return Subject(metric, measured.suite, measured.environment, "suite", measured.suite or "")


def _nothing_counted(metric: Metric, compared: Paired) -> bool:
    """Whether a count of what rarely happens is without news: no retries, and none before."""
    return metric.kind is Kind.COUNT and not compared.risen and not compared.fallen


def least_effect(settings: Settings, metric: Metric, before: float) -> float:
    """The least movement worth telling, in the unit of the metric's series."""
    least = settings.changes.attribution.least_effects
    if metric.scale != 1:
        return least.rate_points / 100
    percent = {"s": least.duration_percent, "{attempt}": least.count_percent, "{retry}": least.count_percent}
    return percent.get(metric.unit, least.cost_percent) / 100 * abs(before)
