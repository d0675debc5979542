"""A crash-safe file of spans: one line a span as it ends, OTLP/JSON lines when complete."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gnomon.otlp import encode
from gnomon.spool import files
from gnomon.spool.forms import Form, spelled_out
from gnomon.spool.lock import own, still_there, try_lock

PART = ".part"

DAMAGED = ".damaged"
"""Behind the name of a journal whose beginning is lost; it is kept for a person to look at."""

_ENDING = ".traces.jsonl"

# A line of the finished file is one request to a backend: some 500 spans of tests, as many as OpenTelemetry's
# own batches hold by default: what is usual is answered in time. gRPC servers refuse 4 MiB by default.
LINE_BYTES = 524_288

# A journal is created and locked in two steps; one without a header is left alone this long.
_NEWBORN_SECONDS = 10.0


class Journal:
    """Spans of one resource, appended as they end and safe from the death of the process.

    `path` names the finished file (`….traces.jsonl`); until `complete()` the lines lie in the same
    name with `.part` behind. Raises OSError where the file cannot be created or written.
    """

    def __init__(self, path: Path, resource: Mapping[str, Any], scope: Mapping[str, Any]) -> None:
        self.path = path
        self.part = path.with_name(path.name + PART)
        self._forms: dict[Form, int] = {}
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(
            self.part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o644
        )
        own(self._descriptor)
        self._write(header(resource, scope))

    def append(self, span: str, form: Form | None = None) -> None:
        """Adds one span (OTLP/JSON text without a line break) and hands it to the operating system.

        Of a span that has a form `span` is the rest: its values as JSON texts, with tabs between them.
        """
        with self._lock:
            line = f"{span}\n" if form is None else f"{self._number(form)}\t{span}\n"
            self._write(line.encode("ascii"))

    def shorthand(self, form: Form, failed: Callable[[str, OSError], None]) -> Callable[[str], None]:
        """Gives what does the same as `append` for spans of this form and touches next to nothing doing so.

        It takes the span's values, and hands those that cannot be written to `failed`, with the error. For
        one thread, and until `complete`.
        """
        with self._lock:
            number = self._number(form)
        descriptor = self._descriptor
        write, write_rest = os.write, self._write_rest

        def append(values: str) -> None:
            data = f"{number}\t{values}\n".encode("ascii")
            try:
                written = write(descriptor, data)
                if written != len(data):
                    write_rest(data, written)
            except OSError as error:
                failed(values, error)

        return append

    def _number(self, form: Form) -> int:
        """What stands for the form here; the first time the form itself is written."""
        number = self._forms.get(form)
        if number is None:
            number = len(self._forms)
            self._write(form.line(number).encode("ascii"))
            self._forms[form] = number
        return number

    def _write(self, data: bytes) -> None:
        written = os.write(self._descriptor, data)
        if written != len(data):
            self._write_rest(data, written)

    def _write_rest(self, data: bytes, written: int) -> None:
        """A full disk first writes less, then raises; half a line would spoil the next one."""
        try:
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError:
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise

    def abandon(self) -> None:
        """Lets go of the journal without finishing it: its lines stay for `recover`.

        For a forked child, whose parent goes on writing. Takes no lock: a thread that the child does
        not have may have held it when it was forked.
        """
        os.close(self._descriptor)

    def complete(self) -> Path:
        """Turns the journal into its finished file and gives that file's path.

        Reads through the open descriptor, so that a state directory deleted under a running suite
        costs nothing. A journal without spans leaves no file.
        """
        with self._lock:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            with os.fdopen(self._descriptor, "rb") as lines:
                if finish(lines.readline(), gathered(spelled_out(lines)), self.path) == 0:
                    self.path.unlink(missing_ok=True)
            self.part.unlink(missing_ok=True)
        return self.path


def header(resource: Mapping[str, Any], scope: Mapping[str, Any]) -> bytes:
    """The first line of a journal: whose spans these are."""
    return f"{encode.dumps({'resource': resource, 'scope': scope})}\n".encode("ascii")


def finish(first: bytes, portions: Iterable[Sequence[bytes]], path: Path) -> int:
    """Writes the finished file of a journal's first line and its spans; gives the number of spans.

    Each portion of spans becomes one line of the finished file.
    """
    said = json.loads(first)
    before, after = (
        part.encode("ascii")
        for part in encode.traces_line(said["resource"], said["scope"], ["\n"]).split("\n")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    count = 0
    try:
        with temporary.open("wb") as out:
            for portion in portions:
                count += len(portion)
                out.writelines((before, b",".join(portion), after, b"\n"))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def gathered(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Spans that come line by line, in portions of at most `LINE_BYTES` or one span."""
    portion: list[bytes] = []
    size = 0
    for line in lines:
        if portion and size + len(line) > LINE_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(line.rstrip(b"\n"))
        size += len(line)
    if portion:
        yield portion


