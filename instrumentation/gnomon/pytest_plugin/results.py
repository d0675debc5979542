"""From pytest's reports to one result a test, whoever reruns, crashes or interrupts it.

What pytest reports is phases: set-up, call, tear-down, once for each attempt, more with subtests,
fewer with a plugin that hides its attempts, none at all from a worker that died. One result a test
is made of them here; the cases and their reports are listed in `docs/pytest.md`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

MAIN_WORKER = "main"
CRASHED_PHASE = "???"  # how pytest-xdist marks the report that it makes up for a dead worker

_FINAL = frozenset({"passed", "failed", "skipped"})  # a rerun plugin's own words mean "not the last"


@dataclass(slots=True)
class Attempt:
    """One attempt of a test. Times are Unix seconds."""

    outcome: str
    start: float
    stop: float
    error_type: str | None = None


@dataclass(slots=True)
class TestResult:
    """One test's result. Times are Unix seconds, durations seconds.

    `duration` is set-up, call and tear-down over all attempts; `execution` counts from 1 where one
    test ran several times in one worker; `record` holds what the test said of itself.
    """

    __test__ = False

    node_id: str
    worker: str
    execution: int
    outcome: str
    phase: str | None
    start: float
    stop: float
    duration: float
    call_duration: float
    attempts: list[Attempt]
    error_type: str | None
    message: str | None
    path: str | None
    line: int | None
    record: dict[str, Any]


@dataclass(slots=True)
class _Running:
    """A test whose last report has not come yet."""

    node_id: str
    worker: str
    execution: int
    setup: pytest.TestReport | None = None
    call: pytest.TestReport | None = None
    teardown: pytest.TestReport | None = None
    rerun: pytest.TestReport | None = None
    failed_subtest: pytest.TestReport | None = None
    start: float = 0.0
    attempt_start: float = 0.0
    stop: float = 0.0
    duration: float = 0.0
    attempts: list[Attempt] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)


class Results:
    """Takes reports one by one and gives a result as soon as a test has one."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], _Running] = {}
        # Attempts of a test whose worker died, until the rerun plugin starts it elsewhere.
        self._orphans: dict[str, _Running] = {}
        self._executions: Counter[tuple[str, str]] = Counter()

    def take(self, report: pytest.TestReport) -> TestResult | None:
        """Adds one report; gives the test's result if this report was its last."""
        worker = worker_of(report)
        key = (worker, report.nodeid)
        test = self._running.get(key)
        if test is None:
            test = self._running[key] = self._begin(key)
        extra = report.__dict__
        if (record := extra.get("gnomon")) is not None:
            test.record = record
        if report.when == CRASHED_PHASE:
            return self._crashed(key, test, report)
        if "context" in extra:  # a subtest is part of its test
            if report.failed:
                test.failed_subtest = report
            return None
        self._add(test, report)
        if report.when != "teardown":
            return None
        return self._teardown(key, test)

    def _begin(self, key: tuple[str, str]) -> _Running:
        worker, node_id = key
        self._executions[key] += 1
        test = _Running(node_id, worker, self._executions[key])
        if self._orphans and (orphan := self._orphans.pop(node_id, None)) is not None:
            test.attempts = orphan.attempts
            test.start = orphan.start
            test.duration = orphan.duration
        return test

    @staticmethod
    def _add(test: _Running, report: pytest.TestReport) -> None:
        when, outcome = report.when, report.outcome
        start: float = getattr(report, "start", 0.0) or time.time()
        if when == "setup":
            if test.setup is not None:  # the tear-down of the attempt before was hidden
                _close_attempt(test, test.call or test.setup)
            test.setup = report
            test.attempt_start = start
            test.start = test.start or start
        elif when == "call":
            if test.rerun is not None and outcome in _FINAL:  # another try within the same protocol
                _append_attempt(test, test.rerun)
                test.rerun = None
            test.call = report
        else:
            test.teardown = report
        if outcome not in _FINAL:
            test.rerun = test.rerun or report
        test.duration += report.duration
        test.stop = getattr(report, "stop", 0.0) or start

    def _teardown(self, key: tuple[str, str], test: _Running) -> TestResult | None:
        if test.rerun is not None:
            _close_attempt(test, test.rerun)
            return None
        if test.call is None and (test.setup is None or test.setup.passed) and not _failed(test.teardown):
            # The attempt's own report was hidden by a plugin that will try again.
            _close_attempt(test, None)
            return None
        del self._running[key]
        return _result(test)

    def _crashed(self, key: tuple[str, str], test: _Running, report: pytest.TestReport) -> TestResult | None:
        del self._running[key]
        now = time.time()
        test.start = test.start or now
        test.attempt_start = test.attempt_start or now
        test.stop = now
        test.attempts.append(Attempt("crashed", test.attempt_start, now))
        if report.outcome not in _FINAL:
            self._orphans[test.node_id] = test
            return None
        return _crash_result(test, report)

    def unfinished(self) -> Iterator[TestResult]:
        """Tests that began and never came to a result; the run is over."""
        for test in self._running.values():
            test.start = test.start or time.time()
            yield _not_run(test)
        for test in self._orphans.values():
            yield _crash_result(test, None)
        self._running, self._orphans = {}, {}


