"""What the store knows of a line of commits: runs that can be compared, as evidence, and what they cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, func, select

from gnomon.registry import attributes
from gnomon_analysis.bisection.evidence import Evidence, LevelEvidence, RateEvidence
from gnomon_analysis.bisection.subject import Result, Subject
from gnomon_analysis.bisection.yardstick import Yardstick
from gnomon_analysis.store import Store, schema
from gnomon_analysis.store.opening import database_errors, reading

# What runs that were made here carry.
MADE_BY = str(attributes.GNOMON_REPLAY_ID)
TESTS_FROM = str(attributes.GNOMON_REPLAY_TESTS)
CASES_CHOSEN = str(attributes.GNOMON_REPLAY_CASES)

_IDS_A_QUERY = 400
_NEIGHBOURS = 3
_FINISHED = ("success", "failure")


class StoredRun(NamedTuple):
    """A run that came to its end, at a known commit.

    `is_whole` is true or false of a replay, which knows whether it was asked for all cases, else None.
    """

    run_id: str
    commit: str
    started_ns: int
    seconds: float
    tests_from: str | None
    is_whole: bool | None


@dataclass(frozen=True, slots=True)
class CaseCost:
    """What one case costs in one run."""

    seconds: float
    usd: float


@dataclass(frozen=True, slots=True)
class RunCost:
    """What a run costs: `seconds` beside its cases, and each case."""

    seconds: float
    cases: tuple[CaseCost, ...]

    def undivided(self) -> RunCost:
        """The same where all cases are run always, as one."""
        return RunCost(0.0, (self.of(range(len(self.cases))),))

    def of(self, cases: Iterable[int]) -> CaseCost:
        """What a run of these cases costs."""
        chosen = [self.cases[case] for case in cases]
        return CaseCost(self.seconds + sum(case.seconds for case in chosen), sum(case.usd for case in chosen))


class Known:
    """Runs of a subject at the commits of a line. `update` adds those that came since.

    A run counts if it is whole, of a clean working tree, in the same environment, with the models that the
    newest run of all called, and measured with the tests that are compared by. `passed_over` says how many
    were not, by reason.
    """

    def __init__(self, store: Store, subject: Subject, commits: Sequence[str], yardstick: Yardstick) -> None:
        self._store = store
        self._subject = subject
        self._place = {commit: position for position, commit in enumerate(commits)}
        self._yardstick = yardstick
        self._seen: set[str] = set()
        self._runs: dict[str, StoredRun] = {}
        self._results: dict[str, list[Result]] = {}
        self._models: frozenset[str] | None = None
        self.passed_over: dict[str, int] = defaultdict(int)
        self.cases: list[str] = []
        self.names: dict[str, str] = {}
        self.skills: set[str] = set()

    def update(self) -> None:
        """Reads the runs that are new."""
        with database_errors(self._store.url), reading(self._store.engine) as connection:
            new = [run for run in self._eligible(connection) if run.run_id not in self._seen]
            self._seen |= {run.run_id for run in new}
            models = _models(connection, [run.run_id for run in new])
            if self._models is None and new:
                newest = max(new, key=lambda run: run.started_ns)
                self._models = models.get(newest.run_id, frozenset())
            fitting = [run for run in new if self._has_our_models(models.get(run.run_id, frozenset()))]
            for result in _results(connection, [run.run_id for run in fitting]):
                self._results.setdefault(result.run_id, []).append(result)
        for run in sorted(fitting, key=lambda run: run.started_ns):
            self._runs[run.run_id] = run
            self._name(self._results.get(run.run_id, ()))

    def _has_our_models(self, models: frozenset[str]) -> bool:
        ours = self._models or frozenset()
        # A run of some cases only need not call all of them.
        fits = models <= ours or ours <= models
        if not fits:
            self.passed_over["other models"] += 1
        return fits

    def _eligible(self, connection: Connection) -> Iterator[StoredRun]:
        for run, environment in _stored_runs(connection, self._subject.suite):
            if run.commit not in self._place or run.run_id in self._seen:
                continue
            if environment != self._subject.environment:
                reason = f"environment {environment}"
            elif not self._yardstick.fits(run.commit, run.tests_from):
                reason = "other tests"
            else:
                yield run
                continue
            self._seen.add(run.run_id)
            self.passed_over[reason] += 1

    def _name(self, results: Iterable[Result]) -> None:
        for result in results:
            if self._subject.concerns(result) and self._subject.metric.value(result) is not None:
                if result.case_id not in self.names:
                    self.cases.append(result.case_id)
                self.names[result.case_id] = result.case_name
                if result.skill:
                    self.skills.add(result.skill)

    @property
    def runs(self) -> int:
        """How many runs count."""
        return len(self._runs)

    def runs_at(self, position: int) -> int:
        """How many runs at a position say something of the subject."""
        return sum(
            self._place[run.commit] == position and self._says_something(run.run_id)
            for run in self._runs.values()
        )

    def _says_something(self, run_id: str) -> bool:
        return any(True for _ in self._values(run_id))

    def whole_runs_at(self, position: int) -> int:
        """How many runs at a position ran all of the suite.

        Of a run that does not say so itself it is assumed where it has half as many results at least as the
        longest run at this measured position and the next ones.
        """
        longest: dict[int, int] = defaultdict(int)
        for run_id, run in self._runs.items():
            place = self._place[run.commit]
            longest[place] = max(longest[place], len(self._results.get(run_id, ())))
        near = sorted(longest, key=lambda place: abs(place - position))[:_NEIGHBOURS]
        most = max((longest[place] for place in near), default=0)
        return sum(
            self._place[run.commit] == position
            and (2 * len(self._results.get(run_id, ())) >= most if run.is_whole is None else run.is_whole)
            and bool(self._results.get(run_id))
            for run_id, run in self._runs.items()
        )

    def results_at(self, position: int) -> int:
        """How many results of the subject there are at a position."""
        return sum(
            1
            for run in self._runs.values()
            if self._place[run.commit] == position
            for _ in self._values(run.run_id)
        )

    def measured(self) -> list[int]:
        """The positions with runs, ascending."""
        return sorted(
            {self._place[run.commit] for run in self._runs.values() if self._says_something(run.run_id)}
        )

    def _values(self, run_id: str) -> Iterator[tuple[str, float]]:
        for result in self._results.get(run_id, ()):
            if self._subject.concerns(result):
                value = self._subject.metric.value(result)
                if value is not None:
                    yield result.case_id, value

    def evidence(self, positions: Sequence[int] | None = None) -> Evidence:
        """The runs as evidence; with `positions` named, of these alone and numbered by their order."""
        if positions is None:
            place: dict[int, int] = {position: position for position in range(len(self._place))}
        else:
            place = {position: number for number, position in enumerate(positions)}
        if self._subject.metric.is_rate:
            return self._rates(place)
        return self._levels(place)

    def _rates(self, place: dict[int, int]) -> RateEvidence:
        number = {case: index for index, case in enumerate(self.cases)}
        successes, trials = np.zeros((2, max(1, len(self.cases)), len(place)))
        for run in self._runs.values():
            if (column := place.get(self._place[run.commit])) is None:
                continue
            for case, value in self._values(run.run_id):
                successes[number[case], column] += value
                trials[number[case], column] += 1
        return RateEvidence(successes, trials)

    def _levels(self, place: dict[int, int]) -> LevelEvidence:
        """One value a run: the mean over its cases of how far their logs are from the case's usual one."""
        usual = self._usual()
        positions, values = [], []
        for run in self._runs.values():
            if (column := place.get(self._place[run.commit])) is None:
                continue
            distances = [value - usual[case] for case, value in self._values(run.run_id)]
            if distances:
                positions.append(column)
                values.append(sum(distances) / len(distances))
        return LevelEvidence(np.array(positions, dtype=np.int64), np.array(values))

    def _usual(self) -> dict[str, float]:
        logs: dict[str, list[float]] = defaultdict(list)
        for run_id in self._runs:
            for case, value in self._values(run_id):
                logs[case].append(value)
        return {case: median(values) for case, values in logs.items()}

    def usual_log(self) -> float:
        """The mean over the cases of their usual logs; 0 where there are none."""
        usual = self._usual()
        return sum(usual.values()) / len(usual) if usual else 0.0

    def cost(self) -> RunCost:
        """What a run costs, from those that were made; those of its cases, and what is beside them."""
        seconds: dict[str, list[float]] = defaultdict(list)
        money: dict[str, list[float]] = defaultdict(list)
        ratios, rests = [], []
        for run_id, run in self._runs.items():
            spent = 0.0
            for result in self._results.get(run_id, ()):
                spent += result.duration or 0.0
                seconds[result.case_id].append(result.duration or 0.0)
                money[result.case_id].append(result.cost or 0.0)
            if run.seconds > 0:
                # Workers side by side make a run shorter than its tests together.
                ratios.append(min(1.0, run.seconds / spent) if spent > 0 else 1.0)
                rests.append(max(0.0, run.seconds - spent))
        ratio = median(ratios) if ratios else 1.0
        cases = tuple(CaseCost(ratio * _mean(seconds[case]), _mean(money[case])) for case in self.cases) or (
            CaseCost(0.0, 0.0),
        )
        return RunCost(median(rests) if rests else 0.0, cases)

    def whole_run(self) -> CaseCost:
        """What a run of the whole suite costs, not only of what is searched for."""
        lengths = [len(self._results.get(run_id, ())) for run_id in self._runs]
        whole = [
            run_id
            for run_id, length in zip(self._runs, lengths, strict=True)
            if 2 * length >= max(lengths, default=0)
        ]
        return CaseCost(
            median([self._runs[run_id].seconds for run_id in whole]) if whole else 0.0,
            _mean([sum(result.cost or 0.0 for result in self._results.get(run_id, ())) for run_id in whole]),
        )


