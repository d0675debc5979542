"""Keeps the spool within its bounds, the least valuable files first."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
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
    sent, refused, waiting, unfinished = _by_age(
        directory, (f".jsonl{files.SENT}", f".jsonl{files.REJECTED}", ".jsonl", ".tmp")
    )
    now = time.time()
    for modified, _, name in unfinished:
        if now - modified > _HOUR:
            (directory / name).unlink(missing_ok=True)
    removed = lost = 0
    excess = sum(size for _, size, _ in sent + refused + waiting) - max_bytes
    for kind in (sent, refused, waiting):
        for modified, size, name in kind:
            expired = kind is not waiting and now - modified > keep_days * _DAY
            if not expired and excess <= 0:
                continue
            (directory / name).unlink(missing_ok=True)
            (directory / f"{name}{files.ACKED}").unlink(missing_ok=True)
            excess -= size
            removed += 1
            lost += kind is waiting
    return PruneReport(removed, lost)


def _by_age(directory: Path, endings: Sequence[str]) -> list[list[tuple[float, int, str]]]:
    """For each ending the files whose names have it, oldest first: when changed, bytes, name."""
    found: list[list[tuple[float, int, str]]] = [[] for _ in endings]
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            for ending, kind in zip(endings, found, strict=True):
                if entry.name.endswith(ending):
                    with suppress(FileNotFoundError):
                        status = entry.stat()
                        kind.append((status.st_mtime, status.st_size, entry.name))
    return [sorted(kind) for kind in found]
