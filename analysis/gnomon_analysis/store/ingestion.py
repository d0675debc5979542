"""From spool files to rows: each file in one transaction, each span once.

A file is read when its name, size or time of change is new. Reading one again does no harm, since rows
are keyed by what they describe; it is only slower.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.exc import DBAPIError

from gnomon.runs.recovery import recover
from gnomon_analysis.store import schema
from gnomon_analysis.store.opening import reading, writing
from gnomon_analysis.store.otlp_lines import DamageError, parse_line
from gnomon_analysis.store.records import Records
from gnomon_analysis.store.writer import Writer

# States of a finished trace file; its name without the last suffix stays what it was.
_STATES = ("", ".sent", ".rejected")
_ENDING = ".traces.jsonl"

# Spans in memory at a time.
_BATCH = 5_000

# How much of a damaged line is kept; the file itself keeps the whole.
_KEPT_BYTES = 4_096

# Where what came over the network is noted, beside the spools.
_RECEIVED = "otlp"

# PostgreSQL ends one of two transactions that wait for each other; it may simply try again.
_TRY_AGAIN = frozenset({"40001", "40P01"})
_TRIES = 5

_Written = TypeVar("_Written")


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line that could not be read, wholly or in part; `line` counts from 1."""

    file: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(slots=True)
class IngestReport:
    """What one call of `Store.ingest` found.

    `read` are the files that were new; `known` counts those read before. `spans` counts the spans in
    the new files, `new_runs` and `new_results` what the store did not have yet. `unreadable` are files
    that the operating system would not give, with its reason.
    """

    read: list[Path] = field(default_factory=list)
    known: int = 0
    spans: int = 0
    new_runs: int = 0
    new_results: int = 0
    damaged: list[DamagedLine] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _File:
    """A finished file as it lies in the spool now; `source` and `name` are its key in the store."""

    path: Path
    source: str
    name: str
    size: int
    modified_ns: int


def ingest(engine: Engine, directory: Path) -> IngestReport:
    """Brings every new trace file of a spool into the store; a spool that is not there is empty.

    Journals whose process has died are completed first. Safe to call from any number of processes at
    once, and to kill at any moment.
    """
    report = IngestReport()
    if not directory.is_dir():
        return report
    recover(directory)
    known = _known(engine, _source(directory))
    for name in sorted(_names(directory)):
        try:
            _ingest_one(engine, directory, name, known.get(name), report)
        except OSError as error:
            report.unreadable.append((directory / name, error.strerror or str(error)))
    return report


@dataclass(slots=True)
class AddedTraces:
    """What a document brought: its spans, and of those that could not be read why."""

    spans: int = 0
    damaged: list[str] = field(default_factory=list)


def add_traces(engine: Engine, document: bytes) -> AddedTraces:
    """Writes the spans of one OTLP/JSON document, in one transaction.

    Raises DamageError when the document as a whole cannot be read.
    """
    found, records = AddedTraces(), Records()
    for span in parse_line(document):
        if isinstance(span, DamageError):
            found.damaged.append(str(span))
        else:
            records.add(span)
            found.spans += 1

    def write(connection: Connection) -> None:
        writer = Writer(connection)
        writer.write(records)
        if records.runs:
            _note_received(connection, writer, len(document), found.spans)

    _retried(engine, write)
    return found


def _note_received(connection: Connection, writer: Writer, size: int, spans: int) -> None:
    """Adds to the sums of this machine, from which readers see that there is more of runs than before."""
    files = schema.ingested_files
    key = {"source": _RECEIVED, "name": platform.node()}
    writer.add(files, [{**key, "size": 0, "modified_ns": 0, "ingested_ns": 0, "spans": 0}])
    connection.execute(
        update(files)
        .where(*(files.c[column] == value for column, value in key.items()))
        .values(size=files.c.size + size, ingested_ns=time.time_ns(), spans=files.c.spans + spans)
    )


def _source(directory: Path) -> str:
    """Tells apart equal names that come to one database from several machines and folders."""
    return f"{platform.node()}:{directory.resolve()}"


def _names(directory: Path) -> set[str]:
    return {
        path.name.removesuffix(state) for state in _STATES for path in directory.glob(f"*{_ENDING}{state}")
    }


