"""From pytest's reports to one result a test, whoever reruns, crashes or interrupts it.

What pytest reports is phases: set-up, call, tear-down, once for each attempt, more with subtests,
fewer with a plugin that hides its attempts, none at all from a worker that died. One result a test
is made of them here; the cases and their reports are listed in `docs/pytest.md`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from gnomon.registry.values import OTHER
from gnomon.runs.result import MAIN_WORKER, Attempt, TestResult
from gnomon.runs.spans import PlainPass

CRASHED_PHASE = "???"  # how pytest-xdist marks the report that it makes up for a dead worker

_CRASH = "WorkerCrashed"  # `error.type` of a test that lost its process

_FINAL = frozenset({"passed", "failed", "skipped"})  # a rerun plugin's own words mean "not the last"


class WorkerReports:
    """What one worker reported.

    `held` are reports of tests that may turn out to have passed and said nothing, in the order in which
    they came; `running` those of its other tests that are not over, by test; `executions` counts how often
    it brought each test to a result, and `last_stop` is when it last did, in Unix seconds. `tell` and `write`
    are how its plain passes are told and written, from the first of them on.
    """

    __slots__ = ("executions", "held", "last_stop", "running", "tell", "worker", "write")

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self.held: list[pytest.TestReport] = []
        self.running: dict[str, list[pytest.TestReport]] = {}
        self.executions: dict[str, int] = {}
        self.last_stop = 0.0
        self.tell: PlainPass | None = None
        self.write: Callable[[str], None]


class Results:
    """Takes reports one by one and gives a result as soon as a test has one."""

    def __init__(self) -> None:
        self._workers: dict[str, WorkerReports] = {}
        # Attempts of a test whose worker died, until the rerun plugin starts it elsewhere.
        self.orphans: dict[str, list[Attempt]] = {}

    def of(self, worker: str) -> WorkerReports:
        """What a worker reported so far."""
        reports = self._workers.get(worker)
        if reports is None:
            reports = self._workers[worker] = WorkerReports(worker)
        return reports

    def take(self, reports: WorkerReports, report: pytest.TestReport) -> TestResult | None:
        """Adds one report of a worker; gives the test's result if this report was its last."""
        node_id = report.nodeid
        of_test = reports.running.setdefault(node_id, [])
        of_test.append(report)
        if report.when in ("setup", "call"):
            return None
        if report.when == CRASHED_PHASE:
            del reports.running[node_id]
            result = self._crashed(reports, node_id, of_test)
        elif (result := self._concluded(reports, node_id, of_test)) is not None:
            del reports.running[node_id]
        if result is not None:
            reports.last_stop = max(reports.last_stop, result.stop)
        return result

    def seen(self) -> Mapping[str, Mapping[str, int]]:
        """How often each worker brought each test to a result."""
        return {worker: reports.executions for worker, reports in self._workers.items()}

    def _concluded(
        self, worker: WorkerReports, node_id: str, reports: list[pytest.TestReport]
    ) -> TestResult | None:
        attempts = _attempts(reports)
        last = attempts[-1]
        if not last.final:
            return None  # a plugin will try again
        before = self.orphans.pop(node_id, [])
        return _result(attempts, before, worker.worker, node_id, _execution(worker, node_id))

    def _crashed(
        self, worker: WorkerReports, node_id: str, reports: list[pytest.TestReport]
    ) -> TestResult | None:
        *earlier, crash = reports
        attempts = _attempts(earlier)
        now = time.time()
        start = attempts[-1].start if attempts else now
        known = [
            *self.orphans.pop(node_id, []),
            *(attempt.as_attempt("failed") for attempt in attempts[:-1]),
            Attempt("crashed", start, now, _CRASH),
        ]
        if crash.outcome not in _FINAL:
            self.orphans[node_id] = known
            return None
        return _unfinished(
            known,
            attempts,
            worker.worker,
            node_id,
            _execution(worker, node_id),
            message=message_of(crash),
        )

    def unfinished(self) -> Iterator[TestResult]:
        """Tests that began and never came to a result; the run is over."""
        for worker in self._workers.values():
            for report in worker.held:
                worker.running.setdefault(report.nodeid, []).append(report)
            for node_id, reports in worker.running.items():
                attempts = _attempts(reports)
                known = [attempt.as_attempt("failed") for attempt in attempts[:-1]]
                execution = _execution(worker, node_id)
                result = _unfinished(
                    known, attempts, worker.worker, node_id, execution, message="interrupted"
                )
                worker.last_stop = max(worker.last_stop, result.stop)
                yield result
            worker.held, worker.running = [], {}
        for node_id, known in self.orphans.items():
            yield _unfinished(known, [], MAIN_WORKER, node_id, 0, message="the worker died")
        self.orphans = {}


def _execution(worker: WorkerReports, node_id: str) -> int:
    number = worker.executions[node_id] = worker.executions.get(node_id, 0) + 1
    return number


def worker_of(report: pytest.TestReport) -> str:
    """The pytest-xdist worker that a report on the controller comes from."""
    extra = report.__dict__
    worker: str = extra.get("worker_id") or extra["node"].gateway.id
    return worker


