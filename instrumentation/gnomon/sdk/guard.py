"""Keeps the SDK's own failures away from the host: counted, logged once a place, never raised."""

from __future__ import annotations

import logging
import os
import threading

logger = logging.getLogger("gnomon")

_lock = threading.Lock()
_failures: dict[str, int] = {}


def failed(where: str, error: BaseException) -> None:
    """Notes that the SDK failed at `where`. The first failure there is logged with its traceback."""
    try:
        with _lock:
            count = _failures[where] = _failures.get(where, 0) + 1
        if count == 1:
            logger.warning(
                "%s failed; the program goes on, the telemetry of this step is incomplete. "
                "Further failures there are counted only.",
                where,
                exc_info=error,
            )
    except Exception:  # noqa: S110 - a logging handler of the host that raises must not reach it from here
        pass


def failures() -> dict[str, int]:
    """How often the SDK failed at each place since the process began."""
    with _lock:
        return dict(_failures)


def _forked() -> None:
    global _lock  # noqa: PLW0603 - the parent's may be held for ever
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
