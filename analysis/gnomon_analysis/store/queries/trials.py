"""How each test did each time it ran, in bulk: what is said about flaky tests rests on it.

A trial is an attempt of a test, or its result where it had one attempt: good, or bad; what was skipped or
never ran is no trial. The last attempt speaks through the result, whose route may be wrong where nothing
failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from gnomon.registry import values
from gnomon.registry.attributes import GNOMON_REPLAY_ID, GNOMON_REPLAY_TESTS
from gnomon_analysis.store import schema
from gnomon_analysis.store.queries.commits import DIRTY
from gnomon_analysis.store.queries.totals import (
    BAD,
    CALLS,
    GOOD,
    RESULTS_OF_RUNS,
    attempts,
    calls,
    case_place,
    results,
    runs,
    seconds,
)
from gnomon_analysis.store.rows import (
    FAILING,
    CallsOfTrial,
    CaseTrials,
    ModelTag,
    TrialDetail,
    TrialRun,
    Trials,
    WindowCount,
)

# Rows that are fetched at once, and keys that one statement names.
_PORTION = 50_000
_KEYS = 500

_Span = tuple[str, str]
_Case = tuple[str | None, str]

_DETAILS = tuple(
    results[name]
    for name in (
        *("trace_id", "span_id", "run_id", "attempts", "outcome", "phase", "error_type", "message"),
        *("duration", "call_duration", "worker_id", "expected_skill", "actual_skill", "correct"),
        "clarification_asked",
    )
)
_VERDICT = case((GOOD, 1), (BAD, 0), else_=None)
_OLDEST_FIRST = (runs.started_ns.asc().nulls_first(), runs.sequence.asc().nulls_first(), runs.run_id)


def trials(
    connection: Connection,
    suite: str | None = None,
    since_ns: int | None = None,
    case_id: str | None = None,
    newest: int | None = None,
) -> Trials:
    """The trials of every test, of runs that began at `since_ns` or later.

    All of them, or at least the `newest` so many of each test: then no more is read than it takes.
    """
    its_runs = _runs(connection, since_ns)
    found: dict[_Case, CaseTrials] = {}
    conditions = _conditions(suite, since_ns, case_id)
    if newest is None or case_id is not None:
        _read(connection, its_runs, conditions, found)
    else:
        _read_newest(connection, its_runs, suite, newest, found)
    return Trials(tuple(its_runs), tuple(found[key] for key in sorted(found, key=_by_name)))


def _read_newest(
    connection: Connection,
    its_runs: Sequence[TrialRun],
    suite: str | None,
    newest: int,
    found: dict[_Case, CaseTrials],
) -> None:
    waiting = _cases(connection, suite)
    many = len(waiting)
    of_suite = () if suite is None else (_of_suite(suite),)
    for beyond in range(len(its_runs), 0, -_KEYS):
        some = [run.run_id for run in its_runs[max(0, beyond - _KEYS) : beyond]]
        conditions = [results.run_id.in_(some), *of_suite]
        if len(waiting) < many and len(waiting) <= _KEYS:
            conditions.append(results.case_id.in_(sorted({named for _, named in waiting})))
        _read(connection, its_runs, conditions, found)
        waiting = {key for key in waiting if key not in found or len(found[key].good) < newest}
        if not waiting:
            return


def _cases(connection: Connection, suite: str | None) -> set[_Case]:
    statement = select(results.suite, results.case_id).where(*_conditions(suite, None, None)).distinct()
    return {(row[0], row[1]) for row in connection.execute(statement)}


def _of_suite(suite: str | None) -> ColumnElement[bool]:
    """Not by a plain comparison: SQLite would read the whole suite by its index, and not some runs."""
    return func.coalesce(results.suite, "") == (suite or "")


def _read(
    connection: Connection,
    its_runs: Sequence[TrialRun],
    conditions: Sequence[ColumnElement[bool]],
    found: dict[_Case, CaseTrials],
) -> None:
    place = {run.run_id: number for number, run in enumerate(its_runs)}
    reruns = _attempts(connection, conditions)
    statement = (
        select(
            results.suite,
            results.case_id,
            results.run_id,
            _VERDICT.label("verdict"),
            results.attempts,
            results.trace_id,
            results.span_id,
        )
        .select_from(schema.results)
        .where(*conditions)
    )
    for of_suite, named, run_id, verdict, tried, trace_id, span_id in _rows(connection, statement):
        run = place.get(run_id)
        if run is None or (verdict is None and tried <= 1):
            continue
        its = found.get((of_suite, named))
        if its is None:
            its = found[of_suite, named] = CaseTrials(of_suite, named)
        numbered = reruns.get((trace_id, span_id)) if tried > 1 else None
        if numbered is None:
            if verdict is not None:
                its.add(run, verdict, 1)
        else:
            _add_attempts(its, run, numbered, verdict)


def _add_attempts(
    its: CaseTrials, run: int, numbered: Sequence[tuple[int, int | None]], verdict: int | None
) -> None:
    last = numbered[-1][0]
    for number, outcome in numbered:
        good = verdict if number == last else outcome
        if good is not None:
            its.add(run, good, number)


def _by_name(key: _Case) -> tuple[str, str]:
    return (key[0] or "", key[1])


def _rows(connection: Connection, statement: Any) -> Iterator[Any]:
    streamed = connection.execution_options(stream_results=True, yield_per=_PORTION).execute(statement)
    for portion in streamed.partitions(_PORTION):
        yield from portion


def _conditions(
    suite: str | None, since_ns: int | None, case_id: str | None
) -> tuple[ColumnElement[bool], ...]:
    conditions: list[ColumnElement[bool]] = []
    if suite is not None:
        conditions.append(results.suite == suite)
    if case_id is not None:
        conditions.append(results.case_id == case_id)
    if since_ns is not None:
        conditions.append(results.run_id.in_(select(runs.run_id).where(runs.started_ns >= since_ns)))
    return tuple(conditions)


def _runs(connection: Connection, since_ns: int | None) -> list[TrialRun]:
    statement = select(
        runs.run_id,
        runs.started_ns,
        runs.ended_ns,
        runs.repository,
        runs.revision,
        DIRTY.label("dirty"),
        runs.environment,
        runs.department,
        runs.agent,
        runs.golden_set_version,
        runs.skills_hash,
        runs.config_hash,
        runs.host,
        runs.attributes[str(GNOMON_REPLAY_TESTS)].as_string(),
    ).order_by(*_OLDEST_FIRST)
    if since_ns is not None:
        statement = statement.where(runs.started_ns >= since_ns)
    return [TrialRun(*row) for row in connection.execute(statement)]


def _attempts(
    connection: Connection, conditions: Sequence[ColumnElement[bool]]
) -> dict[_Span, list[tuple[int, int | None]]]:
    """The attempts of tests that had several: number, and 1 for good, 0 for bad, None for neither."""
    good = case((attempts.outcome == values.PASSED, 1), (attempts.outcome.in_(FAILING), 0), else_=None)
    statement = (
        select(attempts.trace_id, attempts.result_span_id, attempts.number, good)
        .select_from(
            schema.attempts.join(
                schema.results,
                (results.trace_id == attempts.trace_id) & (results.span_id == attempts.result_span_id),
            )
        )
        .where(results.attempts > 1, *conditions)
        .order_by(attempts.trace_id, attempts.result_span_id, attempts.number)
    )
    found: dict[_Span, list[tuple[int, int | None]]] = {}
    for trace_id, span_id, number, verdict in _rows(connection, statement):
        found.setdefault((trace_id, span_id), []).append((number, verdict))
    return {span: numbered for span, numbered in found.items() if len(numbered) > 1}


def tags_of(
    connection: Connection, case_ids: Sequence[str], run_ids: Sequence[str]
) -> dict[tuple[str, str], ModelTag]:
    """The model that answered most calls of a test in a run, by run id and case id."""
    counted: dict[tuple[str, str], list[tuple[int, ModelTag]]] = {}
    wanted = set(case_ids)
    of_cases = (calls.case_id.in_(sorted(wanted)),) if len(wanted) <= _KEYS else ()
    keys = (calls.run_id, calls.case_id, calls.provider, calls.request_model, calls.response_model)
    for start in range(0, len(run_ids), _KEYS):
        statement = (
            select(*keys, func.count())
            .select_from(CALLS)
            .where(calls.run_id.in_(run_ids[start : start + _KEYS]), calls.error_type.is_(None), *of_cases)
            .group_by(*keys)
        )
        for run_id, case_id, provider, asked, answered, number in connection.execute(statement):
            if case_id in wanted:
                tag = ModelTag(provider, asked, answered)
                counted.setdefault((run_id, case_id), []).append((number, tag))
    return {key: min(ranked, key=_most_calls)[1] for key, ranked in counted.items()}


def _most_calls(entry: tuple[int, ModelTag]) -> tuple[int, tuple[str, ...]]:
    return (-entry[0], tuple(part or "" for part in entry[1]))


def case_ids(connection: Connection) -> list[str]:
    """The ids of all tests that ever ran, in order."""
    return list(connection.execute(select(results.case_id).distinct().order_by(results.case_id)).scalars())


def newest_names(
    connection: Connection, wanted: Sequence[tuple[str | None, str]]
) -> dict[tuple[str | None, str], str]:
    """The name (node id) that each test, by suite and case id, had when it last ran."""
    found = {}
    for suite, case_id in wanted:
        of_suite = results.suite.is_(None) if suite is None else results.suite == suite
        statement = (
            select(results.case_name)
            .where(of_suite, results.case_id == case_id)
            .order_by(results.started_ns.desc().nulls_last())
            .limit(1)
        )
        found[suite, case_id] = str(connection.execute(statement).scalar_one())
    return found


def trial_details(
    connection: Connection, suite: str | None, case_id: str, run_ids: Sequence[str]
) -> list[TrialDetail]:
    """What is known of each trial of one test in some runs; of attempts before the last, little is."""
    found: list[TrialDetail] = []
    for start in range(0, len(run_ids), _KEYS):
        some = run_ids[start : start + _KEYS]
        called = _calls_of(connection, case_id, some)
        statement = (
            select(*_DETAILS, _VERDICT.label("verdict"), runs.host)
            .select_from(RESULTS_OF_RUNS)
            .where(_of_suite(suite), results.case_id == case_id, results.run_id.in_(some))
        )
        rows = connection.execute(statement).all()
        reran = [(row.trace_id, row.span_id) for row in rows if row.attempts > 1]
        earlier = _earlier(connection, reran, called) if reran else {}
        for row in rows:
            before = earlier.get((row.trace_id, row.span_id), [])
            found.extend(before if row.verdict is None else before[:-1])
            if row.verdict is not None:
                number = before[-1].attempt if before else 1
                found.append(_last(row, number, called.get((row.run_id, number), ())))
    return found


def _last(row: Any, number: int, its_calls: tuple[CallsOfTrial, ...]) -> TrialDetail:
    return TrialDetail(
        run_id=row.run_id,
        attempt=number,
        last=True,
        good=bool(row.verdict),
        outcome=row.outcome,
        error_type=row.error_type,
        duration=row.call_duration if row.call_duration is not None else row.duration,
        phase=row.phase,
        message=row.message,
        worker_id=row.worker_id,
        host=row.host,
        expected=row.expected_skill,
        actual=row.actual_skill,
        clarified=row.clarification_asked,
        correct=row.correct,
        calls=its_calls,
    )


def _calls_of(
    connection: Connection, case_id: str, run_ids: Sequence[str]
) -> dict[tuple[str, int], tuple[CallsOfTrial, ...]]:
    attempt = func.coalesce(calls.attempt, 1)
    statement = (
        select(calls.run_id, attempt, calls.error_type, func.count())
        .select_from(CALLS)
        .where(calls.run_id.in_(run_ids), calls.case_id == case_id)
        .group_by(calls.run_id, attempt, calls.error_type)
    )
    found: dict[tuple[str, int], tuple[CallsOfTrial, ...]] = {}
    for run_id, number, error_type, many in connection.execute(statement):
        key = (run_id, int(number))
        found[key] = (*found.get(key, ()), CallsOfTrial(error_type, int(many)))
    return found


def _earlier(
    connection: Connection,
    spans: Sequence[_Span],
    called: Mapping[tuple[str, int], tuple[CallsOfTrial, ...]],
) -> dict[_Span, list[TrialDetail]]:
    """The attempts of tests that had several, by their span; without those that were neither good nor bad."""
    found: dict[_Span, list[TrialDetail]] = {}
    wanted = set(spans)
    traces = sorted({trace for trace, _ in spans})
    for start in range(0, len(traces), _KEYS):
        statement = (
            select(schema.attempts, runs.host)
            .select_from(schema.attempts.join(schema.runs, attempts.run_id == runs.run_id))
            .where(
                attempts.trace_id.in_(traces[start : start + _KEYS]),
                attempts.outcome.in_((values.PASSED, *FAILING)),
            )
            .order_by(attempts.number)
        )
        for row in connection.execute(statement):
            span = (row.trace_id, row.result_span_id)
            if span in wanted:
                its_calls = called.get((row.run_id, row.number), ())
                found.setdefault(span, []).append(_attempt(row, its_calls))
    return {span: numbered for span, numbered in found.items() if len(numbered) > 1}


def _attempt(row: Any, its_calls: tuple[CallsOfTrial, ...]) -> TrialDetail:
    return TrialDetail(
        run_id=row.run_id,
        attempt=row.number,
        last=False,
        good=row.outcome == values.PASSED,
        outcome=row.outcome,
        error_type=row.error_type,
        duration=seconds(row.started_ns, row.ended_ns),
        host=row.host,
        calls=its_calls,
    )


def window_counts(
    connection: Connection, since_ns: int, until_ns: int, case_series: int
) -> list[WindowCount]:
    """Tests of routing cases of runs that ended after `since_ns`, up to `until_ns`, by outcome.

    The same that the run points of single cases count: of each run only the `case_series` cases whose ids
    come first.
    """
    suite = func.coalesce(results.suite, runs.suite, "")
    ranked = (
        select(
            suite.label("suite"),
            func.coalesce(runs.environment, "").label("environment"),
            func.coalesce(runs.department, "").label("department"),
            func.coalesce(runs.agent, "").label("agent"),
            func.coalesce(func.nullif(results.expected_skill, ""), values.NONE).label("skill"),
            results.case_id,
            results.outcome,
            case_place(connection.dialect.name).label("place"),
        )
        .select_from(RESULTS_OF_RUNS)
        .where(
            results.expected_skill.is_not(None),
            runs.complete,
            # What was run for its own sake was sent nowhere.
            runs.attributes[str(GNOMON_REPLAY_ID)].as_string().is_(None),
            runs.ended_ns > since_ns,
            runs.ended_ns <= until_ns,
        )
        .subquery()
    )
    labels = [column for column in ranked.c if column.name != "place"]
    statement = (
        select(*labels, func.count().label("tests"))
        .where(ranked.c.place <= case_series, ranked.c.outcome.in_((values.PASSED, *FAILING)))
        .group_by(*labels)
    )
    return [WindowCount._make(row) for row in connection.execute(statement)]
