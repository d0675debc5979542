"""Serving until somebody ends it."""

from __future__ import annotations

import signal
import threading


def wait_for_the_end() -> None:
    """Comes back with Ctrl-C, or when the process is asked to end."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(3600.0):
        pass
