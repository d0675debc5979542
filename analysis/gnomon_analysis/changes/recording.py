"""Bringing `skill_change_events` up to date: with every repository's commits, and with what runs show."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, select

from gnomon.errors import UserError
from gnomon.settings import Settings
from gnomon_analysis.changes import former_names, switches
from gnomon_analysis.changes.events import GIT, TELEMETRY, event, event_id
from gnomon_analysis.changes.history import ChangedFile, History, line, said
from gnomon_analysis.changes.memory import Memory
from gnomon_analysis.changes.patterns import Patterns
from gnomon_analysis.changes.repository import GitCommandError, NoRepositoryError, Repository
from gnomon_analysis.changes.switches import Run, Scope
from gnomon_analysis.store import Store
from gnomon_analysis.store.opening import database_errors, reading, writing
from gnomon_analysis.store.schema import runs as runs_table
from gnomon_analysis.store.schema import skill_change_events as events
from gnomon_analysis.store.writer import Writer

_ROWS_A_TRANSACTION = 200
_SHORT = 9


@dataclass(frozen=True, slots=True)
class Noticed:
    """A change that was not in the store before, as its row in `skill_change_events` tells it."""

    event_id: str
    source: str
    repository: str
    revision: str | None
    author: str | None
    subject: str | None
    changed_at: datetime
    kind: str
    change: str
    path: str | None
    skill: str | None
    summary: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one look brought.

    `repositories` are the names of those that could be read, `notes` sentences about what could not, and
    about history that is not all there.
    """

    noticed: tuple[Noticed, ...]
    repositories: tuple[str, ...]
    notes: tuple[str, ...]


def folders(settings: Settings) -> list[Path]:
    """The folders whose repositories count: that of gnomon.yaml, and those of `changes.repositories`."""
    return [settings.root, *(settings.root / name for name in settings.changes.repositories)]


def record(store: Store, settings: Settings) -> Recorded:
    """Brings `skill_change_events` up to date, and says what was new, the oldest first.

    Commits are those along the first parents of what is checked out, and of the remote's branch that it
    follows, as far as the local clone has them: nothing is fetched. What was recorded before is not looked
    at again. Any number of processes may do this at once.

    Raises:
        UserError: the store cannot be used.
    """
    now = time.time_ns()
    memory = Memory(settings.state_directory, store.url.render_as_string(hide_password=True))
    noticed: list[Noticed] = []
    notes: list[str] = []
    missing: list[tuple[Path, str]] = []
    names: dict[Path, str] = {}
    with database_errors(store.url):
        for folder in folders(settings):
            try:
                with Repository(folder) as opened:
                    if opened.top in names:
                        continue
                    names[opened.top] = opened.name
                    one = _OfRepository(store, opened, Patterns.of(settings, opened.top), memory, now)
                    noticed += one.record()
                    notes += one.notes
            except NoRepositoryError as error:
                missing.append((folder, str(error)))
            except UserError as error:
                notes.append(str(error))
            except GitCommandError as error:
                notes.append(f"{folder}: {said(error)}")
        noticed += _record_switches(store, memory, now)
    memory.save()
    # Who names other repositories may well have none here.
    notes += [said_ for folder, said_ in missing if folder != settings.root or not names]
    noticed.sort(key=lambda change: change.changed_at)
    return Recorded(tuple(noticed), tuple(names.values()), tuple(dict.fromkeys(notes)))


def uncommitted(settings: Settings) -> list[str]:
    """Paths of tracked files that differ from the commit that is checked out: changes of no commit yet."""
    found = []
    for folder in folders(settings):
        try:
            with Repository(folder) as opened:
                patterns = Patterns.of(settings, opened.top)
                with History(opened, patterns, (), None) as history:
                    found += [file.path for file in history.uncommitted()]
        except (UserError, GitCommandError):
            continue  # said by `record`
    return found


