"""Sees every result: counts it, writes it down at once, and sends the run when it is over.

Lives in the process that reports: pytest-xdist's controller, or the only process there is. It is the
run's one writer, so that every number is counted once and in one place.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest

from gnomon import session as test_session
from gnomon import spool
from gnomon.errors import UserError
from gnomon.otlp import encode, endpoint
from gnomon.pytest_plugin import summary
from gnomon.pytest_plugin.executor import Executor
from gnomon.pytest_plugin.guard import described, guarded, note
from gnomon.pytest_plugin.intake import Intake
from gnomon.pytest_plugin.reports import Results, message_of
from gnomon.pytest_plugin.run_files import SCOPE, RunFiles
from gnomon.pytest_plugin.run_identity import RunIdentity, identify
from gnomon.runs.plan import Plan, missing
from gnomon.runs.points import RunPoints
from gnomon.runs.recorded import totals_of
from gnomon.runs.recovery import recover
from gnomon.runs.result import MAIN_WORKER, TestResult
from gnomon.runs.spans import MESSAGE_CHARACTERS, RunSpans, nanoseconds
from gnomon.session import TestSession
from gnomon.settings import Settings
from gnomon.spool import DeliveryReport, files
from gnomon.state import spool_directory

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

# What the rest of the plugin takes: coming, closing up after the last answer, leaving with gRPC loaded.
_LEAVING_SECONDS = 0.4
_LEAST_SECONDS = 0.25  # for sending, whatever is left

_STATUS_OF_EXIT = {0: "success", 1: "failure", 2: "aborted", 3: "aborted", 4: "aborted", 5: "skipped"}


class _Worker:
    """One xdist worker's life, Unix seconds."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.ended = 0.0
        self.crashed = False