@dataclass(frozen=True, slots=True)
class Made:
    """Runs of a search that are in the store, whole or not, and what their model calls cost."""

    run_ids: tuple[str, ...]
    usd: float


def suites_with(store: Store) -> list[tuple[str, str]]:
    """Suites and environments that have runs, the newest first."""
    with database_errors(store.url), reading(store.engine) as connection:
        runs = schema.runs.c
        rows = connection.execute(
            select(runs.suite, runs.environment)
            .where(runs.suite.is_not(None), runs.environment.is_not(None))
            .group_by(runs.suite, runs.environment)
            .order_by(func.max(runs.started_ns).desc())
        )
        return [(row[0], row[1]) for row in rows]


def made_by(store: Store, search: str) -> Made:
    """What a search has made."""
    runs, calls = schema.runs.c, schema.model_calls.c
    with database_errors(store.url), reading(store.engine) as connection:
        rows = connection.execute(select(runs.run_id, runs.attributes).where(runs.attributes.is_not(None)))
        made = [row.run_id for row in rows if row.attributes.get(MADE_BY) == search]
        usd = 0.0
        for some in _portions(made):
            total = connection.execute(select(func.sum(calls.cost_usd)).where(calls.run_id.in_(some)))
            usd += total.scalar() or 0.0
    return Made(tuple(made), usd)


