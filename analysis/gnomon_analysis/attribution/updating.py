"""Findings brought up to date with the runs in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from gnomon.settings import Settings
from gnomon.settings.model import FINDING_HAZARD
from gnomon_analysis.attribution import reading
from gnomon_analysis.attribution.confirming import confirms
from gnomon_analysis.attribution.finding import Finding
from gnomon_analysis.attribution.judging import Draft, Judge
from gnomon_analysis.attribution.merging import merge
from gnomon_analysis.attribution.metrics import FLEET_SCOPES
from gnomon_analysis.attribution.placing import LeftOut, Placed, place
from gnomon_analysis.attribution.priors import Priors
from gnomon_analysis.attribution.reading import Vocabulary
from gnomon_analysis.attribution.remembering import Memory, Notebook, memory
from gnomon_analysis.attribution.series import Subject, everything
from gnomon_analysis.attribution.suite import Suite
from gnomon_analysis.attribution.suites import read_suites
from gnomon_analysis.changes import History
from gnomon_analysis.changes.former_names import former_names
from gnomon_analysis.statistics import locate
from gnomon_analysis.statistics.fdr import bayesian
from gnomon_analysis.statistics.model import Kind, Move, Options, Series
from gnomon_analysis.store import Store
from gnomon_analysis.store.opening import database_errors, writing
from gnomon_analysis.store.opening import reading as reading_transaction

# A run more says something about so many of the newest measured commits, and is looked at with these and
# three times as many before them; with fewer where they have many runs.
_LIVE = 25
_NEWEST = 4 * _LIVE
_LEAST = 45
_RUNS = 400
# From so many times as many commits on that is less than a look at all of them.
_LONG = 1.5
# After so many more measured commits everything is looked at again: what is small takes long to show.
_GROWTH = 25


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look at a repository's runs came to.

    Ids of findings by what became of them, `told` those that tell of a movement and did not before; `runs`
    on the first-parent line, of so many `commits`, `left_out` the others by the reason, `partial` those that
    ran a part of their suite and count for its cases alone, `series` how many were looked at (0 where nothing
    is new), `ends_at` the commit at which a shallow clone ends.
    """

    repository: str
    commits: int
    runs: int
    partial: int
    left_out: dict[str, int]
    series: int
    found: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    ends_at: str | None = None

    @property
    def notes(self) -> list[str]:
        """What was not counted, in words."""
        told = [f"{_runs(count)} left out: {reason}" for reason, count in sorted(self.left_out.items())]
        if self.ends_at is not None and str(LeftOut.ELSEWHERE.value) in self.left_out:
            told.append(
                f"a shallow clone, which ends at {self.ends_at[:7]}: runs of commits before it count again "
                "after `git fetch --unshallow`"
            )
        if self.partial:
            told.append(
                f"{_runs(self.partial)} of a part of the suite: counted for its tests, not for the whole"
            )
        return told


def update(
    store: Store, settings: Settings, history: History, *, now_ns: int, whole: bool = False
) -> Outcome:
    """Looks at the runs of a repository and writes what they say into the store.

    Runs that only add to the newest commits are looked at with the commits before them; anything else, and
    `whole`, has all runs looked at again. Raises UserError for what the database refuses.
    """
    with database_errors(store.url):
        return _update(store, settings, history, now_ns, whole=whole)


