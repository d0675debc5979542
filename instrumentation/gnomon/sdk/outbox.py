"""From a finished span to a spool file, without the host ever waiting for it.

The host's thread puts a span into a bounded queue. A background thread, started by the first span,
encodes what lies there and appends it to a journal; a journal becomes a spool file when it is large
or old enough. Every span is accounted for: accepted = written + dropped + still queued.
"""

from __future__ import annotations

import errno
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from gnomon.otlp import encode
from gnomon.registry import attributes as a
from gnomon.registry.values import DROP_REASONS
from gnomon.sdk import recorder as recorders
from gnomon.sdk.guard import failed, logger
from gnomon.spool.journal import Journal
from gnomon.state import prepare

QUEUE_FULL, DISK_FULL, WRITE_FAILED, SHUTDOWN = DROP_REASONS

# A span waits this long at most before it is written: what a killed process can lose.
_LINGER_SECONDS = 0.1
SEGMENT_BYTES = 4 * 1024 * 1024
"""A journal becomes a spool file when it is that large."""
_PAUSE_AFTER_FAILURE_SECONDS = 1.0


class FileNames:
    """Names of one process's spool files: `sdk-<service>-<UTC stamp>-<pid>-<n>.<signal>.jsonl`.

    `state` is the state directory where the spool lies in one: it is made with the first name.
    """

    def __init__(self, directory: Path, service: str, state: Path | None = None) -> None:
        self._directory = directory
        self._state = state
        self._service = re.sub(r"[^A-Za-z0-9._-]+", "_", service)[:60] or "unknown"
        self._number = 0
        self._lock = threading.Lock()

    def next(self, signal: str) -> Path:
        """A path that no file has yet."""
        with self._lock:
            self._number += 1
            number = self._number
        if self._state is not None:
            with suppress(OSError):  # whoever writes the file meets the same trouble, and tells of it
                prepare(self._state)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"sdk-{self._service}-{stamp}-{os.getpid()}-{number}.{signal}.jsonl"
        return self._directory / name

    def forked(self) -> None:
        """In a forked child: a lock of its own."""
        self._lock = threading.Lock()


class Segment:
    """The journals that are written now, one for each resource and instrumentation scope."""

    def __init__(self, names: FileNames) -> None:
        self._names = names
        self._journals: dict[tuple[int, int], tuple[Journal, object, object]] = {}
        self.size = 0
        self.began = 0.0

    def append(self, span: ReadableSpan) -> None:
        """Writes a span to the journal of its resource and scope."""
        text = encode.span(span)
        # Keyed by identity, which the kept references make unique: hashing a resource is slow.
        key = (id(span.resource), id(span.instrumentation_scope))
        entry = self._journals.get(key)
        if entry is None:
            entry = self._journals[key] = (self._open(span), span.resource, span.instrumentation_scope)
            self.began = self.began or time.monotonic()
        entry[0].append(text)
        self.size += len(text)

    def _open(self, span: ReadableSpan) -> Journal:
        scope = span.instrumentation_scope
        resource = dict(span.resource.attributes)
        if recorders.process:  # forked, with the resource of the parent
            resource[a.PROCESS_PID.name] = os.getpid()
        return Journal(
            self._names.next("traces"),
            encode.resource(resource),
            encode.scope(scope.name, scope.version) if scope is not None else encode.scope(),
        )

    def complete(self) -> bool:
        """Turns the journals into spool files; says whether there were any."""
        journals, self._journals = list(self._journals.values()), {}
        self.size, self.began = 0, 0.0
        for journal, _, _ in journals:
            try:
                journal.complete()
            except OSError as error:
                # The journal stays, and whoever looks into the spool next completes it.
                failed("completing a spool file", error)
        return bool(journals)

    def abandon(self) -> None:
        """In a forked child: leaves the parent's journals alone."""
        journals, self._journals = list(self._journals.values()), {}
        self.size, self.began = 0, 0.0
        for journal, _, _ in journals:
            journal.abandon()