def _stored_runs(connection: Connection, suite: str) -> Iterator[tuple[StoredRun, str | None]]:
    runs = schema.runs.c
    statement = select(
        *(runs.run_id, runs.revision, runs.started_ns, runs.ended_ns, runs.attributes, runs.environment)
    ).where(
        runs.suite == suite,
        runs.revision.is_not(None),
        runs.complete,
        runs.status.in_(_FINISHED),
        runs.started_ns.is_not(None),
        func.coalesce(runs.dirty, False).is_(False),
    )
    for row in connection.execute(statement):
        said: dict[str, Any] = row.attributes or {}
        run = StoredRun(
            run_id=row.run_id,
            commit=row.revision,
            started_ns=row.started_ns,
            seconds=max(0, (row.ended_ns or row.started_ns) - row.started_ns) / 1e9,
            tests_from=said.get(TESTS_FROM),
            is_whole=CASES_CHOSEN not in said if MADE_BY in said else None,
        )
        yield run, row.environment


def _models(connection: Connection, run_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    calls = schema.model_calls.c
    found: dict[str, set[str]] = defaultdict(set)
    for some in _portions(run_ids):
        rows = connection.execute(
            select(calls.run_id, func.coalesce(calls.response_model, calls.request_model))
            .where(calls.run_id.in_(some))
            .distinct()
        )
        for run_id, model in rows:
            if model:
                found[run_id].add(model)
    return {run_id: frozenset(models) for run_id, models in found.items()}


def _results(connection: Connection, run_ids: Sequence[str]) -> Iterator[Result]:
    of, calls = schema.results.c, schema.model_calls.c
    for some in _portions(run_ids):
        sums = (
            select(
                calls.run_id,
                calls.case_id,
                func.sum(calls.retries).label("retries"),
                func.sum(calls.input_tokens + func.coalesce(calls.output_tokens, 0)).label("tokens"),
                func.sum(calls.cost_usd).label("cost"),
                func.sum(calls.api_latency).label("latency"),
            )
            .where(calls.run_id.in_(some), calls.case_id.is_not(None))
            .group_by(calls.run_id, calls.case_id)
            .subquery()
        )
        statement = (
            select(
                *(of.run_id, of.case_id, of.case_name, of.expected_skill, of.outcome, of.correct),
                *(of.clarification_expected, of.clarification_asked),
                *(of.tools_expected, of.tools_matched, of.attempts),
                *(of.duration, func.coalesce(of.call_duration, of.duration)),
                *(sums.c.retries, sums.c.tokens, sums.c.cost, sums.c.latency),
            )
            .outerjoin(sums, (sums.c.run_id == of.run_id) & (sums.c.case_id == of.case_id))
            .where(of.run_id.in_(some))
            .order_by(of.started_ns)
        )
        for row in connection.execute(statement):
            *of_test, retries, tokens, cost, latency = row
            whole = (None if value is None else int(value) for value in (retries, tokens))
            numbers = (None if value is None else float(value) for value in (cost, latency))
            yield Result(*of_test, *whole, *numbers)


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _IDS_A_QUERY):
        yield ids[start : start + _IDS_A_QUERY]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
