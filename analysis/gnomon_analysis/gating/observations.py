"""What the store knows of one commit: its runs, what each test of them said, and under what they ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from gnomon_analysis.gating.measures import Measure, Reading, Value
from gnomon_analysis.store import ResultRow, RunRow, Store, schema
from gnomon_analysis.store.answers import NOT_ANSWERED, answered
from gnomon_analysis.store.opening import database_errors, reading
from gnomon_analysis.store.queries.runs import in_suite

# Runs that came to their end; of the others nobody knows what is missing.
_ENDED = ("success", "failure")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What runs stood under beside the commit; what differs here may be the cause instead."""

    models: frozenset[str] = frozenset()
    golden_sets: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    prices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """One test of a suite over the runs of a commit."""

    case_id: str
    results: tuple[ResultRow, ...]

    @property
    def expectation(self) -> tuple[object, ...]:
        """What counts as right for it, as its newest run says."""
        newest = self.results[-1]
        return (newest.expected, tuple(sorted(newest.alternates)), bool(newest.clarification_expected))

    @property
    def answers(self) -> Counter[str]:
        """What was answered, and how often."""
        return Counter(_answer(result) for result in self.results)


def _answer(result: ResultRow) -> str:
    if result.expected is None and result.actual is None:
        return result.outcome
    return answered(result.actual, result.clarification_asked) or NOT_ANSWERED


@dataclass(frozen=True, slots=True)
class Side:
    """All that is known of a suite at one commit.

    `left_out` says how many of its runs do not count, by the reason. `results` are those of each run.
    """

    commit: str
    suite: str
    runs: tuple[RunRow, ...]
    results: Mapping[str, tuple[ResultRow, ...]]
    conditions: Conditions = field(default_factory=Conditions)

    @property
    def cases(self) -> dict[str, CaseSeen]:
        """Its tests by their ids; what was skipped or never ran is not among them."""
        found: dict[str, list[ResultRow]] = {}
        for run in self.runs:
            for result in self.results[run.run_id]:
                if result.outcome not in ("skipped", "not_run"):
                    found.setdefault(result.case_id, []).append(result)
        return {case_id: CaseSeen(case_id, tuple(rows)) for case_id, rows in found.items()}

    def counted(self, run: RunRow, cases: Container[str]) -> Iterator[ResultRow]:
        """What the given tests did in one of its runs."""
        return (result for result in self.results[run.run_id] if result.case_id in cases)

    @property
    def cost_per_run(self) -> float | None:
        """Mean cost of a run, where each has one."""
        costs = [run.calls.cost_usd for run in self.runs if run.calls.calls]
        known = [cost for cost in costs if cost is not None]
        return sum(known) / len(known) if known else None

    @property
    def seconds_per_run(self) -> float | None:
        """Mean duration of a run."""
        known = [run.duration for run in self.runs if run.duration is not None]
        return sum(known) / len(known) if known else None


def values(results: Iterable[ResultRow], read: Reading) -> dict[str, Value]:
    """What each test of one run says of a metric; of a test that is there twice, the mean."""
    found: dict[str, list[Value]] = {}
    for result in results:
        if (value := read(result)) is not None:
            found.setdefault(result.case_id, []).append(value)
    return {case_id: _mean(several) for case_id, several in found.items()}


def _mean(several: Sequence[Value]) -> Value:
    weight = sum(one.weight for one in several)
    return Value(sum(one.value * one.weight for one in several) / weight, weight / len(several))


def reading_of(measure: Measure, sides: Sequence[Side]) -> Reading:
    """How to read a metric on all sides alike: as it should be, or by what says nearly the same."""
    if measure.otherwise is None or all(_has(side, measure.read) for side in sides):
        return measure.read
    return measure.otherwise


def _has(side: Side, read: Reading) -> bool:
    return any(read(result) is not None for results in side.results.values() for result in results)


