"""New findings into the store: the same finding keeps its id when runs move, confirm or withdraw it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution.finding import Finding, MovedCase, from_row, overlap, suspects, to_row
from gnomon_analysis.attribution.judging import Draft
from gnomon_analysis.store import schema

# What a finding said earlier is kept for so many changes of mind.
_REMEMBERED = 20
_UNCHANGED = 0.005
# The key of PostgreSQL's advisory lock under which findings are written: "moved" in ASCII.
_LOCK = 0x6D6F766564

_impacts = schema.change_impacts
_cases = schema.change_impact_cases


@dataclass(slots=True)
class Merged:
    """Ids of findings by what became of them; `told` those that tell of a movement and did not before."""

    found: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)


def merge(
    connection: Connection,
    repository: str,
    drafts: Sequence[Draft],
    *,
    looked_at: Callable[[Finding], bool],
    confirmed: Callable[[Finding], bool],
    now_ns: int,
    shallow: bool = False,
    former: Collection[str] = (),
) -> Merged:
    """Writes what was found in a repository.

    A stored finding that is not found again is withdrawn if it is among those that were `looked_at`; one
    that never told of a movement is dropped. `confirmed` says of a finding that was in the store before
    whether runs made since then confirm it. Where the history is `shallow`, what was told with more runs
    before the change than there are in it stays as it was told. `former` are names that the repository may
    have had: findings of these that are found again are its own from now on.
    """
    if connection.dialect.name == "postgresql":
        # Two that look at the same time would each write what the other one found, too.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    stored = _stored(connection, {repository, *former})
    pairs = _matched(stored, drafts)
    merged = Merged()
    for old, draft in pairs:
        if old is None:
            new = replace(draft.finding, impact_id=_identity(draft.finding))
            merged.found.append(new.impact_id)
            merged.told += [new.impact_id] if new.told else []
            _write(connection, None, new, draft.cases)
            continue
        if shallow and old.told and draft.finding.runs_before < old.runs_before:
            continue
        new = _continued(old, draft.finding, now_ns)
        if new.status != words.CONFIRMED and new.told and confirmed(replace(new, found_ns=old.found_ns)):
            new = replace(new, status=words.CONFIRMED)
            merged.confirmed.append(new.impact_id)
        merged.told += [new.impact_id] if new.told and not old.told else []
        if _differ(old, new):
            merged.moved.append(new.impact_id)
            _write(connection, old, new, draft.cases)
    met = {old.impact_id for old, _ in pairs if old is not None}
    for old in stored:
        if old.impact_id not in met and old.status != words.WITHDRAWN and looked_at(old):
            _withdraw(connection, old, now_ns)
            if old.verdict in words.TOLD:
                merged.withdrawn.append(old.impact_id)
    return merged


def _stored(connection: Connection, repositories: Collection[str]) -> list[Finding]:
    rows = connection.execute(select(_impacts).where(_impacts.c.repository.in_(repositories))).mappings()
    return [from_row(dict(row)) for row in rows]


def _matched(stored: Sequence[Finding], drafts: Sequence[Draft]) -> list[tuple[Finding | None, Draft]]:
    """Each draft with the stored finding that it continues: those that share most come together first."""
    by_subject: dict[tuple[Any, ...], list[Finding]] = {}
    for old in stored:
        by_subject.setdefault(_subject(old), []).append(old)
    possible = sorted(
        (-shared, old.status == words.WITHDRAWN, old.found_ns, old.impact_id, index)
        for index, draft in enumerate(drafts)
        for old in by_subject.get(_subject(draft.finding), ())
        if (shared := overlap(suspects(old), suspects(draft.finding))) > 0
    )
    by_id = {old.impact_id: old for old in stored}
    taken: set[str] = set()
    continued: dict[int, Finding] = {}
    for *_, impact_id, index in possible:
        if index not in continued and impact_id not in taken:
            taken.add(impact_id)
            continued[index] = by_id[impact_id]
    return [(continued.get(index), draft) for index, draft in enumerate(drafts)]


def _subject(finding: Finding) -> tuple[Any, ...]:
    return (
        *(finding.suite, finding.environment, finding.metric),
        *(finding.scope_kind, finding.scope, finding.direction),
    )


def _identity(finding: Finding) -> str:
    """Sixteen digits that the same finding gets in every store that finds it first in the same state."""
    said = (*_subject(finding), finding.repository, *sorted(suspects(finding)), finding.found_ns)
    return hashlib.sha256("\0".join(map(str, said)).encode()).hexdigest()[:16]


def _continued(old: Finding, new: Finding, now_ns: int) -> Finding:
    """The finding as it is now, with the id and the past of the old one."""
    status = old.status
    if status == words.WITHDRAWN or (status == words.CONFIRMED and new.revision != old.revision):
        status = words.OPEN
    was = list(old.details.get("was", ()))
    if (old.verdict, old.revision) != (new.verdict, new.revision) or old.status == words.WITHDRAWN:
        said = {"until_ns": now_ns, "verdict": old.verdict, "revision": old.revision, "status": old.status}
        was = [*was, said][-_REMEMBERED:]
    details = {**new.details, **({"was": was} if was else {})}
    return replace(
        new,
        impact_id=old.impact_id,
        status=status,
        found_ns=old.found_ns,
        updated_ns=now_ns,
        details=details,
    )


def _differ(old: Finding, new: Finding) -> bool:
    """Whether a reader would see a difference; the last digits of a probability are none."""
    first, second = to_row(old), to_row(new)
    for row in (first, second):
        del row["updated_ns"]
    return any(not _alike(first[name], second[name]) for name in first)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _UNCHANGED * max(abs(one), abs(other))
    return bool(one == other)


def _write(connection: Connection, old: Finding | None, new: Finding, cases: Sequence[MovedCase]) -> None:
    row = to_row(new)
    if old is None:
        connection.execute(insert(_impacts), row)
    else:
        connection.execute(update(_impacts).where(_impacts.c.impact_id == old.impact_id).values(row))
        connection.execute(delete(_cases).where(_cases.c.impact_id == old.impact_id))
    if cases:
        connection.execute(
            insert(_cases),
            [
                {
                    "impact_id": new.impact_id,
                    "case_id": case.case_id,
                    "before": case.before,
                    "after": case.after,
                    "runs_before": case.runs_before,
                    "runs_after": case.runs_after,
                    "old_skill": case.old_skill,
                    "new_skill": case.new_skill,
                }
                for case in cases
            ],
        )


def _withdraw(connection: Connection, old: Finding, now_ns: int) -> None:
    """What was told is withdrawn where everybody can see it; what was never told goes."""
    mine = _impacts.c.impact_id == old.impact_id
    if old.verdict not in words.TOLD and not old.details.get("was"):
        connection.execute(delete(_impacts).where(mine))
        return
    connection.execute(update(_impacts).where(mine).values(status=words.WITHDRAWN, updated_ns=now_ns))