def spans(part: Path) -> Iterator[dict[str, Any]]:
    """The spans of a journal or of a finished traces file, whole ones only."""
    with part.open("rb") as lines:
        for line in spelled_out(lines):
            try:
                value = json.loads(line.decode("utf-8", "replace"))
            except ValueError:
                continue
            if not isinstance(value, dict):
                continue
            if "spanId" in value:
                yield value
            for per_resource in value.get("resourceSpans", ()):
                for per_scope in per_resource.get("scopeSpans", ()):
                    yield from per_scope.get("spans", ())


# The names that a file bears one after the other; a damaged one keeps its last.
_STATES = (PART, "", ".sent", ".rejected", PART + DAMAGED)


def recorded(directory: Path, wanted: Callable[[str], bool]) -> Iterator[dict[str, Any]]:
    """The spans of all journals and finished files whose names, without their endings, are wanted.

    Each is read once, by whatever name it has when its turn comes: others may finish, send and rename
    it meanwhile.
    """
    names = {name.partition(_ENDING)[0] for name in files.names(directory) if _ENDING in name}
    for name in sorted(filter(wanted, names)):
        for state in _STATES:
            try:
                yield from spans(directory / f"{name}{_ENDING}{state}")
            except FileNotFoundError:
                continue
            break


def recover(directory: Path) -> list[Path]:
    """Completes every journal whose owner is dead; gives the files that came of it.

    Safe to call at any time from any number of processes: a journal's owner holds a lock on it
    that the operating system frees when the owner ends, however it ends.
    """
    recovered = []
    for name in files.names(directory):
        if not name.endswith(f"{_ENDING}{PART}"):
            continue
        try:
            if (path := _recover(directory / name)) is not None:
                recovered.append(path)
        except OSError:
            continue  # somebody else took it, or it cannot be written now: the next call tries again
    return recovered


def _recover(part: Path) -> Path | None:
    path = part.with_name(part.name.removesuffix(PART))
    with part.open("r+b") as journal:
        if not try_lock(journal.fileno()) or not still_there(part, journal.fileno()):
            return None
        first = journal.readline()
        if not first.endswith(b"}\n"):
            if time.time() - part.stat().st_mtime > _NEWBORN_SECONDS:
                part.unlink()
            return None
        if not _is_header(first):
            part.replace(part.with_name(part.name + DAMAGED))
            return None
        # A crash between "finished file in place" and "journal removed" leaves both.
        known = any(path.with_name(path.name + suffix).exists() for suffix in ("", ".sent", ".rejected"))
        if not known and finish(first, gathered(filter(_is_span, spelled_out(journal))), path) == 0:
            path.unlink(missing_ok=True)
            known = True
    part.unlink(missing_ok=True)
    return None if known else path


def _is_header(line: bytes) -> bool:
    return {"resource", "scope"} <= _keys(line)


def _is_span(line: bytes) -> bool:
    """Whether a dead owner's line is whole: a machine that lost its power may leave anything."""
    return "spanId" in _keys(line)


def _keys(line: bytes) -> set[str]:
    try:
        value = json.loads(line) if line.isascii() else None
    except ValueError:
        return set()
    return set(value) if isinstance(value, dict) else set()