def worker_of(report: pytest.TestReport) -> str:
    """The pytest-xdist worker that a report comes from, `main` without workers."""
    extra = report.__dict__
    worker = extra.get("worker_id")
    if worker is None and (node := extra.get("node")) is not None:
        worker = node.gateway.id
    return worker or MAIN_WORKER


def _failed(report: pytest.TestReport | None) -> bool:
    return report is not None and report.outcome == "failed"


def _append_attempt(test: _Running, report: pytest.TestReport | None) -> None:
    # A report that a rerun plugin renamed or hid belongs to an attempt that failed, before its
    # test began or in it.
    outcome = "failed" if report is None or report.when == "call" else "error"
    error = report.__dict__.get("gnomon_error") if report is not None else None
    test.attempts.append(Attempt(outcome, test.attempt_start, test.stop, error))


def _close_attempt(test: _Running, report: pytest.TestReport | None) -> None:
    _append_attempt(test, report)
    test.setup = test.call = test.teardown = test.rerun = test.failed_subtest = None


def _verdict(test: _Running) -> tuple[str, str | None, pytest.TestReport | None]:  # noqa: PLR0911
    """Outcome, the phase it fell in unless it passed, and the report that says why."""
    setup, call, teardown = test.setup, test.call, test.teardown
    if setup is not None and setup.outcome == "failed":
        return "error", "setup", setup
    if call is not None and call.outcome == "failed":
        return "failed", "call", call
    if test.failed_subtest is not None:
        return "failed", "call", test.failed_subtest
    if _failed(teardown):
        return "error", "teardown", teardown
    if setup is not None and setup.outcome == "skipped":
        return ("xfailed" if hasattr(setup, "wasxfail") else "skipped"), "setup", setup
    if call is not None and call.outcome == "skipped":
        return ("xfailed" if hasattr(call, "wasxfail") else "skipped"), "call", call
    if call is not None and hasattr(call, "wasxfail"):  # an empty reason is a reason too
        return "xpassed", "call", call
    return "passed", None, None


def _result(test: _Running) -> TestResult:
    outcome, phase, report = _verdict(test)
    error = report.__dict__.get("gnomon_error") if report is not None and report.outcome == "failed" else None
    attempts = _recorded_attempts(test)
    attempts.append(Attempt(outcome, test.attempt_start, test.stop, error))
    path, line = _location(test.setup or test.call or test.teardown)
    return TestResult(
        node_id=test.node_id,
        worker=test.worker,
        execution=test.execution,
        outcome=outcome,
        phase=phase,
        start=test.start,
        stop=test.stop,
        duration=test.duration,
        call_duration=test.call.duration if test.call is not None else 0.0,
        attempts=attempts,
        error_type=error,
        message=_message(report) if report is not None else None,
        path=path,
        line=line,
        record=test.record,
    )


def _recorded_attempts(test: _Running) -> list[Attempt]:
    """The attempts before the last: as their own process counted them, where it saw more than we did."""
    recorded = test.record.get("attempts")
    if not recorded or len(recorded) <= len(test.attempts):
        return test.attempts
    return [Attempt(*values) for values in recorded]


def _crash_result(test: _Running, report: pytest.TestReport | None) -> TestResult:
    path, line = _location(test.setup)
    return TestResult(
        node_id=test.node_id,
        worker=test.worker,
        execution=test.execution,
        outcome="crashed",
        phase="call" if test.setup is not None else "setup",
        start=test.start,
        stop=test.stop,
        duration=test.duration,
        call_duration=0.0,
        attempts=test.attempts,
        error_type="WorkerCrashed",
        message=_message(report) if report is not None else "the worker died",
        path=path,
        line=line,
        record=test.record,
    )


def _not_run(test: _Running) -> TestResult:
    path, line = _location(test.setup)
    return TestResult(
        node_id=test.node_id,
        worker=test.worker,
        execution=test.execution,
        outcome="not_run",
        phase="call" if test.setup is not None else "setup",
        start=test.start,
        stop=test.stop or test.start,
        duration=test.duration,
        call_duration=0.0,
        attempts=test.attempts,
        error_type=None,
        message="interrupted",
        path=path,
        line=line,
        record=test.record,
    )


def never_started(node_id: str, when: float, record: dict[str, Any]) -> TestResult:
    """The result of a test that was collected and never began; `when` is the run's end."""
    return TestResult(
        node_id=node_id,
        worker=MAIN_WORKER,
        execution=0,
        outcome="not_run",
        phase=None,
        start=when,
        stop=when,
        duration=0.0,
        call_duration=0.0,
        attempts=[],
        error_type=None,
        message=None,
        path=node_id.partition("::")[0],
        line=None,
        record=record,
    )


def _location(report: pytest.TestReport | None) -> tuple[str | None, int | None]:
    if report is None or not report.location:
        return None, None
    path, line, _ = report.location
    return path, None if line is None else line + 1


def _message(report: pytest.TestReport) -> str | None:
    """Why, in one line: the exception's first line, or a skip's or expected failure's reason."""
    if (reason := getattr(report, "wasxfail", None)) is not None:
        return str(reason).removeprefix("reason: ") or None
    longrepr = report.longrepr
    if isinstance(longrepr, tuple):
        return longrepr[2].removeprefix("Skipped: ")
    crash = getattr(longrepr, "reprcrash", None)
    text = str(getattr(crash, "message", None) or longrepr or "")
    return next((line.strip() for line in text.splitlines() if line.strip()), None)
