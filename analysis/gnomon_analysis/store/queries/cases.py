"""Single tests over time: their history, and how they did at each commit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from gnomon_analysis.store.queries.commits import COMMIT, DIRTY, Commit, runs_by_commit
from gnomon_analysis.store.queries.totals import (
    RESULTS_OF_RUNS,
    moment,
    results,
    runs,
    tallies,
)
from gnomon_analysis.store.rows import CaseCell, CaseRow, Tally

_CASE: tuple[ColumnElement[Any], ...] = (results.suite, results.case_id)


def _conditions(suite: str | None, commit: str | None, matching: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if suite is not None:
        conditions.append(results.suite == suite)
    if commit is not None:
        conditions.append(runs.revision.startswith(commit, autoescape=True))
    if matching is not None:
        conditions.append(
            or_(
                results.case_id.icontains(matching, autoescape=True),
                results.case_name.icontains(matching, autoescape=True),
            )
        )
    return conditions


def _newest(*partition: ColumnElement[Any]) -> ColumnElement[int]:
    """1 for the newest result of each group."""
    return func.row_number().over(
        partition_by=partition,
        order_by=(
            runs.started_ns.desc().nulls_last(),
            runs.run_id,
            results.started_ns.desc().nulls_last(),
            results.span_id,
        ),
    )


def _latest(partition: tuple[ColumnElement[Any], ...], *conditions: ColumnElement[bool]) -> Select[Any]:
    ranked = (
        select(
            *(
                results[name]
                for name in (
                    "suite",
                    "case_id",
                    "case_name",
                    "category",
                    "expected_skill",
                    "actual_skill",
                    "correct",
                    "outcome",
                    "duration",
                    "run_id",
                )
            ),
            runs.started_ns.label("run_started_ns"),
            runs.revision,
            DIRTY.label("dirty"),
            _newest(*partition).label("age"),
        )
        .select_from(RESULTS_OF_RUNS)
        .where(*conditions)
        .subquery()
    )
    return select(ranked).where(ranked.c.age == 1)


def cases(
    connection: Connection, suite: str | None = None, commit: str | None = None, matching: str | None = None
) -> list[CaseRow]:
    """The history of each test, by suite and case id.

    `commit` is the beginning of a commit's id, `matching` a part of the case id or test name.
    """
    conditions = _conditions(suite, commit, matching)
    tally_of = tallies(connection, _CASE, *conditions)
    sums = {
        (row.suite, row.case_id): row
        for row in connection.execute(
            select(
                *_CASE,
                func.count(results.run_id.distinct()).label("runs"),
                func.sum(results.attempts).label("attempts"),
                func.avg(results.duration).label("mean_duration"),
            )
            .select_from(RESULTS_OF_RUNS)
            .where(*conditions)
            .group_by(*_CASE)
        )
    }
    latest = connection.execute(_latest(_CASE, *conditions)).all()
    return [
        _case_row(row, sums[row.suite, row.case_id], tally_of[row.suite, row.case_id])
        for row in sorted(latest, key=_place)
    ]


def _case_row(
    last: Row[*tuple[Any, ...]],
    sums: Row[*tuple[Any, ...]],
    tally: Tally,
) -> CaseRow:
    return CaseRow(
        suite=last.suite,
        case_id=last.case_id,
        case_name=last.case_name,
        category=last.category,
        expected=last.expected_skill,
        runs=sums.runs,
        attempts=int(sums.attempts),
        tally=tally,
        last_outcome=last.outcome,
        last_actual=last.actual_skill,
        last_run_id=last.run_id,
        last_started_at=moment(last.run_started_ns),
        last_duration=last.duration,
        mean_duration=None if sums.mean_duration is None else float(sums.mean_duration),
    )


def case_matrix(connection: Connection, suite: str | None = None) -> list[CaseCell]:
    """One cell a test and commit, by suite and case id, then in the order of the commits."""
    conditions = _conditions(suite, None, None)
    keys = (*_CASE, *COMMIT)
    tally_of = tallies(connection, keys, *conditions)
    runs_of = {
        tuple(row[:4]): row[4]
        for row in connection.execute(
            select(*keys, func.count(results.run_id.distinct()))
            .select_from(RESULTS_OF_RUNS)
            .where(*conditions)
            .group_by(*keys)
        )
    }
    order = {commit: place for place, commit in enumerate(runs_by_commit(connection, suite))}
    latest = connection.execute(_latest(keys, *conditions)).all()
    return [
        CaseCell(
            suite=row.suite,
            case_id=row.case_id,
            case_name=row.case_name,
            category=row.category,
            expected=row.expected_skill,
            commit=row.revision,
            dirty=bool(row.dirty),
            runs=runs_of[row.suite, row.case_id, row.revision, row.dirty],
            outcome=row.outcome,
            actual=row.actual_skill,
            correct=row.correct,
            tally=tally_of[row.suite, row.case_id, row.revision, row.dirty],
        )
        for row in sorted(
            latest, key=lambda row: (*_place(row), order[Commit(row.revision, bool(row.dirty))])
        )
    ]


def _place(row: Row[*tuple[Any, ...]]) -> tuple[str, str]:
    return (row.suite or "", row.case_id)
