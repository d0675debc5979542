"""One request of a model call: how long it took, what it answered, how long the client waited before."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from gnomon import error_types, given


class Attempt:
    """One attempt of a model call, as a context manager or by hand (`finish`).

    `latency` and `gap` are seconds: the time in the attempt, and the time between the end of the
    attempt before and the start of this one. `status` is the HTTP status, `error_type` one of the
    registry's, both None on an attempt of which nothing bad or nothing at all is known.
    """

    __slots__ = (
        "_ended",
        "_started",
        "began_at",
        "error_type",
        "explicit",
        "gap",
        "latency",
        "number",
        "status",
    )

    def __init__(self, number: int, previous: Attempt | None, *, explicit: bool) -> None:
        self.number = number
        self.explicit = explicit
        self.status: int | None = None
        self.error_type: str | None = None
        self.began_at = time.time_ns()
        self._started = time.perf_counter()
        self._ended: float | None = None
        self.latency = 0.0
        self.gap = 0.0
        if previous is not None:
            previous.finish()
            self.gap = max(0.0, self._started - (previous._ended or self._started))

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
        attempt = cls(number, None, explicit=True)
        attempt.began_at = began_at
        attempt._ended = attempt._started
        attempt.latency = latency
        attempt.gap = gap
        attempt.status = given.http_status(status)
        attempt.error_type = error_types.named(error_type) or error_types.of_status(attempt.status)
        return attempt

    @property
    def open(self) -> bool:
        """Whether the attempt is still under way."""
        return self._ended is None

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
        if self._ended is None:
            self._ended = time.perf_counter()
            self.latency = self._ended - self._started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        if error is not None:
            self.failed(error)
        self.finish()
