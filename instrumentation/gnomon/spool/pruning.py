"""Keeps the spool within its bounds, the least valuable files first."""

from __future__ import annotations

import time
from pathlib import Path

from gnomon.record import Record
from gnomon.spool import files

_HOUR = 3_600.0
_DAY = 86_400.0


class PruneReport(Record):
    """What pruning removed; `lost` counts files that no backend had accepted yet."""

    removed: int
    lost: int


def prune(directory: Path, *, max_bytes: int, keep_days: float) -> PruneReport:
    """Removes delivered files older than `keep_days`, then the oldest files until `max_bytes` hold.

    Past the limit delivered files go first, then refused ones, then the oldest that still wait:
    a spool must not fill the disk of the machine it observes. What a killed writer left half-written
    (`*.tmp`) goes after an hour.
    """
    sent = _by_age(directory, f"*.jsonl{files.SENT}")
    refused = _by_age(directory, f"*.jsonl{files.REJECTED}")
    waiting = _by_age(directory, "*.jsonl")
    now = time.time()
    for modified, _, path in _by_age(directory, "*.tmp"):
        if now - modified > _HOUR:
            path.unlink(missing_ok=True)
    removed = lost = 0
    excess = sum(size for _, size, _ in sent + refused + waiting) - max_bytes
    for kind in (sent, refused, waiting):
        for modified, size, path in kind:
            expired = kind is not waiting and now - modified > keep_days * _DAY
            if not expired and excess <= 0:
                continue
            path.unlink(missing_ok=True)
            path.with_name(path.name + files.ACKED).unlink(missing_ok=True)
            excess -= size
            removed += 1
            lost += kind is waiting
    return PruneReport(removed, lost)


def _by_age(directory: Path, pattern: str) -> list[tuple[float, int, Path]]:
    found = []
    for path in directory.glob(pattern):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found.append((status.st_mtime, status.st_size, path))
    return sorted(found)
