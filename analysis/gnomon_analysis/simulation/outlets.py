"""Where a simulation's telemetry goes, and by what clock: as it happens, or all at once with past times.

Both record through the same SDK calls. An outlet is open while tasks are emitted, in the order of their ends.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import gnomon
from gnomon.sdk.backfill import Backfill
from gnomon.settings import Settings
from gnomon_analysis.simulation.interruption import Interruption

# How soon a wish to stop is noticed.
_NAP_SECONDS = 0.1
# Until what was recorded is in the spool; only a disk that hangs takes that long.
_PATIENCE_SECONDS = 60.0
# Spans that may wait to be written; the SDK drops what is beyond its own limit, which is higher.
_WAITING_SPANS = 2_000


class Outlet(Protocol):
    """Takes what is emitted."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None: ...

    def reach(self, moment: float) -> bool:
        """Lets the simulated time come to a moment; says whether it did, or somebody wants to stop."""

    def shift(self, moment: float) -> float:
        """Seconds from a simulated moment to the one with which it is stamped."""

    def account(self) -> Mapping[str, Any]:
        """What became of the spans, once it is closed: how many were `written` and how many `dropped`."""


class Past:
    """Writes all of it into the spool as fast as it goes; one collection of metrics every `interval` seconds.

    Collections lie at whole multiples of the interval, and at the end.
    """

    def __init__(
        self,
        spool: Path,
        settings: Settings,
        described: Mapping[str, Any],
        *,
        began: float,
        interval: float,
        stop: Interruption,
    ) -> None:
        self._backfill = Backfill(spool, settings, began=began, described=described)
        self._stop = stop
        self._interval = interval
        self._next = (math.floor(began / interval) + 1) * interval
        self._now = began

    def __enter__(self) -> Self:
        self._backfill.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        if error is None and self._now > self._next - self._interval:
            self._backfill.collect(self._now)
        self._backfill.__exit__(kind, error, trace_back)

    def reach(self, moment: float) -> bool:
        """See `Outlet`."""
        while self._next <= moment:
            if self._stop.signal:
                return False
            self._backfill.collect(self._next)
            self._now = self._next
            self._next += self._interval
        if self._stop.signal:
            return False
        self._now = moment
        return True

    def shift(self, moment: float) -> float:
        """Nothing lies between: what is simulated is the past itself."""
        return 0.0

    def account(self) -> Mapping[str, Any]:
        """See `Outlet`; nothing is ever dropped."""
        return {"written": self._backfill.written, "dropped": 0}


class Live:
    """Emits each task when it is over, while simulated time runs `speed` times as fast as the clock.

    Stamps are those of the wall; how long something took stays as simulated.
    """

    def __init__(
        self,
        settings: Settings,
        described: Mapping[str, Any],
        *,
        began: float,
        speed: float,
        stop: Interruption,
    ) -> None:
        self._settings = settings
        self._described = described
        self._began = began
        self._speed = speed
        self._stop = stop
        self._wall = self._monotonic = 0.0
        self._account: dict[str, Any] = {}
        self.behind = 0.0
        """Seconds by which the slowest task came late."""

    def __enter__(self) -> Self:
        gnomon.configure(settings=self._settings, set_global=False, **self._described)
        self._wall, self._monotonic = time.time(), time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        gnomon.flush(_PATIENCE_SECONDS)
        account = gnomon.account()
        self._account = {"written": account["written"], "dropped": sum(account["dropped"].values())}
        gnomon.shutdown()

    def _lapsed(self, moment: float) -> float:
        return (moment - self._began) / self._speed

    def reach(self, moment: float) -> bool:
        """See `Outlet`."""
        due = self._monotonic + self._lapsed(moment)
        while not self._stop.signal and (left := due - time.monotonic()) > 0:
            time.sleep(min(left, _NAP_SECONDS))
        if self._stop.signal:
            return False
        self.behind = max(self.behind, time.monotonic() - due)
        while gnomon.account()["queued"] > _WAITING_SPANS and not self._stop.signal:
            time.sleep(0.01)
        return True

    def shift(self, moment: float) -> float:
        """See `Outlet`."""
        return self._wall + self._lapsed(moment) - moment

    def account(self) -> Mapping[str, Any]:
        """See `Outlet`."""
        return self._account
