"""How the SDK behaves inside a test session: one trace a run, every span on disk as it ends."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider, sampling
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.util.types import AttributeValue

from gnomon import settings as gnomon_settings
from gnomon.errors import UserError
from gnomon.otlp import encode
from gnomon.registry import attributes as a
from gnomon.sdk.guard import failed, logger
from gnomon.sdk.ids import OneTraceIdGenerator
from gnomon.sdk.recorder import SCOPE, Recorder
from gnomon.session import CurrentTest, TestSession
from gnomon.spool.journal import Journal
from gnomon.version import __version__

if TYPE_CHECKING:
    from gnomon.sdk.calls import ModelCall
    from gnomon.settings import Settings

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class JournalProcessor(SpanProcessor):
    """Writes each span to the session's journal the moment it ends; the file begins with the first."""

    def __init__(self, session: TestSession) -> None:
        self._session = session
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._journal: Journal | None = None

    def on_end(self, span: ReadableSpan) -> None:
        """Appends the span; a failure is noted and the test goes on."""
        try:
            text = encode.span(span)
            with self._lock:
                if self._journal is None:
                    self._journal = self._create()
                self._journal.append(text)
        except Exception as error:
            failed("writing a span of a test", error)

    def shutdown(self) -> None:
        """Completes the journal; what cannot be written now stays for whoever looks into the spool next."""
        with self._lock:
            journal, self._journal = self._journal, None
        if journal is not None:
            try:
                journal.complete()
            except OSError as error:
                failed("completing a spool file", error)

    def forked(self) -> None:
        """In a forked child: leaves the parent's journal alone and begins one of its own."""
        self._lock = threading.Lock()
        journal, self._journal = self._journal, None
        self._pid = os.getpid()
        if journal is not None:
            journal.abandon()

    def _create(self) -> Journal:
        session = self._session
        worker = session.worker_id if self._pid == _main_pid else f"{session.worker_id}.{self._pid}"
        number = 1
        while True:
            more = "" if number == 1 else f".{number}"
            path = session.spool_directory / f"{session.file_stem}.{worker}{more}.sdk.traces.jsonl"
            try:
                if not path.exists():
                    return Journal(path, encode.resource(session.resource), encode.scope(SCOPE, __version__))
            except FileExistsError:
                pass
            number += 1


class SessionRecorder(Recorder):
    """Puts every root under the test that runs now, whatever thread it starts in, and names the test."""

    def __init__(self, session: TestSession, settings: Settings) -> None:
        self.session = session
        self.processor = JournalProcessor(session)
        self._trace_id = int(session.trace_id, 16)
        provider = TracerProvider(
            sampler=sampling.ALWAYS_ON,
            resource=Resource(dict(session.resource)),
            shutdown_on_exit=False,
            id_generator=OneTraceIdGenerator(self._trace_id),
        )
        provider.add_span_processor(self.processor)
        super().__init__(
            provider.get_tracer(SCOPE, __version__),
            capture_content=settings.capture.content,
            capture_messages=settings.capture.failure_messages,
            cost_source=settings.costs.source,
        )
        self._of_run: dict[str, AttributeValue] = {
            a.GNOMON_RUN_ID.name: session.run_id,
            a.GNOMON_WORKER_ID.name: session.worker_id,
        }
        self._tests: weakref.WeakKeyDictionary[Span, CurrentTest] = weakref.WeakKeyDictionary()

    def start(
        self,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, AttributeValue],
        context: Context,
        start_time: int | None = None,
    ) -> Span:
        """See `Recorder.start`. A span of a trace that is not the run's is linked to, not followed."""
        test = self.session.current
        named = {**attributes, **self._of_run}
        if test is not None:
            named[a.GNOMON_TEST_CASE_ID.name] = test.case_id
            named[a.TEST_CASE_NAME.name] = test.case_name
            named[a.GNOMON_TEST_ATTEMPT_NUMBER.name] = test.attempt
            test.children += 1
        parent = trace.get_current_span(context).get_span_context()
        links: tuple[Link, ...] = ()
        if parent.trace_id != self._trace_id:
            links = (Link(parent),) if parent.is_valid else ()
            context = self._under(test)
        span = self._tracer.start_span(name, context, kind, named, links, start_time)
        if test is not None and kind is SpanKind.CLIENT:
            self._tests[span] = test
        return span

    def around(self) -> Context:
        """The context of the test that runs now, for spans of other processes; an empty one between tests."""
        test = self.session.current
        if test is not None:
            test.children += 1
        return self._under(test)

    def _under(self, test: CurrentTest | None) -> Context:
        if test is None:
            return Context()
        parent = SpanContext(self._trace_id, int(test.span_id, 16), is_remote=False, trace_flags=_SAMPLED)
        return trace.set_span_in_context(NonRecordingSpan(parent), Context())

    def call_finished(self, span: Span, call: ModelCall) -> None:
        """Gives a model call's numbers to the test in which it began."""
        stats = call.stats()
        test = self._tests.pop(span, None)
        if test is None or test is self.session.touched:
            self.session.record_call(stats)
        else:
            test.add_call(stats)


_recorder: SessionRecorder | None = None
_lock = threading.Lock()
_main_pid = os.getpid()


def recorder(session: TestSession) -> SessionRecorder:
    """The recorder of the session that is active; made when the first span starts."""
    global _recorder  # noqa: PLW0603 - one session a process
    known = _recorder
    if known is not None and known.session is session:
        return known
    with _lock:
        if _recorder is None or _recorder.session is not session:
            _recorder = SessionRecorder(session, _settings(session))
            session.on_close.append(_recorder.processor.shutdown)
        return _recorder


def _settings(session: TestSession) -> Settings:
    """The settings beside the spool, or those of the working folder; where they are wrong, the defaults."""
    found, mistake = gnomon_settings.load_usable(session.spool_directory)
    try:
        if found.path is None and mistake is None:
            found, mistake = gnomon_settings.load_usable(Path.cwd())
        if mistake is not None:
            logger.warning("%s; what is wrong there has its default", mistake)
        if found.prices.file is not None:
            from gnomon.prices import load_overlay  # noqa: PLC0415 - only where there are prices of one's own

            load_overlay(found.prices.file)
    except (UserError, OSError) as error:  # OSError: a test removed the folder that it runs in
        logger.warning("%s; recording goes on without it", error)
    return found


def _forked() -> None:
    global _lock  # noqa: PLW0603 - the parent's may be held for ever
    _lock = threading.Lock()
    if _recorder is not None:
        _recorder.processor.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
