"""Runs, and what happened in one of them."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, or_, select

from gnomon.errors import ExitCode, UserError
from gnomon.registry.attributes import CODE_FILE_PATH, GNOMON_TEST_MESSAGE
from gnomon.registry.events import GNOMON_COLLECTION_ERROR
from gnomon_analysis.store import schema
from gnomon_analysis.store.queries.totals import (
    CALLS,
    SUITE_OF_CALL,
    call_totals,
    calls,
    empty_tally,
    moment,
    results,
    runs,
    seconds,
    tallies,
)
from gnomon_analysis.store.rows import (
    CollectionError,
    FileHash,
    ModelCallRow,
    ModelCallTotals,
    ResultRow,
    RunRow,
    UncollectedFile,
    WorkerRow,
)

# Newest first; runs of one moment by their number.
NEWEST_FIRST = (runs.started_ns.desc().nulls_last(), runs.sequence.desc().nulls_last(), runs.run_id)

_LAST = "last"
_PORTION = 500


def in_suite(suite: str | None) -> tuple[ColumnElement[bool], ...]:
    """The condition that a run belongs to the suite, or has a test of it."""
    if suite is None:
        return ()
    tests_of_it = exists().where(results.run_id == runs.run_id, results.suite == suite)
    return (or_(runs.suite == suite, tests_of_it),)


def _at_commit(commit: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if commit is None else (runs.revision.startswith(commit, autoescape=True),)


def list_runs(
    connection: Connection, suite: str | None = None, limit: int | None = None, commit: str | None = None
) -> list[RunRow]:
    """Runs, newest first; totals are those of the suite when one is named."""
    wanted = (*in_suite(suite), *_at_commit(commit))
    statement = select(schema.runs).where(*wanted).order_by(*NEWEST_FIRST).limit(limit)
    return _run_rows(connection, connection.execute(statement).all(), suite)


def find_run(connection: Connection, reference: str, suite: str | None = None) -> RunRow:
    """The run that a person means: `last`, its sequence number, or the beginning of its id.

    Raises UserError where there is none, or more than one.
    """
    wanted = reference.strip().lower()
    found = _candidates(connection, wanted, suite)
    if not found:
        where = f" of suite {suite!r}" if suite else ""
        if wanted == _LAST:
            raise UserError(f"there is no run{where}; `gnomon runs` lists those there are", ExitCode.NEGATIVE)
        raise UserError(
            f"no run{where} is called {reference!r}; `gnomon runs` lists the numbers and ids there are",
            ExitCode.NEGATIVE,
        )
    if len(found) > 1:
        several = ", ".join(f"{row.run_id[:12]} ({row.suite})" for row in found[:5])
        raise UserError(
            f"{reference!r} means {len(found)} runs ({several}{', …' if len(found) > 5 else ''}); "
            "write more of the id, or name the suite with --suite"
        )
    return _run_rows(connection, found, suite)[0]


def has_run(connection: Connection, run_id: str) -> bool:
    """Whether there is a run with this id."""
    return connection.execute(select(runs.run_id).where(runs.run_id == run_id)).first() is not None


def _candidates(connection: Connection, wanted: str, suite: str | None) -> Sequence[Row[Any]]:
    statement = select(schema.runs).where(*in_suite(suite)).order_by(*NEWEST_FIRST)
    if wanted == _LAST:
        return connection.execute(statement.limit(1)).all()
    if (
        wanted.isdecimal()
        and len(wanted) < 19
        and (numbered := connection.execute(statement.where(runs.sequence == int(wanted))).all())
    ):
        return numbered
    if not wanted or not set(wanted) <= set(string.hexdigits):
        return []
    return connection.execute(statement.where(runs.run_id.startswith(wanted))).all()


def _run_rows(connection: Connection, rows: Sequence[Row[Any]], suite: str | None) -> list[RunRow]:
    ids = [row.run_id for row in rows]
    tally_of: dict[tuple[Any, ...], Any] = {}
    calls_of: dict[tuple[Any, ...], ModelCallTotals] = {}
    of_suite = () if suite is None else (results.suite == suite,)
    calls_of_suite = () if suite is None else (suite == SUITE_OF_CALL,)
    for start in range(0, len(ids), _PORTION):
        some = ids[start : start + _PORTION]
        tally_of |= tallies(connection, [results.run_id], results.run_id.in_(some), *of_suite)
        calls_of |= call_totals(connection, [runs.run_id], runs.run_id.in_(some), *calls_of_suite)
    return [
        RunRow(
            run_id=row.run_id,
            sequence=row.sequence,
            suite=row.suite,
            status=row.status,
            complete=row.complete,
            exit_code=row.exit_code,
            collected=row.collected,
            framework=row.framework,
            started_at=moment(row.started_ns),
            ended_at=moment(row.ended_ns),
            duration=seconds(row.started_ns, row.ended_ns),
            commit=row.revision,
            branch=row.ref_name,
            dirty=row.dirty,
            repository=row.repository,
            environment=row.environment,
            department=row.department,
            agent=row.agent,
            service=row.service,
            golden_set_version=row.golden_set_version,
            skills_hash=row.skills_hash,
            config_hash=row.config_hash,
            pipeline_url=row.pipeline_run_url,
            trace_id=row.trace_id,
            tally=tally_of.get((row.run_id,)) or empty_tally(),
            calls=calls_of.get((row.run_id,)) or ModelCallTotals(),
        )
        for row in rows
    ]


def list_results(connection: Connection, run_id: str) -> list[ResultRow]:
    """The tests of a run in the order in which they started."""
    by_test = call_totals(connection, [calls.case_id, calls.case_name], runs.run_id == run_id)
    statement = (
        select(schema.results)
        .where(results.run_id == run_id)
        .order_by(results.started_ns, results.case_id, results.span_id)
    )
    return [_result_row(row, by_test) for row in connection.execute(statement)]


def _result_row(row: Row[Any], by_test: dict[tuple[Any, ...], ModelCallTotals]) -> ResultRow:
    return ResultRow(
        run_id=row.run_id,
        span_id=row.span_id,
        suite=row.suite,
        case_id=row.case_id,
        case_name=row.case_name,
        category=row.category,
        outcome=row.outcome,
        phase=row.phase,
        attempts=row.attempts,
        duration=row.duration,
        call_duration=row.call_duration,
        worker_id=row.worker_id,
        error_type=row.error_type,
        message=row.message,
        file=row.file,
        line=row.line,
        started_at=moment(row.started_ns),
        expected=row.expected_skill,
        alternates=tuple(row.alternate_skills or ()),
        actual=row.actual_skill,
        correct=row.correct,
        clarification_expected=row.clarification_expected,
        clarification_asked=row.clarification_asked,
        confidence=row.confidence,
        tools_expected=row.tools_expected,
        tools_matched=row.tools_matched,
        tools_missing=tuple(row.tools_missing or ()),
        skill_hash=row.skill_hash,
        calls=by_test.get((row.case_id, row.case_name))
        or by_test.get((row.case_id, None))
        or ModelCallTotals(),
    )


def list_model_calls(connection: Connection, run_id: str) -> list[ModelCallRow]:
    """The model calls of a run in the order in which they started."""
    statement = (
        select(CALLS).where(calls.run_id == run_id).order_by(calls.started_ns, calls.trace_id, calls.span_id)
    )
    return [
        ModelCallRow(
            trace_id=row.trace_id,
            span_id=row.span_id,
            run_id=row.run_id,
            case_id=row.case_id,
            service=row.service,
            operation=row.operation,
            provider=row.provider,
            model=row.request_model or row.response_model,
            started_at=moment(row.started_ns),
            duration=seconds(row.started_ns, row.ended_ns) or 0.0,
            attempts=row.attempts,
            retries=row.retries,
            api_latency=row.api_latency,
            retry_gap=row.retry_gap,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cost_usd=row.cost_usd,
            cost_source=row.cost_source,
            error_type=row.error_type,
        )
        for row in connection.execute(statement)
    ]


def list_skills(connection: Connection, run_id: str) -> list[FileHash]:
    """The SKILL.md files in force, by path."""
    table = schema.run_skills
    statement = select(table).where(table.c.run_id == run_id).order_by(table.c.path)
    return [FileHash(row.path, row.hash, row.name) for row in connection.execute(statement)]


def list_config_files(connection: Connection, run_id: str) -> list[FileHash]:
    """The configuration files in force, by path."""
    table = schema.run_config_files
    statement = select(table).where(table.c.run_id == run_id).order_by(table.c.path)
    return [FileHash(row.path, row.hash) for row in connection.execute(statement)]


def list_collection_errors(connection: Connection, run_id: str) -> list[CollectionError]:
    """The files that could not be collected, in the order in which they were met."""
    told = connection.execute(select(runs.attributes).where(runs.run_id == run_id)).scalar()
    return _collection_errors(told)


def list_uncollected(
    connection: Connection, suite: str | None = None, commit: str | None = None
) -> list[UncollectedFile]:
    """The files that the newest run of each suite could not collect, by suite."""
    age = func.row_number().over(partition_by=runs.suite, order_by=NEWEST_FIRST)
    by_age = select(runs.run_id, age.label("age")).where(*in_suite(suite), *_at_commit(commit)).subquery()
    newest = (
        select(runs.run_id, runs.suite, runs.attributes)
        .where(runs.run_id.in_(select(by_age.c.run_id).where(by_age.c.age == 1)))
        .order_by(func.coalesce(runs.suite, ""))
    )
    return [
        UncollectedFile(row.suite, row.run_id, error.path, error.message)
        for row in connection.execute(newest)
        for error in _collection_errors(row.attributes)
    ]


def _collection_errors(told: Mapping[str, Any] | None) -> list[CollectionError]:
    return [
        CollectionError(said.get(str(CODE_FILE_PATH)), said.get(str(GNOMON_TEST_MESSAGE)))
        for said in (told or {}).get(str(GNOMON_COLLECTION_ERROR), ())
    ]


def list_workers(connection: Connection, run_id: str) -> list[WorkerRow]:
    """The worker processes of a run, by id."""
    table = schema.workers
    statement = select(table).where(table.c.run_id == run_id).order_by(table.c.worker_id, table.c.started_ns)
    return [
        WorkerRow(
            worker_id=row.worker_id,
            crashed=row.crashed,
            busy_time=row.busy_time,
            started_at=moment(row.started_ns),
            duration=seconds(row.started_ns, row.ended_ns),
        )
        for row in connection.execute(statement)
    ]
