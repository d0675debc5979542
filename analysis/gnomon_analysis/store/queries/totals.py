"""Sums over tests and over model calls, by whatever key the caller groups them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import FromClause

from gnomon.registry import values
from gnomon_analysis.store import schema
from gnomon_analysis.store.rows import FAILING, ModelCallTotals, Tally

Key = tuple[Any, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

runs, results, attempts = schema.runs.c, schema.results.c, schema.attempts.c

RESULTS_OF_RUNS: FromClause = schema.results.join(schema.runs, results.run_id == runs.run_id)


def moment(nanoseconds: int | None) -> datetime | None:
    """A stored time as an aware datetime in UTC, cut to microseconds."""
    if nanoseconds is None:
        return None
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def seconds(start_ns: int | None, end_ns: int | None) -> float | None:
    """The time between two stored times, never negative."""
    if start_ns is None or end_ns is None:
        return None
    return max(0, end_ns - start_ns) / 1e9


def count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows of a group meet the condition."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


# The routing tests that ran without a verdict coming of it.
UNANSWERED = and_(
    results.expected_skill.is_not(None),
    results.correct.is_(None),
    results.outcome.not_in((values.SKIPPED, values.NOT_RUN)),
)

# Whether a result speaks for or against its test: a wrong route counts against it even where the test
# only recorded it.
GOOD = and_(results.outcome == values.PASSED, func.coalesce(results.correct, True))
BAD = case(
    (results.outcome.in_(FAILING), True),
    (results.outcome == values.PASSED, not_(func.coalesce(results.correct, True))),
    else_=False,
)


def case_place(dialect: str) -> ColumnElement[int]:
    """The place of a result's case among those of its run, by id, then by suite; from 1.

    Order is as Python sorts, whatever the database's own is: it decides which cases have run points.
    """
    plain = "C" if dialect == "postgresql" else "BINARY"
    suite = func.coalesce(results.suite, runs.suite, "")
    return func.dense_rank().over(
        partition_by=results.run_id, order_by=(results.case_id.collate(plain), suite.collate(plain))
    )


def tallies(
    connection: Connection, keys: Sequence[ColumnElement[Any]], *conditions: ColumnElement[bool]
) -> dict[Key, Tally]:
    """One Tally for each combination of the key columns, which may be those of runs and of results."""
    statement = (
        select(
            *keys,
            results.outcome,
            func.count().label("tests"),
            count_if(results.correct.is_not(None)).label("judged"),
            count_if(results.correct.is_(True)).label("correct"),
            count_if(UNANSWERED).label("unanswered"),
            func.sum(case((results.attempts > 1, results.attempts - 1), else_=0)).label("reruns"),
            func.coalesce(func.sum(results.tools_expected), 0).label("tools_expected"),
            func.coalesce(func.sum(results.tools_matched), 0).label("tools_matched"),
        )
        .select_from(RESULTS_OF_RUNS)
        .where(*conditions)
        .group_by(*keys, results.outcome)
    )
    found: dict[Key, list[Any]] = {}
    for row in connection.execute(statement):
        found.setdefault(tuple(row[: len(keys)]), []).append(row)
    return {key: _tally(rows) for key, rows in found.items()}


def _tally(rows: Sequence[Any]) -> Tally:
    outcomes = dict.fromkeys(values.OUTCOMES, 0)
    for row in rows:
        outcomes[row.outcome] = outcomes.get(row.outcome, 0) + int(row.tests)
    sums = {
        name: sum(int(getattr(row, name)) for row in rows)
        for name in ("tests", "judged", "correct", "unanswered", "reruns", "tools_expected", "tools_matched")
    }
    return Tally(outcomes=outcomes, **sums)


def empty_tally() -> Tally:
    """The Tally of no tests."""
    return _tally(())


def _calls_of_runs() -> FromClause:
    """Model calls with the run that they belong to.

    A process that a test started knows the trace that it is part of, but not always the run: such a
    call belongs to the run that made the trace. Where several runs share one (a pipeline that hands
    its own trace down) there is no telling, and the call belongs to none.
    """
    calls, other = schema.model_calls, schema.runs.alias("other")
    columns = [column for column in calls.columns if column.name != "run_id"]
    named = select(calls.c.run_id, *columns).where(calls.c.run_id.is_not(None))
    shared = exists().where(other.c.trace_id == runs.trace_id, other.c.run_id != runs.run_id)
    traced = (
        select(runs.run_id, *columns)
        .select_from(calls.join(schema.runs, calls.c.trace_id == runs.trace_id))
        .where(calls.c.run_id.is_(None), ~shared)
    )
    return union_all(named, traced).subquery("calls")


CALLS = _calls_of_runs()
calls = CALLS.c
CALLS_OF_RUNS: FromClause = CALLS.join(schema.runs, calls.run_id == runs.run_id)

# A call belongs to the suite of its test; one outside any test to the suite of its run.
SUITE_OF_CALL = func.coalesce(
    select(func.min(results.suite))
    .where(results.run_id == calls.run_id, results.case_id == calls.case_id)
    .correlate(CALLS)
    .scalar_subquery(),
    runs.suite,
)


def call_totals(
    connection: Connection, keys: Sequence[ColumnElement[Any]], *conditions: ColumnElement[bool]
) -> dict[Key, ModelCallTotals]:
    """Sums for each combination of the key columns, which may be those of runs and of `calls`."""
    took = (calls.ended_ns - calls.started_ns) / literal(1e9)
    statement = (
        select(
            *keys,
            func.count().label("calls"),
            count_if(calls.error_type.is_not(None)).label("failed"),
            func.sum(calls.retries).label("retries"),
            *(
                func.coalesce(func.sum(calls[name]), 0).label(name)
                for name in (
                    "input_tokens",
                    "output_tokens",
                    "cache_read_tokens",
                    "cache_write_tokens",
                    "reasoning_tokens",
                )
            ),
            func.sum(calls.cost_usd).label("cost_usd"),
            count_if(calls.cost_usd.is_(None)).label("unpriced"),
            func.sum(func.coalesce(calls.api_latency, took)).label("api_latency"),
        )
        .select_from(CALLS_OF_RUNS)
        .where(*conditions)
        .group_by(*keys)
    )
    return {tuple(row[: len(keys)]): _call_totals(row._mapping) for row in connection.execute(statement)}


def _call_totals(row: Any) -> ModelCallTotals:
    whole = (
        "calls",
        "failed",
        "retries",
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "reasoning_tokens",
        "unpriced",
    )
    cost = row["cost_usd"]
    return ModelCallTotals(
        **{name: int(row[name]) for name in whole},
        cost_usd=None if cost is None else float(cost),
        api_latency=float(row["api_latency"]),
    )