class _OfRepository:
    """Records one repository."""

    def __init__(
        self, store: Store, opened: Repository, patterns: Patterns, memory: Memory, now: int
    ) -> None:
        self.notes: list[str] = []
        self._store = store
        self._opened = opened
        self._patterns = patterns
        self._memory = memory
        self._now = now
        self._name = opened.name
        self._key = former_names.key(opened.common_directory, self._name)
        self._former = former_names.noted_before(memory, opened.top, self._name)

    def record(self) -> list[Noticed]:
        """Records the line that is checked out and the one that it follows."""
        noted = self._memory.get(self._key)
        view = self._view()
        rows = self._stored()
        known: dict[str, str] = {}
        if noted.get("view") == view and isinstance(noted.get("rows"), int) and noted["rows"] <= rows:
            known = noted.get("tips") or {}
        tips: dict[str, str] = {}
        noticed: list[Noticed] = []
        for name, commit in self._tips():
            if known.get(name) == commit:
                tips[name] = commit
                continue
            some, reached = self._line(name, known.get(name))
            noticed += some
            if reached is not None:
                tips[name] = reached
        here = {"top": str(self._opened.top), "name": self._name}
        self._memory.put(self._key, {"view": view, "rows": self._stored(), "tips": tips, **here})
        return noticed

    def _tips(self) -> Iterator[tuple[str, str]]:
        if head := self._opened.head:
            yield "HEAD", head
        upstream = self._opened.upstream
        if upstream and (commit := self._opened.commit(upstream)):
            yield upstream, commit

    def _view(self) -> str:
        """What decides what is seen of the history: patterns, where it ends, which submodules are here."""
        seen = [self._patterns.digest, *sorted(self._opened.boundary), *sorted(self._opened.submodules)]
        return hashlib.sha256("\0".join(seen).encode()).hexdigest()[:16]

    def _stored(self) -> int:
        count = select(func.count()).where(events.c.repository == self._name, events.c.source == GIT)
        with reading(self._store.engine) as connection:
            return connection.execute(count).scalar_one()

    def _line(self, tip: str, since: str | None) -> tuple[list[Noticed], str | None]:
        """Records one line; gives what was new, and the commit up to which nothing is left to be done."""
        history = self._read(tip, since)
        try:
            if history.ends_at:
                self.notes.append(
                    f"{self._opened.top}: a shallow clone; what was before commit {history.ends_at[:_SHORT]} "
                    "is not known until `git fetch --unshallow`"
                )
            noticed: list[Noticed] = []
            changed = self._changed(history)
            while batch := list(islice(changed, _ROWS_A_TRANSACTION)):
                noticed += self._write(history, batch)
            return noticed, self._reached(history, since)
        finally:
            history.close_submodules()

    def _read(self, tip: str, since: str | None) -> History:
        if since is not None and self._opened.commit(since) is not None:
            history = line(self._opened, self._patterns, since, tip)
            if history.revisions and history.revisions[0].parents[:1] == (since,):
                return history
        # Another line than the one before: it is looked at from its beginning.
        return line(self._opened, self._patterns, None, tip)

    def _reached(self, history: History, since: str | None) -> str | None:
        if not history.unread:
            return history.head
        first = min(place for commit in history.unread if (place := history.position(commit)) is not None)
        self.notes.append(
            f"{self._opened.top}: commit {history.revisions[first].commit[:_SHORT]} names commits of a "
            "submodule that are not here; `git submodule update --init` brings them"
        )
        return history.revisions[first - 1].commit if first else since

    def _changed(self, history: History) -> Iterator[tuple[int, ChangedFile]]:
        for position in range(len(history.revisions)):
            for file in history.changed_files(position):
                yield position, file

    def _write(self, history: History, batch: Sequence[tuple[int, ChangedFile]]) -> list[Noticed]:
        by_id = {
            event_id(self._name, history.revisions[position], file): (position, file)
            for position, file in batch
        }
        with reading(self._store.engine) as connection:
            stored = set(
                connection.execute(select(events.c.event_id).where(events.c.event_id.in_(by_id))).scalars()
            )
        rows = [
            event(history, self._name, position, file, self._now)
            for identity, (position, file) in by_id.items()
            if identity not in stored
        ]
        renamed = self._take_over(history, batch) if self._former else set()
        noticed = _insert(self._store, rows)
        return [one for one in noticed if (one.revision, one.path) not in renamed]

    def _take_over(
        self, history: History, batch: Sequence[tuple[int, ChangedFile]]
    ) -> set[tuple[str | None, str | None]]:
        """Deletes what was recorded of these commits under a former name; commits and paths of it."""
        of_batch = (
            (events.c.source == GIT)
            & events.c.repository.in_(self._former)
            & events.c.revision.in_({history.revisions[position].commit for position, _ in batch})
        )
        with writing(self._store.engine) as connection:
            found = connection.execute(select(events.c.revision, events.c.path).where(of_batch)).all()
            if found:
                connection.execute(delete(events).where(of_batch))
        return {(revision, path) for revision, path in found}