class Outbox(SpanProcessor):
    """The span processor of a configured process."""

    def __init__(
        self,
        names: FileNames,
        *,
        capacity: int,
        segment_seconds: float,
        on_segment: Callable[[], None] = lambda: None,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._names = names
        self._capacity = capacity
        self._segment_seconds = segment_seconds
        self._segment_bytes = segment_bytes
        self._on_segment = on_segment
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[ReadableSpan] = deque()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._segment = Segment(self._names)
        self._thread: threading.Thread | None = None
        self._closing = False
        self.written = 0
        self._dropped: dict[str, int] = dict.fromkeys(DROP_REASONS, 0)

    # --- the host's side ---------------------------------------------------------------------------

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing is done when a span starts."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queues the span, or counts it as dropped."""
        context = span.context
        if context is None or not context.trace_flags.sampled:
            return
        with self._lock:
            if self._closing:
                self._dropped[SHUTDOWN] += 1
                return
            if len(self._queue) >= self._capacity:
                self._dropped[QUEUE_FULL] += 1
                first = self._dropped[QUEUE_FULL] == 1
            else:
                self._queue.append(span)
                first = False
                if len(self._queue) == 1:
                    self._idle.clear()
                    if self._thread is None:
                        self._start()
                    self._wake.set()
        if first:
            logger.warning(
                "more than %d spans wait to be written: spans are dropped and counted", self._capacity
            )

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="gnomon-outbox", daemon=True)
        self._thread.start()

    def dropped(self) -> dict[str, int]:
        """Spans given up so far, by reason; every reason is there."""
        with self._lock:
            return dict(self._dropped)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Waits until what was queued is in a spool file, at most so long; says whether it is."""
        self._hurry.set()
        self._wake.set()
        return self._idle.wait(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Writes what is queued, at most for two seconds; see `close`."""
        self.close(2.0)

    def close(self, seconds: float) -> None:
        """Stops taking spans and writes the rest; what is not written in time counts as dropped."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            thread = self._thread
        self._hurry.set()
        self._wake.set()
        if thread is not None:
            thread.join(seconds)
        with self._lock:
            self._dropped[SHUTDOWN] += len(self._queue)
            self._queue.clear()

    def forked(self) -> None:
        """In a forked child: begins anew, and leaves to the parent what is the parent's."""
        segment = self._segment
        self._names.forked()
        self._reset()
        segment.abandon()

    # --- the background's side ---------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._wake.wait(self._until_rotation())
            self._wake.clear()
            if not self._closing:
                self._hurry.wait(_LINGER_SECONDS)
            hurried = self._hurry.is_set()
            self._hurry.clear()
            self._drain()
            if self._closing or hurried or self._rotation_due():
                self._rotate()
            with self._lock:
                if self._queue:
                    self._wake.set()
                elif self._closing:
                    self._idle.set()
                    return
                elif hurried or not self._segment.size:
                    self._idle.set()

    def _until_rotation(self) -> float | None:
        if not self._segment.size:
            return None
        return max(0.0, self._segment.began + self._segment_seconds - time.monotonic())

    def _rotation_due(self) -> bool:
        segment = self._segment
        return segment.size >= self._segment_bytes or (
            bool(segment.size) and time.monotonic() - segment.began >= self._segment_seconds
        )

    def _rotate(self) -> None:
        if self._segment.complete():
            try:
                self._on_segment()
            except Exception as error:
                failed("delivering the spool", error)

    def _drain(self) -> None:
        queue = self._queue
        while queue:
            try:
                span = queue.popleft()
            except IndexError:  # `close` gave up waiting and emptied it
                return
            try:
                self._segment.append(span)
            except OSError as error:
                self._drop(DISK_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else WRITE_FAILED)
                failed("writing to the spool", error)
                self._segment.complete()
                if not self._closing:
                    self._hurry.wait(_PAUSE_AFTER_FAILURE_SECONDS)
            except Exception as error:
                self._drop(WRITE_FAILED)
                failed("encoding a span", error)
            else:
                self.written += 1
                if self._segment.size >= self._segment_bytes:
                    self._rotate()

    def _drop(self, reason: str) -> None:
        with self._lock:
            self._dropped[reason] += 1

    def account(self) -> dict[str, Any]:
        """Written, dropped by reason, and still queued."""
        with self._lock:
            return {"written": self.written, "dropped": dict(self._dropped), "queued": len(self._queue)}
