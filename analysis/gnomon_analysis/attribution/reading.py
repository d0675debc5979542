"""Rows of the store as columns of numbers: two million results are read without two million objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, func, select

from gnomon.registry.attributes import GNOMON_REPLAY_CASES
from gnomon_analysis.store import schema
from gnomon_analysis.store.answers import ASKS_BACK

Codes = NDArray[np.int32]
# Half the memory; every figure here is the figure of one test.
Numbers = NDArray[np.float32]

_ROWS_AT_ONCE = 2_000
_IDS_A_QUERY = 500
# Up to so many runs are asked for by name; more are read with all others and sorted out here.
_RUNS_BY_NAME = 2_000

_PASSED = "passed"
_FAILING = frozenset({"failed", "error", "crashed"})


class StoredRun(NamedTuple):
    """What says where a run stands; `part` is whether it was asked for chosen cases alone, as by a search."""

    run_id: str
    suite: str | None
    repository: str | None
    revision: str | None
    ref_name: str | None
    dirty: bool
    environment: str | None
    department: str | None
    agent: str | None
    golden_set_version: str | None
    complete: bool
    started_ns: int
    ended_ns: int
    part: bool = False


def stored_runs(connection: Connection) -> list[StoredRun]:
    """All runs, oldest first."""
    runs = schema.runs.c
    statement = select(
        runs.run_id,
        runs.suite,
        runs.repository,
        runs.revision,
        runs.ref_name,
        func.coalesce(runs.dirty, False),
        runs.environment,
        runs.department,
        runs.agent,
        runs.golden_set_version,
        runs.complete,
        func.coalesce(runs.started_ns, 0),
        func.coalesce(runs.ended_ns, 0),
        runs.attributes[GNOMON_REPLAY_CASES.name].as_string().is_not(None),
    ).order_by(runs.started_ns.asc().nulls_first(), runs.sequence.asc().nulls_first(), runs.run_id)
    return [StoredRun._make(row) for row in connection.execute(statement)]


class Names:
    """Texts as numbers, in the order in which they were met; None is -1."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._codes: dict[str | None, int] = {None: -1}

    def code(self, text: str | None) -> int:
        """The number of a text."""
        found = self._codes.get(text)
        if found is None:
            found = self._codes[text] = len(self.texts)
            self.texts.append(str(text))
        return found

    def codes(self, texts: Sequence[str | None]) -> Codes:
        """The numbers of many texts."""
        known = self._codes
        for text in dict.fromkeys(texts):  # the order decides in which sums are added up: the last digit
            if text not in known:
                self.code(text)
        return np.fromiter(map(known.__getitem__, texts), np.int32, len(texts))

    def text(self, code: int) -> str | None:
        """The text of a number."""
        return None if code < 0 else self.texts[code]


@dataclass(slots=True)
class Vocabulary:
    """The texts behind the numbers of the columns. A case is known by its suite and its id."""

    suites: Names = field(default_factory=Names)
    cases: Names = field(default_factory=Names)
    skills: Names = field(default_factory=Names)
    categories: Names = field(default_factory=Names)
    models: Names = field(default_factory=Names)


@dataclass(frozen=True, slots=True)
class Results:
    """One row a result of a run; NaN where something is not known.

    `run` is the run's place in the list that was asked for; `correct`, `asked` and `passed` are 0, 1 or NaN;
    `asked` is known only where no question back was expected.
    """

    run: Codes
    suite: Codes
    case: Codes
    skill: Codes
    category: Codes
    actual: Codes
    correct: Numbers
    asked: Numbers
    passed: Numbers
    tools_expected: Numbers
    tools_matched: Numbers
    reruns: Numbers
    duration: Numbers


@dataclass(frozen=True, slots=True)
class Calls:
    """One row a model call of a test; NaN where something is not known. `model` is -1 for none."""

    run: Codes
    case: Codes
    model: Codes
    retries: Numbers
    tokens: Numbers
    cost: Numbers
    latency: Numbers


def results(
    connection: Connection, run_ids: Sequence[str], suites: Sequence[str | None], vocabulary: Vocabulary
) -> Results:
    """The results of some runs; `suites` are the runs' own, for results that name none."""
    of = schema.results.c
    statement = select(
        *(of.run_id, of.suite, of.case_id, of.expected_skill, of.category, of.actual_skill, of.correct),
        *(of.clarification_expected, of.clarification_asked, of.outcome),
        *(of.tools_expected, of.tools_matched, of.attempts),
        func.coalesce(of.call_duration, of.duration),
    )
    place = {run_id: index for index, run_id in enumerate(run_ids)}
    of_run = vocabulary.suites.codes(suites)
    parts: list[tuple[NDArray[Any], ...]] = []
    for columns in _portions(connection, statement, of.run_id, run_ids):
        run = np.fromiter((place.get(run_id, -1) for run_id in columns[0]), np.int32, len(columns[0]))
        suite = vocabulary.suites.codes(columns[1])
        suite = np.where(suite < 0, of_run[run], suite)
        part = (
            run,
            suite,
            vocabulary.cases.codes(columns[2]),
            vocabulary.skills.codes(columns[3]),
            vocabulary.categories.codes(columns[4]),
            vocabulary.skills.codes(list(map(_answer, columns[5], columns[8]))),
            _numbers(columns[6]),
            np.where(_numbers(columns[7]) == 1, np.float32(np.nan), _numbers(columns[8])),
            np.fromiter(map(_pass, columns[9]), np.float32, len(columns[9])),
            _numbers(columns[10]),
            _numbers(columns[11]),
            np.maximum(_numbers(columns[12]) - 1, 0),
            _numbers(columns[13]),
        )
        parts.append(_kept(part, run >= 0))
    return Results(*_joined(parts, 6, 7))