@dataclass(frozen=True, slots=True)
class Found:
    """Runs of one commit by suite, and how many do not count, by the reason."""

    sides: Mapping[str, Side]
    left_out: Mapping[str, int]


def observe(stores: Sequence[Store], commit: str, suite: str | None, *, dirty: bool) -> Found:
    """Everything that stores know of a commit. `dirty`: runs with uncommitted changes count, too."""
    left_out: Counter[str] = Counter()
    by_suite: dict[str, list[_Observed]] = {}
    seen: set[str] = set()
    for store in stores:
        for run in store.runs(suite, commit=commit):
            if run.run_id in seen:
                continue
            seen.add(run.run_id)
            if (reason := _unfit(run, dirty=dirty)) is not None:
                left_out[reason] += 1
                continue
            for named, results in _by_suite(store, run, suite).items():
                by_suite.setdefault(named, []).append(_Observed(store, run, results))
    sides = {name: _side(commit, name, found) for name, found in by_suite.items()}
    return Found({name: side for name, side in sides.items() if side.cases}, left_out)


@dataclass(frozen=True, slots=True)
class _Observed:
    """A run with its tests of one suite."""

    store: Store
    run: RunRow
    results: tuple[ResultRow, ...]


def _by_suite(store: Store, run: RunRow, suite: str | None) -> dict[str, tuple[ResultRow, ...]]:
    """The tests of a run by suite; a run may hold tests of several."""
    found: dict[str, list[ResultRow]] = {}
    for result in store.results(run.run_id):
        named = result.suite or run.suite or ""
        if suite is None or named == suite:
            found.setdefault(named, []).append(result)
    return {named: tuple(results) for named, results in found.items()}


def _unfit(run: RunRow, *, dirty: bool) -> str | None:
    if run.dirty and not dirty:
        return "with uncommitted changes"
    if not run.complete or run.status not in _ENDED:
        return "that never came to an end"
    return None


def _side(commit: str, suite: str, found: Sequence[_Observed]) -> Side:
    ordered = sorted(found, key=lambda one: (str(one.run.started_at or ""), one.run.run_id))
    runs = tuple(one.run for one in ordered)
    called = [row for one in ordered for row in _calls(one.store, one.run.run_id)]
    return Side(
        commit=commit,
        suite=suite,
        runs=runs,
        results={one.run.run_id: one.results for one in ordered},
        conditions=Conditions(
            models=frozenset(model for model, _ in called),
            golden_sets=frozenset(run.golden_set_version for run in runs if run.golden_set_version),
            environments=frozenset(run.environment for run in runs if run.environment),
            prices=frozenset(price for _, price in called if price),
        ),
    )


def _calls(store: Store, run_id: str) -> Iterator[tuple[str, str | None]]:
    """Models that tests of a run called, with the one that answered, and where their price is from."""
    calls = schema.model_calls.c
    statement = (
        select(calls.provider, calls.request_model, calls.response_model, calls.price_source)
        .where(calls.run_id == run_id, calls.case_id.is_not(None))
        .distinct()
    )
    with database_errors(store.url), reading(store.engine) as connection:
        rows = connection.execute(statement).all()
    for provider, asked, model, price in rows:
        named = asked or model
        if named is not None:
            other = f" (answered by {model})" if model and model != named else ""
            yield f"{f'{provider} ' if provider else ''}{named}{other}", price


def commits_with_runs(stores: Sequence[Store], suite: str, *, dirty: bool) -> set[str]:
    """Commits of which a store has runs with tests of the suite that came to their end."""
    runs = schema.runs.c
    statement = (
        select(runs.revision)
        .where(
            runs.revision.is_not(None),
            runs.complete,
            runs.status.in_(_ENDED),
            *in_suite(suite),
            *(() if dirty else (runs.dirty.is_not(True),)),
        )
        .distinct()
    )
    found: set[str] = set()
    for store in stores:
        with database_errors(store.url), reading(store.engine) as connection:
            found |= {str(row[0]) for row in connection.execute(statement)}
    return found