def _record_switches(store: Store, memory: Memory, now: int) -> list[Noticed]:
    """Records what runs show; takes back what they show no longer, since other runs came between."""
    with reading(store.engine) as connection:
        seen, noted = _extent(connection), memory.get(_RUNS)
        if noted == seen:
            return []
        by_suite = switches.finished_runs(connection)
    by_environment = switches.in_any_environment(by_suite)
    lost = (noted.get("rows") or 0) > (seen["rows"] or 0)
    noticed: list[Noticed] = []
    for scope, runs in (*by_suite.items(), *by_environment.items()):
        first = 0 if lost else _first_new(memory.get(_key(scope)), runs)
        if first == len(runs):
            continue
        with reading(store.engine) as connection:
            if scope.environment is None:
                found = list(switches.environment_switches(runs, first))
            else:
                found = list(switches.switches(connection, runs, first))
        rows = switches.rows(found, now)
        noticed += _insert(store, _reconciled(store, scope, rows, whole=first == 0))
        last = runs[-1]
        memory.put(_key(scope), {"started_ns": last.started_ns, "run_id": last.run_id, "runs": len(runs)})
    with reading(store.engine) as connection:
        # Runs that ended meanwhile are looked at the next time.
        memory.put(_RUNS, {**_extent(connection), "runs": seen["runs"], "ended_ns": seen["ended_ns"]})
    return noticed


_RUNS = "runs"


def _extent(connection: Connection) -> dict[str, int | None]:
    """How many runs have ended and until when, and how many switches are stored."""
    ended = select(func.count(), func.max(runs_table.c.ended_ns)).where(runs_table.c.complete)
    stored = select(func.count()).where(events.c.source == TELEMETRY)
    runs, ended_ns = connection.execute(ended).one()
    return {"runs": runs, "ended_ns": ended_ns, "rows": connection.execute(stored).scalar_one()}


def _key(scope: Scope) -> str:
    return "runs " + " / ".join("*" if name is None else name for name in scope)


def _first_new(noted: dict[str, Any], runs: Sequence[Run]) -> int:
    """The place of the first run that was not looked at yet; the very first where one came in between."""
    count = noted.get("runs")
    if not isinstance(count, int) or not 0 < count <= len(runs):
        return 0
    last = runs[count - 1]
    return count if (last.started_ns, last.run_id) == (noted.get("started_ns"), noted.get("run_id")) else 0


def _reconciled(
    store: Store, scope: Scope, rows: Sequence[dict[str, Any]], *, whole: bool
) -> list[dict[str, Any]]:
    """The rows that are not stored yet. Where they are all there are of a scope, others of it are deleted."""
    wanted = {row["event_id"] for row in rows}
    with writing(store.engine) as connection:
        stored = set(_stored_switches(connection, scope))
        if whole and (stale := stored - wanted):
            connection.execute(delete(events).where(events.c.event_id.in_(stale)))
    return [row for row in rows if row["event_id"] not in stored]


def _stored_switches(connection: Connection, scope: Scope) -> Iterator[str]:
    statement = select(events.c.event_id, events.c.kind, events.c.attributes).where(
        events.c.source == TELEMETRY, events.c.repository == scope.repository
    )
    for row in connection.execute(statement):
        told = row.attributes or {}
        environment = None if row.kind == switches.ENVIRONMENT else told.get("environment")
        if (told.get("suite"), environment) == (scope.suite, scope.environment):
            yield row.event_id


def _insert(store: Store, rows: Iterable[dict[str, Any]]) -> list[Noticed]:
    rows = list(rows)
    if rows:
        with writing(store.engine) as connection:
            Writer(connection).add(events, rows)
    return [_noticed(row) for row in rows]


def _noticed(row: dict[str, Any]) -> Noticed:
    return Noticed(
        event_id=row["event_id"],
        source=row["source"],
        repository=row["repository"],
        revision=row.get("revision"),
        author=row.get("author"),
        subject=row.get("subject"),
        changed_at=datetime.fromtimestamp(row["changed_ns"] / 1e9, UTC),
        kind=row["kind"],
        change=row["change"],
        path=row.get("path"),
        skill=row.get("skill"),
        summary=row["summary"],
    )
