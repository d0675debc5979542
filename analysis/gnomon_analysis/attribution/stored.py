"""Findings out of the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select

from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution.finding import Finding, MovedCase, from_row
from gnomon_analysis.attribution.fleet_reading import extent
from gnomon_analysis.attribution.requests import request
from gnomon_analysis.store import Store, schema
from gnomon_analysis.store.opening import database_errors, reading

_impacts = schema.change_impacts.c
_cases = schema.change_impact_cases.c
_IDS_A_QUERY = 500


def findings(
    store: Store,
    *,
    repository: str | None = None,
    suite: str | None = None,
    agent: str | None = None,
    department: str | None = None,
    metric: str | None = None,
    commit: str | None = None,
    impact_ids: Collection[str] | None = None,
    verdicts: Sequence[str] | None = None,
    withdrawn: bool = False,
    limit: int | None = None,
) -> list[Finding]:
    """Findings, the newest change first, of one change the surest first.

    `commit` is the beginning of the likeliest commit's id, `impact_ids` are those of findings, `withdrawn`
    takes in those that later runs took back.
    """
    conditions: list[ColumnElement[bool]] = []
    if repository is not None:
        conditions.append(_impacts.repository == repository)
    if suite is not None:
        conditions.append(_impacts.suite == suite)
    if agent is not None:
        conditions.append(_impacts.agent == agent)
    if department is not None:
        conditions.append(
            or_(
                _impacts.department == department,
                and_(_impacts.scope_kind == "department", _impacts.scope == department),
            )
        )
    if metric is not None:
        conditions.append(_impacts.metric == metric)
    if commit is not None:
        conditions.append(_impacts.revision.startswith(commit, autoescape=True))
    if impact_ids is not None:
        conditions.append(_impacts.impact_id.in_(impact_ids))
    if verdicts is not None:
        conditions.append(_impacts.verdict.in_(verdicts))
    if not withdrawn:
        conditions.append(_impacts.status != words.WITHDRAWN)
    statement = (
        select(schema.change_impacts)
        .where(*conditions)
        .order_by(_impacts.changed_ns.desc(), _impacts.p_change.desc().nulls_last(), _impacts.impact_id)
        .limit(limit)
    )
    with database_errors(store.url), reading(store.engine) as connection:
        return [from_row(dict(row)) for row in connection.execute(statement).mappings()]


def mark(store: Store) -> tuple[int, ...]:
    """What differs as soon as there are other runs, or other requests outside of them; cheap to ask for."""
    runs = schema.runs.c
    statement = select(
        func.count(),
        func.coalesce(func.max(runs.started_ns), 0),
        func.coalesce(func.max(runs.ended_ns), 0),
        func.coalesce(func.sum(case((runs.complete, 1), else_=0)), 0),
    ).select_from(schema.runs)
    with database_errors(store.url), reading(store.engine) as connection:
        of_runs = connection.execute(statement).one()
        return (*map(int, of_runs), *extent(connection))


def find(store: Store, reference: str) -> list[Finding]:
    """The findings that a person means: the one whose id begins so, else those of a commit that does.

    Withdrawn ones are among them.
    """
    meant = or_(
        _impacts.impact_id.startswith(reference, autoescape=True),
        _impacts.revision.startswith(reference, autoescape=True),
    )
    statement = (
        select(schema.change_impacts)
        .where(meant)
        .order_by(_impacts.changed_ns.desc(), _impacts.p_change.desc().nulls_last(), _impacts.impact_id)
    )
    with database_errors(store.url), reading(store.engine) as connection:
        return [from_row(dict(row)) for row in connection.execute(statement).mappings()]


def moved_cases(store: Store, impact_id: str) -> list[MovedCase]:
    """The cases behind a finding, those that moved furthest first."""
    return cases_of(store, [impact_id]).get(impact_id, [])


def cases_of(store: Store, impact_ids: Sequence[str]) -> dict[str, list[MovedCase]]:
    """The cases behind each of some findings, those that moved furthest first; none for a finding without."""
    found: dict[str, list[MovedCase]] = {}
    with database_errors(store.url), reading(store.engine) as connection:
        for start in range(0, len(impact_ids), _IDS_A_QUERY):
            wanted = _cases.impact_id.in_(impact_ids[start : start + _IDS_A_QUERY])
            for row in connection.execute(select(schema.change_impact_cases).where(wanted)):
                found.setdefault(row.impact_id, []).append(_case(row))
    for cases in found.values():
        cases.sort(key=lambda case: (-abs((case.after or 0) - (case.before or 0)), case.case_id))
    return found


def _case(row: Row[Any]) -> MovedCase:
    return MovedCase(
        row.case_id,
        row.before,
        row.after,
        row.runs_before,
        row.runs_after,
        row.old_skill,
        row.new_skill,
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A tracked file that a commit changed, as `skill_change_events` tells it."""

    kind: str
    change: str
    path: str | None
    skill: str | None
    summary: str | None
    lines_added: int | None
    lines_deleted: int | None
    diff: str | None


def changed_in(store: Store, finding: Finding) -> list[Change]:
    """What the likeliest commit of a finding changed, by path; nothing where no commit is named."""
    events = schema.skill_change_events.c
    statement = (
        select(
            *(events.kind, events.change, events.path, events.skill, events.summary),
            *(events.lines_added, events.lines_deleted, events.diff),
        )
        .where(events.repository == finding.repository, events.revision == finding.revision)
        .order_by(events.path)
    )
    with database_errors(store.url), reading(store.engine) as connection:
        return [Change(*row) for row in connection.execute(statement)]


def requests(store: Store, cases: Collection[tuple[str | None, str]]) -> dict[tuple[str | None, str], str]:
    """What cases ask, by suite and case id, where it was recorded."""
    with database_errors(store.url), reading(store.engine) as connection:
        asked = {case: request(connection, *case) for case in sorted(cases, key=str)}
    return {case: text for case, text in asked.items() if text is not None}
