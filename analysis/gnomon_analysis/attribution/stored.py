"""Findings out of the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution.finding import Finding, MovedCase, from_row
from gnomon_analysis.attribution.requests import request
from gnomon_analysis.store import Store, schema
from gnomon_analysis.store.opening import database_errors, reading

_impacts = schema.change_impacts.c
_cases = schema.change_impact_cases.c


def findings(
    store: Store,
    *,
    repository: str | None = None,
    suite: str | None = None,
    agent: str | None = None,
    department: str | None = None,
    metric: str | None = None,
    commit: str | None = None,
    verdicts: Sequence[str] | None = None,
    withdrawn: bool = False,
    limit: int | None = None,
) -> list[Finding]:
    """Findings, the newest change first, of one change the surest first.

    `commit` is the beginning of the likeliest commit's id, `withdrawn` takes in those that later runs
    took back.
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
    statement = select(schema.change_impact_cases).where(_cases.impact_id == impact_id)
    with database_errors(store.url), reading(store.engine) as connection:
        rows = connection.execute(statement).all()
    found = [
        MovedCase(
            row.case_id,
            row.before,
            row.after,
            row.runs_before,
            row.runs_after,
            row.old_skill,
            row.new_skill,
        )
        for row in rows
    ]
    return sorted(found, key=lambda case: (-abs((case.after or 0) - (case.before or 0)), case.case_id))


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
