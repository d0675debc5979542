"""The test session that runs in this process, if one does.

The pytest plugin sets `active`; the SDK reads it. The module holds no logic of either side and
imports nothing heavy, so that asking costs nothing where no session runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from gnomon.record import Record


class CurrentTest(Record, eq=False, frozen=False):
    """The test that this process executes now.

    `span_id` is the lower-case hex id of the span under which spans recorded now belong;
    `children` counts them, and the processes forked meanwhile, which may record some; `calls` holds one
    dictionary of numbers a finished model call.
    """

    case_id: str
    case_name: str
    attempt: int
    span_id: str
    calls: list[dict[str, Any]] = field(default_factory=list)
    children: int = 0


class TestSession(Record, eq=False, frozen=False):
    """What every span of the run has in common, as seen from one process of it.

    `worker_id` is pytest-xdist's (`gw0`, …) and `main` without it; `file_stem` begins the name of
    every spool file of the run; `resource` maps the run's resource attributes to plain values;
    `on_close` holds what must be finished before the process leaves the session. `describe` says what test
    runs now and is None between tests; `touched` is what it said, if anybody asked during this test.
    """

    __test__ = False  # not a test class, whatever pytest makes of the name

    run_id: str
    trace_id: str
    worker_id: str
    spool_directory: Path
    file_stem: str
    resource: Mapping[str, Any]
    sequence: int
    on_close: list[Callable[[], None]] = field(default_factory=list)
    describe: Callable[[], CurrentTest] | None = None
    touched: CurrentTest | None = None

    def enter(self, describe: Callable[[], CurrentTest]) -> None:
        """A test's attempt begins; `describe` is called only if somebody asks what is running."""
        self.describe = describe
        self.touched = None

    def leave(self) -> None:
        """The test is over; what is recorded from now on belongs to the run alone."""
        self.describe = self.touched = None

    @property
    def current(self) -> CurrentTest | None:
        """The test that runs now, None between tests."""
        # Looked at once: the test may end while another thread asks.
        if self.touched is None and (describe := self.describe) is not None:
            self.touched = describe()
        return self.touched

    def record_call(self, stats: dict[str, Any]) -> None:
        """Adds the numbers of one finished model call to the current test, if there is one."""
        if (current := self.current) is not None:
            current.calls.append(stats)


active: TestSession | None = None


def close() -> None:
    """Finishes what is still held for the session of this process, if there is one."""
    if active is None:
        return
    for finish in active.on_close:
        finish()
    active.on_close.clear()


def _forking() -> None:
    # What the child records belongs under this test's attempt, and only its parent can report that one.
    if active is not None and (current := active.current) is not None:
        current.children += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_forking)
