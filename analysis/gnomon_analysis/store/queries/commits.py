"""What each commit did: accuracy, outcomes, cost.

A dirty working tree is something else than its commit and gets a row of its own. Commits come in the
order in which they were first run, which is the only order that the store can vouch for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from gnomon_analysis.store import schema
from gnomon_analysis.store.queries.runs import in_suite
from gnomon_analysis.store.queries.totals import (
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
from gnomon_analysis.store.rows import CommitCostRow, CommitRow, ModelCallTotals


class Commit(NamedTuple):
    """The key of everything here."""

    revision: str | None
    dirty: bool


DIRTY: ColumnElement[bool] = func.coalesce(runs.dirty, False)
COMMIT: tuple[ColumnElement[Any], ...] = (runs.revision, DIRTY)


class _Run(NamedTuple):
    run_id: str
    started_ns: int | None
    ended_ns: int | None
    branch: str | None
    skills_hash: str | None


def runs_by_commit(connection: Connection, suite: str | None) -> dict[Commit, list[_Run]]:
    """Runs of each commit, oldest first; the commits in the order of their first runs."""
    statement = (
        select(
            runs.revision,
            DIRTY.label("dirty"),
            runs.run_id,
            runs.started_ns,
            runs.ended_ns,
            runs.ref_name,
            runs.skills_hash,
        )
        .select_from(schema.runs)
        .where(*in_suite(suite))
        .order_by(runs.started_ns.asc().nulls_first(), runs.sequence.asc().nulls_first(), runs.run_id)
    )
    found: dict[Commit, list[_Run]] = {}
    for revision, dirty, *run in connection.execute(statement):
        found.setdefault(Commit(revision, bool(dirty)), []).append(_Run(*run))
    return found


def accuracy_by_commit(connection: Connection, suite: str | None = None) -> list[CommitRow]:
    """One row a commit with the sums of all its runs."""
    of_suite = () if suite is None else (results.suite == suite,)
    calls_of_suite = () if suite is None else (suite == SUITE_OF_CALL,)
    tally_of = tallies(connection, COMMIT, *of_suite)
    calls_of = call_totals(connection, COMMIT, *calls_of_suite)
    return [
        CommitRow(
            commit=commit.revision,
            dirty=commit.dirty,
            branch=its_runs[-1].branch,
            runs=len(its_runs),
            run_ids=tuple(run.run_id for run in its_runs),
            first_started_at=moment(its_runs[0].started_ns),
            last_started_at=moment(its_runs[-1].started_ns),
            duration=sum(seconds(run.started_ns, run.ended_ns) or 0.0 for run in its_runs),
            skills_hashes=_distinct(run.skills_hash for run in its_runs),
            tally=tally_of.get(commit) or empty_tally(),
            calls=calls_of.get(commit) or ModelCallTotals(),
        )
        for commit, its_runs in runs_by_commit(connection, suite).items()
    ]


def costs_by_commit(connection: Connection, suite: str | None = None) -> list[CommitCostRow]:
    """One row a commit, model, provider and source of the cost; commits without model calls have none."""
    calls_of_suite = () if suite is None else (suite == SUITE_OF_CALL,)
    model = func.coalesce(calls.request_model, calls.response_model)
    totals = call_totals(connection, [*COMMIT, model, calls.provider, calls.cost_source], *calls_of_suite)
    by_commit: dict[Commit, list[tuple[tuple[Any, Any, Any], ModelCallTotals]]] = {}
    for (revision, dirty, named, provider, source), total in totals.items():
        by_commit.setdefault(Commit(revision, bool(dirty)), []).append(((named, provider, source), total))
    return [
        CommitCostRow(commit.revision, commit.dirty, *kind, len(its_runs), total)
        for commit, its_runs in runs_by_commit(connection, suite).items()
        for kind, total in sorted(
            by_commit.get(commit, ()), key=lambda item: tuple(str(part or "") for part in item[0])
        )
    ]


def _distinct(hashes: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in hashes if value is not None))
