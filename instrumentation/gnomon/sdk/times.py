"""When something that is over began, and how long it took, from what its recorder knows."""

from __future__ import annotations

import time
from datetime import datetime

Moment = datetime | float
"""A datetime, or seconds since 1970."""


def span_of_time(start: Moment | None, end: Moment | None, duration: float | None) -> tuple[int, float]:
    """Start in nanoseconds since 1970, and the duration in seconds."""
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
    """Nanoseconds since 1970; a double holds microseconds of this century, not nanoseconds."""
    seconds = moment.timestamp() if isinstance(moment, datetime) else moment
    return int(seconds * 1e6) * 1000
