"""When something that is over began, and how long it took, from what its recorder knows."""

from __future__ import annotations

import time
from datetime import datetime

from gnomon import given

Moment = datetime | float
"""A datetime, or seconds since 1970."""


def span_of_time(start: Moment | None, end: Moment | None, duration: float | None) -> tuple[int, float]:
    """Start in nanoseconds since 1970, and the duration in seconds; one that is none counts as 0."""
    if duration is not None:
        duration = given.amount(duration) or 0.0
    began = None if start is None else nanoseconds(start)
    ended = None if end is None else nanoseconds(end)
    if began is None:
        ended = time.time_ns() if ended is None else ended
        seconds = duration or 0.0
        return ended - int(seconds * 1e9), seconds
    if duration is None:
        duration = 0.0 if ended is None else max(0.0, (ended - began) / 1e9)
    return began, duration


def nanoseconds(moment: Moment) -> int:
    """Nanoseconds since 1970; a double holds microseconds of this century, not nanoseconds.

    Raises ValueError for what OTLP has no time for: before 1970, or the milliseconds of another clock.
    """
    seconds = moment.timestamp() if isinstance(moment, datetime) else moment
    since = int(seconds * 1e6) * 1000
    if not 0 <= since < 2**63:
        raise ValueError(f"{moment!r} is no datetime and no number of seconds since 1970")
    return since
