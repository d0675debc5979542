"""Advisory locks on open files; the operating system frees them when their holder dies."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

# Whoever looks whether a file's owner is dead holds its lock for an instant.
_PATIENCE_SECONDS: Final = 1.0
_NAP_SECONDS: Final = 0.001

if sys.platform == "win32":
    import msvcrt

    # Windows locks are mandatory for the locked bytes: one far behind any content disturbs no reader.
    _FAR = 2**62

    def _lock(descriptor: int) -> None:
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(descriptor: int) -> bool:
    """Takes the lock unless another process holds it; says whether it did."""
    try:
        _lock(descriptor)
    except OSError:
        return False
    return True


def own(descriptor: int) -> bool:
    """Takes the lock of a file that this process has just made; says whether it did.

    Between making it and locking it somebody may look at it, and find nothing in it yet: they let go at
    once, and are waited for. Without the lock they would take a living owner for dead.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            _lock(descriptor)
        except (BlockingIOError, PermissionError):  # held: the first here, the second on Windows
            if time.monotonic() > deadline:
                return False
            time.sleep(_NAP_SECONDS)
        except OSError:
            return False  # a file system without locks
        else:
            return True


def still_there(path: Path, descriptor: int) -> bool:
    """Whether the path still names the file that was opened: its last holder may have removed it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