def _update(store: Store, settings: Settings, history: History, now_ns: int, *, whole: bool) -> Outcome:
    notebook = Notebook(settings.state_directory, str(store.url), history.name)
    with reading_transaction(store.engine) as connection:
        placed = place(reading.stored_runs(connection), history)
        before, now = notebook.read(), memory(placed, settings)
        span = _Span.whole(placed) if whole else _Span.since(placed, history, before, now)
        left_out = {str(reason.value): count for reason, count in placed.left_out.items()}
        if span is None:
            return Outcome(
                history.name, len(now.runs), len(placed.runs), 0, left_out, 0, ends_at=history.ends_at
            )
        suites, vocabulary = read_suites(connection, placed, span.start)
    look = _Look(history, suites, vocabulary, span)
    drafts = look.drafts(options_of(settings), now_ns)
    with writing(store.engine) as connection:
        merged = merge(
            connection,
            history.name,
            drafts,
            looked_at=look.covers,
            confirmed=look.confirms,
            now_ns=now_ns,
            shallow=history.ends_at is not None,
            former=former_names(store, settings, history.top, history.name),
        )
    notebook.write(now if before is None or span.is_whole else now.after(before))
    return Outcome(
        repository=history.name,
        commits=len(now.runs),
        runs=len(placed.runs),
        partial=look.partial_runs,
        left_out=left_out,
        series=look.series,
        found=tuple(merged.found),
        told=tuple(merged.told),
        moved=tuple(merged.moved),
        confirmed=tuple(merged.confirmed),
        withdrawn=tuple(merged.withdrawn),
        ends_at=history.ends_at,
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """From which commit on runs are read, and from which on what they say counts."""

    start: int
    live: int

    @classmethod
    def whole(cls, placed: Placed) -> _Span:
        """All runs; the line begins at the first measured commit."""
        return cls(int(placed.position[0]) if len(placed.position) else 0, 0)

    @classmethod
    def since(cls, placed: Placed, history: History, before: Memory | None, now: Memory) -> _Span | None:
        """What has to be looked at after a change; None for nothing."""
        if before is None or before.settings != now.settings:
            return cls.whole(placed)
        changed = before.changed(now)
        if not changed:
            return None
        places = [history.position(commit) for commit in changed]
        measured, runs = np.unique(placed.position, return_counts=True)
        near = int(np.searchsorted(np.cumsum(runs[::-1]), _RUNS))
        near = min(_NEWEST, max(_LEAST, near))
        if len(measured) <= _LONG * near or len(measured) - before.commits >= _GROWTH:
            return cls.whole(placed)
        live = int(measured[-min(_LIVE, near // 3)])
        if any(place is None or place < live for place in places):
            return cls.whole(placed)
        return cls(int(measured[-near]), live)

    @property
    def is_whole(self) -> bool:
        """Whether it is all that there is."""
        return self.live == 0


class _Look:
    """One look at the runs of a span of commits."""

    def __init__(
        self, history: History, suites: Sequence[Suite], vocabulary: Vocabulary, span: _Span
    ) -> None:
        self._history = history
        self._suites = suites
        self._vocabulary = vocabulary
        self._span = span
        self.series = 0

    @property
    def partial_runs(self) -> int:
        """How many runs ran a part of their suite."""
        partial = (
            int(run)
            for suite in self._suites
            for run in np.unique(suite.measured.cells.run)
            if not suite.measured.whole[run]
        )
        return len(set(partial))

    def drafts(self, options: Options, now_ns: int) -> list[Draft]:
        """What the runs say, as findings; one decision list over all suites, metrics and scopes."""
        priors = Priors(self._history, self._vocabulary.skills, self._span.start)
        subjects: dict[str, tuple[Suite, Subject]] = {}
        series: list[Series] = []
        parts: list[Series] = []
        for suite in self._suites:
            found = everything(suite.measured, self._vocabulary, priors)
            subjects |= {key: (suite, subject) for key, subject in found.subjects.items()}
            series += (replace(one, at=one.at - self._span.start) for one in found.series)
            parts += (replace(one, at=one.at - self._span.start) for one in found.parts)
        self.series = len(series) + len(parts)
        size = len(self._history.revisions) - self._span.start
        since = max(self._span.live - self._span.start, 0)
        of_suite: dict[int, list[tuple[Move, Subject]]] = {}
        for move in (*locate(size, series, options, since=since), *locate(size, parts, options, since=since)):
            suite, subject = subjects[move.key]
            of_suite.setdefault(id(suite), []).append((_shifted(move, self._span.start), subject))
        judges = [Judge(suite, self._history, options.least_effects, now_ns) for suite in self._suites]
        # What is left out now was in the list that the statistics decided on, and made it look surer.
        sure = np.array(
            [
                probability
                for suite, judge in zip(self._suites, judges, strict=True)
                for probability in judge.hear(of_suite.get(id(suite), []))
            ]
        )
        least = float(sure[bayesian(sure, options.false_findings)].min(initial=1.0))
        return [draft for judge in judges for draft in judge.drafts(least)]

    def covers(self, finding: Finding) -> bool:
        """Whether a stored finding lies where this look would have seen it.

        What is on another branch is not taken back because somebody checked out this one, and nothing is
        because a shallow clone has less of the past.
        """
        if finding.scope_kind in FLEET_SCOPES or self._history.ends_at is not None:
            return False
        position = self._history.position(finding.after_revision or "")
        return position is not None and position >= self._span.live

    def confirms(self, finding: Finding) -> bool:
        """Whether runs since a finding was first told say the same of its commit and the one before."""
        return any(
            confirms(suite, self._history, finding)
            for suite in self._suites
            if (suite.measured.suite, suite.measured.environment) == (finding.suite, finding.environment)
        )


def options_of(settings: Settings) -> Options:
    """What the settings ask of the statistics."""
    wanted = settings.changes.attribution
    least = wanted.least_effects
    return Options(
        hazard=FINDING_HAZARD,
        false_findings=wanted.false_findings_percent / 100,
        minimum_runs=wanted.minimum_runs,
        least_effects=MappingProxyType(
            {
                Kind.PROPORTION: least.rate_points / 100,
                Kind.DURATION: least.duration_percent / 100,
                Kind.COST: least.cost_percent / 100,
                Kind.COUNT: least.count_percent / 100,
            }
        ),
    )


def _shifted(move: Move, start: int) -> Move:
    """A movement on a part of the line, placed on all of it."""
    return replace(
        move,
        last_before=move.last_before + start,
        first_after=move.first_after + start,
        candidates=tuple(replace(one, at=one.at + start) for one in move.candidates),
        place=None if move.place is None else move.place + start,
        since=move.since + start,
        until=move.until + start,
    )


def _runs(count: int) -> str:
    return f"{count:,} run{'' if count == 1 else 's'}"