def calls(connection: Connection, run_ids: Sequence[str], vocabulary: Vocabulary) -> Calls:
    """The model calls of some runs that belong to a test."""
    of = schema.model_calls.c
    statement = select(
        *(of.run_id, of.case_id, of.provider, of.request_model, of.response_model, of.retries),
        *(of.input_tokens, of.output_tokens, of.cost_usd, of.api_latency, of.started_ns, of.ended_ns),
    ).where(of.case_id.is_not(None), of.run_id.is_not(None))
    place = {run_id: index for index, run_id in enumerate(run_ids)}
    parts: list[tuple[NDArray[Any], ...]] = []
    for columns in _portions(connection, statement, of.run_id, run_ids):
        run = np.fromiter((place.get(run_id, -1) for run_id in columns[0]), np.int32, len(columns[0]))
        taken, given = _numbers(columns[6]), _numbers(columns[7])
        # A call that failed has neither, and costs nothing that is known.
        tokens = np.where(np.isnan(taken), given, taken + np.nan_to_num(given))
        span = (np.array(columns[11], np.int64) - np.array(columns[10], np.int64)).astype(np.float32) / 1e9
        latency = _numbers(columns[9])
        part = (
            run,
            vocabulary.cases.codes(columns[1]),
            vocabulary.models.codes(list(map(_model, columns[2], columns[3], columns[4]))),
            _numbers(columns[5]),
            tokens,
            _numbers(columns[8]),
            np.where(np.isnan(latency), span, latency).astype(np.float32),
        )
        parts.append(_kept(part, run >= 0))
    return Calls(*_joined(parts, 3, 4))


def _model(provider: str | None, asked: str | None, answered: str | None) -> str | None:
    """What answered, as far as it says: the same name asked for may be answered by a newer model."""
    model = asked or answered
    if model is None:
        return None
    named = model if answered in (None, model) else f"{model} ({answered})"
    return f"{named} by {provider}" if provider else named


def _answer(skill: str | None, asked: bool | None) -> str | None:
    """The skill that answered, the empty one for none; a question back has a name of its own."""
    return ASKS_BACK if asked and not skill else skill


def _pass(outcome: str) -> float:
    return 1.0 if outcome == _PASSED else 0.0 if outcome in _FAILING else np.nan


def _numbers(values: Sequence[Any]) -> Numbers:
    return np.array(values, dtype=np.float32)


def _portions(
    connection: Connection, statement: Select[Any], run_column: Any, run_ids: Sequence[str]
) -> Iterator[list[Sequence[Any]]]:
    """Some thousand rows at a time, as columns."""
    if len(run_ids) > _RUNS_BY_NAME:
        statements = [statement]
    else:
        portions = (run_ids[start : start + _IDS_A_QUERY] for start in range(0, len(run_ids), _IDS_A_QUERY))
        statements = [statement.where(run_column.in_(some)) for some in portions]
    for one in statements:
        for rows in _rows(connection, one):
            yield list(zip(*rows, strict=True))


def _rows(connection: Connection, statement: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    if connection.dialect.name == "sqlite":
        # Straight from the driver, which reads as it goes: a row object for each row takes as long again.
        with connection.execute(statement) as result:
            while result.cursor is not None and (rows := result.cursor.fetchmany(_ROWS_AT_ONCE)):
                yield rows
        return
    with connection.execute(statement.execution_options(yield_per=_ROWS_AT_ONCE)) as result:
        yield from result.partitions()


def _kept(part: tuple[NDArray[Any], ...], wanted: NDArray[np.bool_]) -> tuple[NDArray[Any], ...]:
    return part if bool(wanted.all()) else tuple(column[wanted] for column in part)


def _joined(parts: Sequence[tuple[NDArray[Any], ...]], codes: int, numbers: int) -> list[NDArray[Any]]:
    if not parts:
        none: list[NDArray[Any]] = [np.empty(0, np.int32) for _ in range(codes)]
        return none + [np.empty(0, np.float32) for _ in range(numbers)]
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]
