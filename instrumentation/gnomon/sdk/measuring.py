"""What a process measures of its own work: a forked child begins anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import MeterProvider

    from gnomon.sdk.calls import Finished
    from gnomon.sdk.instruments import Instruments

# The rest of a deadline may be nothing, and a local file takes next to no time.
_LEAST_SECONDS = 0.2


class Measuring:
    """The instruments of this process, and the meter provider behind them.

    In a forked child OpenTelemetry's histograms go on with what its parent counted, so that it would count
    twice, and under locks that a thread of the parent's may hold for ever. So the child makes a provider of
    its own with its first measurement; the parent's serves on for the instruments of others.
    """

    def __init__(self, make: Callable[[], tuple[MeterProvider, Instruments]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._stale = False
        self.provider, self._instruments = make()
        self._inherited: list[MeterProvider] = []

    def model_call(self, call: Finished) -> None:
        """See `Instruments.model_call`."""
        self._own().model_call(call)

    def step(self, kind: str, seconds: float, attributes: Mapping[str, object], error_type: str) -> None:
        """See `Instruments.step`."""
        self._own().step(kind, seconds, attributes, error_type)

    def _own(self) -> Instruments:
        if self._stale:
            with self._lock:
                if self._stale:
                    self._inherited.append(self.provider)
                    self.provider, self._instruments = self._make()
                    self._stale = False
        return self._instruments

    def flush(self, seconds: float) -> None:
        """Writes what this process measured so far to the spool."""
        if not self._stale:
            self.provider.force_flush(int(seconds * 1000))

    def shutdown(self, seconds: float) -> None:
        """The same for the last time, and what others measured."""
        ends = time.monotonic() + seconds
        for provider in (self.provider, *self._inherited):
            provider.shutdown(timeout_millis=max(_LEAST_SECONDS, ends - time.monotonic()) * 1000)

    def forked(self) -> None:
        """In a forked child: what is here is the parent's."""
        self._lock = threading.Lock()
        self._stale = True