class Controller:
    """The hooks of the reporting process."""

    def __init__(self, config: pytest.Config, settings: Settings, troubles: list[str]) -> None:
        self.troubles = troubles
        self._config = config
        self._settings = settings
        self._workers: dict[str, _Worker] = {}
        self._collected: dict[str, Counter[str]] = {}
        self._stated: dict[str, dict[str, Any]] = {}
        # By node: each worker of pytest-xdist meets the same broken file.
        self._collection_errors: dict[str, dict[str, Any]] = {}
        self._collection_skips: set[str] = set()
        self._stopped = False
        self._finished = False
        self._delivery: DeliveryReport | None = None
        self._executor: Executor | None = None
        self._intake: Intake | None = None
        self._identity: RunIdentity | None = None

    # The beginning.

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Gives the run its identity before the first worker or test exists."""
        try:
            self._begin()
        except Exception as error:
            note(self, f"nothing is recorded: {described(error)}")

    def _begin(self) -> None:
        settings = self._settings
        identity = identify(settings, os.environ, self._config.args, settings.state_directory)
        self._files = RunFiles(
            spool_directory(settings.state_directory), identity.file_stem, identity.resource
        )
        self._points = RunPoints(identity.resource, settings.budgets.case_series)
        self._spans = RunSpans(
            run_id=identity.run_id,
            trace_id=identity.trace_id,
            parent=identity.parent,
            suite=identity.suite,
            sequence=identity.sequence,
            skills_hash=identity.resource.get("gnomon.skills.hash"),
            skill_hashes=identity.skill_hashes,
            messages=settings.capture.failure_messages,
            confidence=settings.routing.confidence,
        )
        if identity.without_commit is not None:
            note(self, f"the commit is not known: {identity.without_commit}")
        self._identity = identity
        active = make_session(identity, MAIN_WORKER, self._files.directory)
        test_session.active = active
        self._executor = Executor(active)
        self._intake = Intake(
            self._executor,
            points=self._points,
            spans=self._spans,
            files=self._files,
            write=self._write,
            troubles=self.troubles,
        )
        self._config.pluginmanager.register(self._executor, "gnomon-executor")
        self._config.pluginmanager.register(self._intake, "gnomon-intake")

    @pytest.hookimpl(optionalhook=True)
    @guarded
    def pytest_configure_node(self, node: Any) -> None:
        """Tells an xdist worker which run it belongs to."""
        if self._identity is not None:
            identity = self._identity
            node.workerinput["gnomon"] = {
                "run_id": identity.run_id,
                "trace_id": identity.trace_id,
                "sequence": identity.sequence,
                "file_stem": identity.file_stem,
                "resource": identity.resource,
                "spool_directory": str(self._files.directory),
            }

    @pytest.hookimpl(optionalhook=True)
    @guarded
    def pytest_testnodeready(self, node: Any) -> None:
        """A worker is there."""
        self._workers[node.gateway.id] = _Worker(time.time())

    # What will run.

    @guarded
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """The tests of a run without workers."""
        self._collected[MAIN_WORKER] = Counter(map(attrgetter("nodeid"), session.items))

    @pytest.hookimpl(tryfirst=True)
    @guarded
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Tests begin, unless it is workers that will run them."""
        if self._collected:
            self._intend()

    @pytest.hookimpl(optionalhook=True)
    @guarded
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """The tests that a worker knows; unless each runs all of them, they share these."""
        worker = node.gateway.id if self._config.getoption("dist", "no") == "each" else MAIN_WORKER
        if worker not in self._collected:
            self._collected[worker] = Counter(ids)
            self._intend()

    def _intend(self) -> None:
        if self._identity is not None:
            stated = self._executor.stated if self._executor is not None else {}
            self._files.intend(
                Plan(
                    self._files.resource,
                    SCOPE,
                    self._identity.trace_id,
                    self._identity.parent,
                    self._collected,
                    stated,
                    self._settings.budgets.case_series,
                )
            )

    @guarded
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that could not be collected, or was skipped whole."""
        if report.outcome == "failed":
            message = message_of(report) if self._settings.capture.failure_messages else None
            self._collection_errors.setdefault(report.nodeid, _collection_error(report, message))
        elif report.outcome == "skipped":
            self._collection_skips.add(report.nodeid)

    # What ran.

    @guarded
    def pytest_keyboard_interrupt(self) -> None:
        """Ctrl-C or `pytest.exit`, whatever the exit code."""
        self._stopped = True

    def _write(self, result: TestResult) -> None:
        if result.outcome == "crashed" or result.moved:
            self._add_calls_of_the_dead(result)
        self._points.add_result(result)
        for span in self._spans.test(result):
            self._files.append(span)

    def _add_calls_of_the_dead(self, result: TestResult) -> None:
        """A worker that died told nothing of its test's model calls, but its journal has them."""
        dead = [name for name, worker in self._workers.items() if worker.crashed]
        told = result.record.setdefault("totals", {})
        totals, spans = totals_of(self._files.recorded_by_tests(dead), result.node_id)
        for key, value in totals.items():
            told[key] = told.get(key, 0) + value
        if not told:
            del result.record["totals"]
        if spans:
            result.record["children"] = result.record.get("children", 0) + spans

    @pytest.hookimpl(optionalhook=True)
    @guarded
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker has ended, well or not."""
        worker = self._workers.setdefault(node.gateway.id, _Worker(time.time()))
        worker.ended = time.time()
        worker.crashed = bool(error)
        said = (getattr(node, "workeroutput", None) or {}).get("gnomon", {})
        self._stated.update(said.get("stated", {}))
        for trouble in said.get("troubles", ()):
            note(self, trouble)

    # The end.

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Writes what never ran, closes the files and sends them; the workers are gone by now."""
        if self._identity is None or self._intake is None or self._finished:
            return
        self._finished = True
        # A report that comes now has no journal to go to.
        self._config.pluginmanager.unregister(self._intake)
        # Ctrl-C once more, while pytest deals with the first: it never comes to set its exit status.
        if isinstance(sys.exc_info()[1], KeyboardInterrupt):
            self._stopped = True
            exitstatus = exitstatus or pytest.ExitCode.INTERRUPTED
        try:
            self._finish(self._identity, self._intake.results, int(exitstatus))
        except Exception as error:
            note(self, f"the run's end could not be written: {described(error)}")

    def _finish(self, identity: RunIdentity, results: Results, exit_code: int) -> None:
        ended = time.time()
        if self._executor is not None:
            self._stated.update(self._executor.stated)
            for trouble in self._executor.troubles:
                note(self, trouble)
        for result in results.unfinished():
            self._write(result)
        for result in missing(self._collected, results.seen(), ended, self._stated):
            self._write(result)
            results.of(result.worker).last_stop = ended
        for name, worker in self._workers.items():
            # A test that crashed, or was left over, ends after its worker; the worker's span is around it.
            worker.ended = max(worker.ended or ended, results.of(name).last_stop)
        self._points.settle()
        self._write_workers()
        self._write_run(identity, exit_code, ended)
        test_session.close()
        self._files.complete()
        self._points.add_spans(self._files.recorded_by_tests())
        self._write_points(identity, ended)
        if left_out := self._points.cases_left_out:
            note(self, f"{left_out} routing cases have no series of their own (budgets.case_series)")
        self._files.forget()
        self._deliver(ended)
        if self._files.lost:
            note(self, f"{self._files.lost} spans lost")
        if self._files.why:
            note(self, self._files.why)

    def _write_workers(self) -> None:
        for name, worker in self._workers.items():
            busy = self._points.busy(name)
            self._files.append(self._spans.worker(name, worker.started, worker.ended, busy, worker.crashed))

    def _write_run(self, identity: RunIdentity, exit_code: int, ended: float) -> None:
        status = "aborted" if self._stopped else _STATUS_OF_EXIT.get(exit_code, "failure")
        if self._collection_errors and exit_code:
            status = "failure"  # pytest calls it an interruption; nobody interrupted
        values = {
            "test.suite.run.status": status,
            "gnomon.run.exit_code": exit_code,
            "gnomon.run.collected": self._points.outcomes.total(),
            "gnomon.run.collection_errors": len(self._collection_errors),
            "gnomon.run.collection_skips": len(self._collection_skips),
        }
        failed = status not in ("success", "skipped")
        self._files.append(
            self._spans.run(
                identity.started, ended, values, failed=failed, events=list(self._collection_errors.values())
            )
        )

    def _write_points(self, identity: RunIdentity, ended: float) -> None:
        lives = {name: worker.ended - worker.started for name, worker in self._workers.items()}
        line = self._points.line(
            SCOPE,
            started=identity.started,
            ended=ended,
            worker_seconds=lives or {MAIN_WORKER: ended - identity.started},
        )
        name = f"{identity.file_stem}.metrics.jsonl"
        try:
            files.write(self._files.directory / name, [line])
        except OSError as error:
            self._files.why = f"{self._files.directory} cannot be written: {error.strerror or error}"

    def _deliver(self, ended: float) -> None:
        settings = self._settings
        for directory in self._files.directories:
            recover(directory)
        try:
            targets = endpoint.resolve(
                os.environ,
                endpoint=settings.export.endpoint,
                protocol=settings.export.protocol,
                headers_file=settings.export.headers_file,
            )
        except UserError as error:
            note(self, str(error))
            targets = {}
        if targets:
            # The deadline is what a run's end may take longer, all in all.
            left = settings.export.deadline_seconds - (time.time() - ended) - _LEAVING_SECONDS
            self._delivery = spool.deliver(self._files.directory, targets, max(_LEAST_SECONDS, left))
        lost = sum(
            spool.prune(
                directory, max_bytes=settings.spool.max_bytes, keep_days=settings.spool.keep_days
            ).lost
            for directory in self._files.directories
        )
        if lost:
            note(self, f"{lost} unsent files removed: the spool was over its limit (spool.max_bytes)")

    # What a person is told.

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """A few lines under pytest's own."""
        if self._config.option.verbose < -1:  # pytest 7 has no `get_verbosity`
            return
        try:
            lines = list(self._lines())
        except Exception as error:
            lines = [f"note: {described(error)}"]
        terminalreporter.write_sep("-", "gnomon")
        for line in lines:
            terminalreporter.write_line(line)

    def _lines(self) -> list[str]:
        if self._identity is None:
            return [f"note: {trouble}" for trouble in self.troubles]
        return list(
            summary.lines(
                run_id=self._identity.run_id,
                sequence=self._identity.sequence,
                suite=self._identity.suite,
                points=self._points,
                spool_directory=self._files.directory,
                elsewhere=len(self._files.directories) > 1,
                delivery=self._delivery,
                troubles=self.troubles,
            )
        )


def _collection_error(report: pytest.CollectReport, message: str | None) -> dict[str, Any]:
    """Which file could not be collected and why, as an event of the run's span."""
    values = {
        "code.file.path": report.nodeid.partition("::")[0] or None,
        "gnomon.test.message": (message or "")[:MESSAGE_CHARACTERS] or None,
    }
    return {
        "timeUnixNano": str(nanoseconds(time.time())),
        "name": "gnomon.collection_error",
        "attributes": encode.attributes(values),
    }


def make_session(identity: RunIdentity, worker: str, directory: Any) -> TestSession:
    """The session that the SDK finds in a process of this run."""
    return TestSession(
        run_id=identity.run_id,
        trace_id=identity.trace_id,
        worker_id=worker,
        spool_directory=directory,
        file_stem=identity.file_stem,
        resource=identity.resource,
        sequence=identity.sequence,
    )