class _Attempt:
    """The reports of one attempt."""

    __slots__ = ("call", "failed_subtest", "setup", "start", "stop", "teardown", "tries", "unfinished")

    def __init__(self, reports: list[pytest.TestReport]) -> None:
        self.setup: pytest.TestReport | None = None
        self.call: pytest.TestReport | None = None
        self.teardown: pytest.TestReport | None = None
        self.failed_subtest: pytest.TestReport | None = None
        # The report that a rerun plugin gave a word of its own, unless a final one followed.
        self.unfinished: pytest.TestReport | None = None
        self.tries: list[pytest.TestReport] = []
        for report in reports:
            self._take(report)
        first, last = self.setup or reports[0], reports[-1]
        # A report that a plugin made up may lack its times, or have noughts for them.
        begun: float = getattr(first, "start", 0.0)
        self.stop: float = getattr(last, "stop", 0.0) or begun or time.time()
        self.start: float = begun or self.stop

    def _take(self, report: pytest.TestReport) -> None:
        when, outcome = report.when, report.outcome
        if "context" in report.__dict__:  # a subtest is part of its test
            if outcome == "failed":
                self.failed_subtest = report
            return
        if outcome not in _FINAL:
            self.unfinished = self.unfinished or report
        elif when == "call" and self.unfinished is not None:
            self.tries.append(self.unfinished)  # tried again within one protocol
            self.unfinished = None
        if when == "setup":
            self.setup = report
        elif when == "call":
            self.call = report
        else:
            self.teardown = report

    @property
    def final(self) -> bool:
        """Whether this attempt decides; one whose own report was hidden is tried again."""
        if self.unfinished is not None:
            return False
        hidden = self.call is None and (self.setup is None or self.setup.outcome == "passed")
        return not hidden or _failed(self.teardown)

    def as_attempt(self, outcome: str | None = None) -> Attempt:
        """In the form that results carry; without `outcome` it is what the attempt came to."""
        report = self.unfinished
        if outcome is None:
            outcome, _, report = self.verdict()
        elif report is not None and report.when != "call":
            outcome = "error"
        error = _error_type(report) if report is not None else None
        return Attempt(outcome, self.start, self.stop, error)

    def verdict(self) -> tuple[str, str | None, pytest.TestReport | None]:  # noqa: PLR0911
        """Outcome, the phase it fell in unless it passed, and the report that says why."""
        setup, call, teardown = self.setup, self.call, self.teardown
        if setup is not None and setup.outcome == "failed":
            return "error", "setup", setup
        if call is not None and call.outcome == "failed":
            return "failed", "call", call
        if self.failed_subtest is not None:
            return "failed", "call", self.failed_subtest
        if _failed(teardown):
            return "error", "teardown", teardown
        if setup is not None and setup.outcome == "skipped":
            return ("xfailed" if hasattr(setup, "wasxfail") else "skipped"), "setup", setup
        if call is not None and call.outcome == "skipped":
            return ("xfailed" if hasattr(call, "wasxfail") else "skipped"), "call", call
        if call is not None and hasattr(call, "wasxfail"):  # an empty reason is a reason too
            return "xpassed", "call", call
        return "passed", None, None


def _attempts(reports: list[pytest.TestReport]) -> list[_Attempt]:
    """The attempts among the reports of a test: each begins with its set-up."""
    starts = [_beginning(reports, number) for number, report in enumerate(reports) if report.when == "setup"]
    bounds = [0, *starts, len(reports)]
    return [_Attempt(reports[start:end]) for start, end in pairwise(bounds) if end > start]


def _beginning(reports: list[pytest.TestReport], setup: int) -> int:
    """Where the attempt with this set-up begins.

    A plugin that keeps the reports of an attempt until it is over (pytest-rerunfailures) cannot keep those of
    its subtests, which then come before its set-up.
    """
    first = setup
    while first and "context" in reports[first - 1].__dict__:
        first -= 1
    # Behind a set-up they are of its own attempt, whose end a plugin hides.
    return setup if first and reports[first - 1].when == "setup" else first


def _failed(report: pytest.TestReport | None) -> bool:
    return report is not None and report.outcome == "failed"


def _result(
    attempts: list[_Attempt], before: list[Attempt], worker: str, node_id: str, execution: int
) -> TestResult:
    last = attempts[-1]
    outcome, phase, report = last.verdict()
    error = _error_type(report) if report is not None and report.outcome == "failed" else None
    record = _record(attempts)
    seen = [*before, *(attempt.as_attempt("failed") for attempt in attempts[:-1])]
    seen += [Attempt("failed", last.start, last.stop, _error_type(report)) for report in last.tries]
    earlier = _recorded(record, seen)
    path, line = _location(last.setup or last.call or last.teardown)
    return TestResult(
        node_id=node_id,
        worker=worker,
        execution=execution,
        outcome=outcome,
        phase=phase,
        # A plugin that hides an attempt's set-up from us does not hide it from the attempt's own process.
        start=min([attempts[0].start, *(attempt.start for attempt in earlier)]),
        stop=last.stop,
        duration=_duration(attempts),
        call_duration=getattr(last.call, "duration", 0.0) or 0.0,
        attempts=[*earlier, Attempt(outcome, last.start, last.stop, error)],
        error_type=error,
        message=message_of(report) if report is not None else None,
        path=path,
        line=line,
        record=record,
        moved=bool(before),
    )


