"""One request of a model call: how long it took, what it answered, how long the client waited before."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextvars import ContextVar
from types import TracebackType
from typing import Self

from gnomon import error_types, given

_under_way: ContextVar[Attempt | None] = ContextVar("gnomon_attempt", default=None)


def under_way() -> Attempt | None:
    """The attempt in whose block this code runs; each thread and task has its own."""
    return _under_way.get()


class Attempt:
    """One attempt of a model call, as a context manager or by hand (`finish`).

    `latency` and `gap` are seconds: the time in the attempt, and the time before its start in which
    the call had none under way, since the attempt before. `status` is the HTTP status, `error_type` one
    of the registry's, both None on an attempt of which nothing bad or nothing at all is known.
    """

    __slots__ = (
        "_ended",
        "_finished",
        "_outer",
        "_started",
        "began_at",
        "error_type",
        "explicit",
        "gap",
        "latency",
        "number",
        "status",
    )

    def __init__(self, number: int = 1, *, explicit: bool) -> None:
        self.number = number
        self.explicit = explicit
        self.status: int | None = None
        self.error_type: str | None = None
        self.began_at = time.time_ns()
        self._started = time.perf_counter()
        self._ended: float | None = None
        self._finished = False
        self._outer: Attempt | None = None
        self.latency = 0.0
        self.gap = 0.0

    @classmethod
    def reported(
        cls,
        number: int,
        *,
        began_at: int,
        latency: float,
        gap: float = 0.0,
        status: int | None = None,
        error_type: str | None = None,
    ) -> Attempt:
        """An attempt that somebody else measured; `began_at` is in nanoseconds since 1970."""
        attempt = cls(number, explicit=True)
        attempt.began_at = began_at
        attempt._ended = attempt._started
        attempt._finished = True
        attempt.latency = latency
        attempt.gap = gap
        attempt.status = given.http_status(status)
        attempt.error_type = error_types.named(error_type) or error_types.of_status(attempt.status)
        return attempt

    @property
    def open(self) -> bool:
        """Whether the attempt is still under way."""
        return not self._finished

    def follow(self, number: int, before: Attempt) -> bool:
        """Takes its place behind another attempt; says whether that one was still open.

        That one has ended by now, as of a response that nobody closes, unless its end is yet to come: then
        the two are under way at once.
        """
        self.number = number
        overlapping = not before._finished
        if before._ended is None:
            before._end(self._started)
        self.gap = max(0.0, self._started - (before._ended or self._started))
        return overlapping

    def answered(self, status: int) -> None:
        """Notes the HTTP status; 4xx and 5xx mean that the attempt failed."""
        self.status = given.http_status(status)
        self.error_type = error_types.of_status(self.status)

    def failed(self, error: BaseException | str) -> None:
        """Notes that the attempt failed, by its exception or by an error type."""
        if isinstance(error, str):
            self.error_type = error_types.named(error)
            return
        self.error_type = error_types.of_exception(error)
        self.status = self.status or error_types.status_of(error)

    def finish(self) -> None:
        """Ends the attempt now; later calls change nothing."""
        if not self._finished:
            self._finished = True
            self._end(time.perf_counter())

    def _end(self, moment: float) -> None:
        self._ended = moment
        self.latency = max(0.0, moment - self._started)

    def __enter__(self) -> Self:
        self._outer = _under_way.get()
        _under_way.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        # Not by a token: a generator may be closed in another context than it was entered in.
        if _under_way.get() is self:
            _under_way.set(self._outer)
        self._outer = None
        if (failure := error_types.failure_in(error)) is not None:
            self.failed(failure)
        self.finish()


def settle(attempts: Iterable[Attempt]) -> None:
    """Of attempts that were under way at once, ends those that nobody ended, and tells the gaps anew.

    A request that has no answer yet ends now, with its call; of what else was left open, the next one's
    beginning is the end.
    """
    busy_until: float | None = None
    for attempt in attempts:
        waiting = not attempt.explicit and attempt.status is None
        if attempt._ended is None or waiting:
            attempt.finish()
        attempt._finished = True
        ended = attempt._ended or attempt._started
        attempt.gap = 0.0 if busy_until is None else max(0.0, attempt._started - busy_until)
        busy_until = ended if busy_until is None else max(busy_until, ended)
