"""The test session that runs in this process, if one does.

The pytest plugin sets `active`; the SDK reads it. The module holds no logic of either side and
imports nothing heavy, so that asking costs nothing where no session runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnomon.record import Record

if TYPE_CHECKING:
    from gnomon.relay import Relay


class CurrentTest(Record, eq=False, frozen=False):
    """The test that this process executes now.

    `span_id` is the lower-case hex id of the span under which spans recorded now belong;
    `children` counts them, and the processes forked meanwhile, which may record some; `finished` holds one
    dictionary of numbers a finished model call; with a `relay`, the test has forked.
    """

    case_id: str
    case_name: str
    attempt: int
    span_id: str
    finished: list[dict[str, Any]] = field(default_factory=list)
    children: int = 0
    relay: Relay | None = None

    def take_calls(self) -> list[dict[str, Any]]:
        """The numbers of the model calls that finished since the last time, also in forked processes."""
        calls, self.finished = self.finished, []
        if self.relay is not None and not self.relay.in_child:
            calls.extend(self.relay.receive(self.span_id))
        return calls

    def add_call(self, stats: dict[str, Any]) -> None:
        """Adds the numbers of a model call that finished in this process."""
        if self.relay is not None and self.relay.in_child:
            self.relay.send(self.span_id, stats)
        else:
            self.finished.append(stats)


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
    relay: Relay | None = None

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
            current.add_call(stats)

    def forking(self) -> None:
        """The process is about to fork: what its child records belongs to the test that runs now."""
        if (current := self.current) is None:
            return
        # Only this process can report the attempt under which the child's spans will be.
        current.children += 1
        if current.relay is not None:
            return
        # One that this process inherited leads to the process of a test before it.
        if self.relay is None or self.relay.in_child:
            from gnomon.relay import Relay  # noqa: PLC0415 - for the few tests that fork

            try:
                self.relay = Relay()
            except OSError:  # the sums go without the child's calls, its spans stay
                return
            self.on_close.append(self.relay.close)
        current.relay = self.relay


active: TestSession | None = None


def close() -> None:
    """Finishes what is still held for the session of this process, if there is one."""
    if active is None:
        return
    for finish in active.on_close:
        finish()
    active.on_close.clear()


def _forking() -> None:
    if active is not None:
        active.forking()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_forking)