def _record(attempts: list[_Attempt]) -> dict[str, Any]:
    """What the test said last of itself."""
    for attempt in reversed(attempts):
        for report in (attempt.teardown, attempt.call, attempt.setup):
            if report is not None and (record := report.__dict__.get("gnomon")) is not None:
                return dict(record)
    return {}


def _recorded(record: dict[str, Any], seen: list[Attempt]) -> list[Attempt]:
    """The attempts before the last: as their own process saw them, unless we saw more of them."""
    recorded = record.get("attempts") or ()
    return [Attempt(*values) for values in recorded] if recorded and len(recorded) >= len(seen) else seen


def _duration(attempts: list[_Attempt]) -> float:
    return sum(
        getattr(report, "duration", 0.0) or 0.0
        for attempt in attempts
        for report in (attempt.setup, *attempt.tries, attempt.call, attempt.teardown)
        if report is not None
    )


def _unfinished(
    known: list[Attempt],
    attempts: list[_Attempt],
    worker: str,
    node_id: str,
    execution: int,
    *,
    message: str | None,
) -> TestResult:
    """A test whose worker died (its last attempt crashed), or that was interrupted."""
    crashes = sum(attempt.outcome == "crashed" for attempt in known)
    crashed = crashes > 0 and known[-1].outcome == "crashed"
    setup = attempts[-1].setup if attempts else None
    now = time.time()
    path, line = _location(setup)
    return TestResult(
        node_id=node_id,
        worker=worker,
        execution=execution,
        outcome="crashed" if crashed else "not_run",
        phase="setup" if setup is None else "call",
        start=known[0].start if known else (attempts[0].start if attempts else now),
        stop=known[-1].stop if crashed else (attempts[-1].stop if attempts else now),
        duration=_duration(attempts),
        call_duration=0.0,
        attempts=known,
        error_type=_CRASH if crashed else None,
        message=message,
        path=path or node_id.partition("::")[0],
        line=line,
        record=_record(attempts),
        moved=crashes > crashed,
    )


# Patterns here are compiled by whoever first meets a failure: most runs meet none.
_EXCEPTION = r"([A-Za-z_][\w.<>]*)(?::|$)"


def _error_type(report: pytest.TestReport) -> str:
    """The exception's type as Python names it before its message, `_OTHER` where the report has none."""
    message = _crash_message(report.longrepr)
    if message is None:
        return OTHER
    first = message.partition("\n")[0]
    if first.startswith("assert "):  # pytest leaves the type away where it explains the assertion
        return "AssertionError"
    match = re.match(_EXCEPTION, first)
    return match[1] if match else OTHER


# How pytest marks the lines of a report that say what was raised, where text is all that there is of it:
# a missing fixture, a file that cannot be imported.
_MARKED = r"(?m)^E\s+(\S.*)"

# A doctest's report quotes the source around the example first; what it came to stands behind.
_DOCTEST = r": (DocTestFailure|UnexpectedException)\s*$"
_RAISED = r"(?m)^  File .*\n(?:    .*\n)*([\w.]+(?::.*)?)$"
_DIFFERS = r"(?ms)^(?:Expected|Differences)\b.*?(?=\n\n|\n\S*:\d+: DocTestFailure|\Z)"


def _crash_message(longrepr: object) -> str | None:
    """What was raised, `Type: message`, as far as the report says; None where it does not."""
    if (message := getattr(getattr(longrepr, "reprcrash", None), "message", None)) is not None:
        return str(message)
    text = str(longrepr or "")
    if (kind := re.search(_DOCTEST, text)) is not None:
        if kind[1] == "UnexpectedException" and (raised := re.findall(_RAISED, text)):
            return str(raised[-1])
        differs = re.search(_DIFFERS, text)
        return f"{kind[1]}: {' '.join(differs[0].split())}" if differs is not None else kind[1]
    marked: list[str] = re.findall(_MARKED, text)
    if not marked:
        return None
    # Of a syntax error the place and the source come first, what is wrong with it last.
    return marked[-1 if marked[0].startswith('File "') else 0]


def _location(report: pytest.TestReport | None) -> tuple[str | None, int | None]:
    if report is None or not (location := getattr(report, "location", None)):
        return None, None
    path, line, *_ = location
    return path, None if line is None else line + 1


def message_of(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """Why, in one line: the exception's first line, or a skip's or expected failure's reason."""
    if (reason := getattr(report, "wasxfail", None)) is not None:
        return str(reason).removeprefix("reason: ") or None
    longrepr = report.longrepr
    if isinstance(longrepr, tuple):
        return longrepr[2].removeprefix("Skipped: ")
    text = _crash_message(longrepr) or str(longrepr or "")
    return next((line.strip() for line in text.splitlines() if line.strip()), None)
