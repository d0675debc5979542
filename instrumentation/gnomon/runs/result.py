"""What became of one test, whatever ran it."""

from __future__ import annotations

from typing import Any

from gnomon.record import Record

MAIN_WORKER = "main"
"""The worker of a run without workers."""


class Attempt(Record, frozen=False):
    """One attempt of a test. Times are Unix seconds."""

    outcome: str
    start: float
    stop: float
    error_type: str | None = None


class TestResult(Record, frozen=False):
    """One test's result. Times are Unix seconds, durations seconds.

    `duration` is set-up, call and tear-down over all attempts; `execution` counts from 1 where one
    test ran several times in one worker; `record` holds what the test said of itself; `moved` says that
    its first attempt was in another worker, which died.
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
    moved: bool = False


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
