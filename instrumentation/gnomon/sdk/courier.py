"""Sends what lies in the spool, in a thread of its own, and keeps the spool within its bounds."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from gnomon.otlp.endpoint import Signal, Target
from gnomon.sdk.guard import failed, logger
from gnomon.spool import deliver, prune

# One delivery may take this long while the program runs: nobody waits for it.
_PATIENCE_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_PRUNE_EVERY_SECONDS = 60.0


class Courier:
    """Delivers a spool folder whenever a file in it is complete; with no target it only prunes."""

    def __init__(
        self, directory: Path, targets: Mapping[Signal, Target], *, max_bytes: int, keep_days: float
    ) -> None:
        self._directory = directory
        self._targets = targets
        self._max_bytes = max_bytes
        self._keep_days = keep_days
        self.forked()

    def forked(self) -> None:
        """In a forked child, and at first: no thread yet."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._pruned = 0.0
        self._told = False

    def notify(self) -> None:
        """A spool file is complete."""
        with self._lock:
            if self._thread is None and not self._closing:
                thread = threading.Thread(target=self._run, name="gnomon-courier", daemon=True)
                # From 3.12 on an interpreter that is ending starts no thread: `close` does the rest.
                with contextlib.suppress(RuntimeError):
                    thread.start()
                    self._thread = thread
        self._wake.set()

    def close(self, seconds: float) -> str:
        """Tries once more within so many seconds; says why something still waits, or nothing.

        A delivery under way is left to itself: it ends with the process.
        """
        self._closing = True
        self._wake.set()
        if not self._targets or seconds <= 0:
            return ""
        began = time.monotonic()
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        remaining = seconds - (time.monotonic() - began)
        if remaining <= 0:
            return "no answer in time"
        report = deliver(self._directory, self._targets, remaining)
        return report.why if report.waiting else ""

    def _run(self) -> None:
        pause = 0.0
        while not self._closing:
            self._wake.wait(pause or None)
            self._wake.clear()
            if self._closing:
                return
            try:
                pause = self._deliver(pause)
                self._prune()
            except Exception as error:
                failed("delivering the spool", error)
                pause = _LONGEST_PAUSE_SECONDS

    def _deliver(self, pause: float) -> float:
        """Delivers once; gives the seconds to wait before the next try, 0 where nothing waits."""
        if not self._targets:
            return 0.0
        report = deliver(self._directory, self._targets, _PATIENCE_SECONDS)
        if not report.why:  # what still waits became complete meanwhile, and has called for the next round
            self._told = False
            return 0.0
        if not self._told:
            self._told = True
            logger.warning("telemetry waits in %s: %s", self._directory, report.why)
        return max(report.retry_after, min(_LONGEST_PAUSE_SECONDS, pause * 2 or _FIRST_PAUSE_SECONDS))

    def _prune(self) -> None:
        now = time.monotonic()
        if self._pruned and now - self._pruned < _PRUNE_EVERY_SECONDS:
            return
        self._pruned = now
        report = prune(self._directory, max_bytes=self._max_bytes, keep_days=self._keep_days)
        if report.lost:
            logger.warning(
                "the spool %s reached its limit of %d bytes: %d undelivered files were removed",
                self._directory,
                self._max_bytes,
                report.lost,
            )
