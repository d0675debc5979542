"""Single tests over time: their history, whether they are flaky, and how they did at each commit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, or_, select

from gnomon.registry import values
from gnomon_analysis.store.queries.commits import COMMIT, DIRTY, Commit, runs_by_commit
from gnomon_analysis.store.queries.totals import (
    BAD,
    GOOD,
    RESULTS_OF_RUNS,
    Key,
    attempts,
    count_if,
    moment,
    results,
    runs,
    tallies,
)
from gnomon_analysis.store.rows import FAILING, CaseCell, CaseRow, FlakyCaseRow, Tally

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
    flaky: dict[Key, set[tuple[str | None, bool]]] = {}
    for found in flaky_cases(connection, suite, commit, matching):
        flaky.setdefault((found.suite, found.case_id), set()).add((found.commit, found.dirty))
    latest = connection.execute(_latest(_CASE, *conditions)).all()
    return [
        _case_row(row, sums[row.suite, row.case_id], tally_of[row.suite, row.case_id], flaky)
        for row in sorted(latest, key=_place)
    ]


def _case_row(
    last: Row[*tuple[Any, ...]],
    sums: Row[*tuple[Any, ...]],
    tally: Tally,
    flaky: dict[Key, set[tuple[str | None, bool]]],
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
        flaky_commits=len(flaky.get((last.suite, last.case_id), ())),
        last_outcome=last.outcome,
        last_actual=last.actual_skill,
        last_run_id=last.run_id,
        last_started_at=moment(last.run_started_ns),
        last_duration=last.duration,
        mean_duration=None if sums.mean_duration is None else float(sums.mean_duration),
    )


def flaky_cases(
    connection: Connection, suite: str | None = None, commit: str | None = None, matching: str | None = None
) -> list[FlakyCaseRow]:
    """Tests that were both good and bad while nothing that we know of had changed.

    "Nothing changed" means the same commit, skills and configuration. Runs of a dirty working tree, or
    without a commit, are compared with nothing but themselves, attempt with attempt.
    """
    tried = (
        select(
            attempts.trace_id,
            attempts.result_span_id,
            func.count().label("tries"),
            count_if(attempts.outcome == values.PASSED).label("passed"),
            count_if(attempts.outcome.in_(FAILING)).label("failed"),
        )
        .group_by(attempts.trace_id, attempts.result_span_id)
        .subquery()
    )
    # A test with several attempts speaks through each of them.
    several = tried.c.tries > 1
    good = case((several, tried.c.passed), (GOOD, 1), else_=0)
    bad = case((several, tried.c.failed), (BAD, 1), else_=0)
    alone = case((or_(DIRTY, runs.revision.is_(None)), runs.run_id), else_="")
    state = (*_CASE, *COMMIT, runs.skills_hash, runs.config_hash, alone)
    passed, failed = func.sum(good), func.sum(bad)
    statement = (
        select(
            *_CASE,
            *COMMIT,
            func.max(results.case_name).label("case_name"),
            func.count(results.run_id.distinct()).label("runs"),
            func.sum(results.attempts).label("attempts"),
            passed.label("passed"),
            failed.label("failed"),
        )
        .select_from(
            RESULTS_OF_RUNS.outerjoin(
                tried,
                and_(results.trace_id == tried.c.trace_id, results.span_id == tried.c.result_span_id),
            )
        )
        .where(*_conditions(suite, commit, matching))
        .group_by(*state)
        .having(passed > 0, failed > 0)
    )
    found = connection.execute(statement).all()
    if not found:
        return []
    actuals = _actuals(connection, suite, commit, matching)
    return [
        FlakyCaseRow(
            suite=row[0],
            case_id=row[1],
            case_name=row.case_name,
            commit=row[2],
            dirty=bool(row[3]),
            runs=row.runs,
            attempts=int(row.attempts),
            passed=int(row.passed),
            failed=int(row.failed),
            actuals=tuple(sorted(actuals.get((row[0], row[1], row[2], bool(row[3])), ()))),
        )
        for row in sorted(found, key=lambda row: (*_place(row), str(row[2]), bool(row[3]), -int(row.runs)))
    ]


def _actuals(
    connection: Connection, suite: str | None, commit: str | None, matching: str | None
) -> dict[Key, set[str]]:
    chosen: dict[Key, set[str]] = {}
    rows = connection.execute(
        select(*_CASE, *COMMIT, results.actual_skill.label("actual"))
        .select_from(RESULTS_OF_RUNS)
        .where(results.actual_skill.is_not(None), *_conditions(suite, commit, matching))
        .distinct()
    )
    for row in rows:
        chosen.setdefault((row.suite, row.case_id, row.revision, bool(row[3])), set()).add(row.actual)
    return chosen


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