def _known(engine: Engine, source: str) -> dict[str, tuple[int, int]]:
    files = schema.ingested_files.c
    with reading(engine) as connection:
        rows = connection.execute(
            select(files.name, files.size, files.modified_ns).where(files.source == source)
        )
        return {row.name: (row.size, row.modified_ns) for row in rows}


def _ingest_one(
    engine: Engine, directory: Path, name: str, known: tuple[int, int] | None, report: IngestReport
) -> None:
    for _ in range(len(_STATES)):  # a delivery may rename it between our look and our grasp
        file = _locate(directory, name)
        if file is None:
            return  # pruned meanwhile
        if known == (file.size, file.modified_ns):
            report.known += 1
            return
        try:
            if not _in_one_transaction(engine, file, report):
                report.known += 1
        except FileNotFoundError:
            continue
        return


def _locate(directory: Path, name: str) -> _File | None:
    for state in _STATES:
        path = directory / (name + state)
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        return _File(path, _source(directory), name, status.st_size, status.st_mtime_ns)
    return None


def _retried(engine: Engine, write: Callable[[Connection], _Written]) -> _Written:
    for _ in range(_TRIES - 1):
        try:
            with writing(engine) as connection:
                return write(connection)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _TRY_AGAIN:
                raise
    with writing(engine) as connection:
        return write(connection)


def _in_one_transaction(engine: Engine, file: _File, report: IngestReport) -> bool:
    found = _retried(engine, lambda connection: _ingest_file(connection, file))
    if found is None:
        return False
    report.read.append(file.path)
    report.spans += found.spans
    report.new_runs += found.new_runs
    report.new_results += found.new_results
    report.damaged += found.damaged
    return True


def _ingest_file(connection: Connection, file: _File) -> IngestReport | None:
    """Writes one file's rows; `None` when another process did so a moment ago."""
    writer = Writer(connection)
    if not _claim(connection, writer, file):
        return None
    found = IngestReport()
    kept: list[dict[str, object]] = []
    for records, spans in _batches(file, found, kept):
        writer.write(records)
        found.spans += spans
    found.new_runs, found.new_results = writer.new_runs, writer.new_results
    damaged, files = schema.damaged_lines, schema.ingested_files
    connection.execute(delete(damaged).where(damaged.c.source == file.source, damaged.c.name == file.name))
    if kept:
        writer.add(damaged, kept)
    connection.execute(
        update(files)
        .where(files.c.source == file.source, files.c.name == file.name)
        .values(size=file.size, modified_ns=file.modified_ns, ingested_ns=time.time_ns(), spans=found.spans)
    )
    return found


def _claim(connection: Connection, writer: Writer, file: _File) -> bool:
    """Makes the file ours until the transaction ends, unless it has been read in this state."""
    files = schema.ingested_files
    key = {"source": file.source, "name": file.name}
    writer.add(files, [{**key, "size": -1, "modified_ns": 0, "ingested_ns": 0, "spans": 0}])
    stored = connection.execute(
        select(files.c.size, files.c.modified_ns)
        .where(files.c.source == file.source, files.c.name == file.name)
        .with_for_update()
    ).one()
    return (stored.size, stored.modified_ns) != (file.size, file.modified_ns)


def _batches(
    file: _File, found: IngestReport, kept: list[dict[str, object]]
) -> Iterator[tuple[Records, int]]:
    records, count = Records(), 0
    with file.path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            reasons = []
            try:
                for span in parse_line(line):
                    if isinstance(span, DamageError):
                        reasons.append(str(span))
                    else:
                        records.add(span)
                        count += 1
            except DamageError as damage:
                reasons.append(str(damage))
            if reasons:
                reason = reasons[0] if len(reasons) == 1 else f"{reasons[0]} (and {len(reasons) - 1} more)"
                found.damaged.append(DamagedLine(file.path, number, reason))
                text = line.rstrip()[:_KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
                kept.append(
                    {"source": file.source, "name": file.name, "line": number, "reason": reason, "text": text}
                )
            if count >= _BATCH:
                yield records, count
                records, count = Records(), 0
    yield records, count
