"""The names of spool files, and what each name says about delivery.

| name | meaning |
|---|---|
| `<stem>.<signal>.jsonl.part` | a journal: its process still writes, or died (`recover`) |
| `<stem>.<signal>.jsonl` | complete, waits for delivery |
| `<stem>.<signal>.jsonl.acked` | how many lines of it a backend has accepted so far |
| `<stem>.<signal>.jsonl.sent` | delivered whole |
| `<stem>.<signal>.jsonl.rejected` | refused for good by a backend, in whole or in part; kept |
| `<stem>.plan.json` | what a run that has no end yet set out to do (`gnomon.runs.plan`); never sent |
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gnomon.otlp.endpoint import SIGNALS, Signal

SENT = ".sent"
REJECTED = ".rejected"
ACKED = ".acked"

_PENDING = tuple(f".{signal}.jsonl" for signal in SIGNALS)


def signal_of(path: Path) -> Signal | None:
    """The signal of a spool file by its name, whatever state it is in; None for other files."""
    name = path.name
    for suffix in (SENT, REJECTED):
        name = name.removesuffix(suffix)
    return next((signal for signal in SIGNALS if name.endswith(f".{signal}.jsonl")), None)


def names(directory: Path) -> list[str]:
    """What lies in a spool, in order; nothing where it cannot be read.

    It may be thousands of files, and a run looks for one kind after the other: no path is made of each.
    """
    try:
        return sorted(os.listdir(directory))  # noqa: PTH208
    except OSError:
        return []


def pending(directory: Path) -> list[Path]:
    """Complete files that wait for delivery, oldest first."""
    return sorted((directory / name for name in names(directory) if name.endswith(_PENDING)), key=_age)


def _age(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except FileNotFoundError:
        return 0.0, path.name


def acknowledged(path: Path) -> int:
    """How many lines of a pending file were accepted by earlier, interrupted deliveries."""
    try:
        return int(path.with_name(path.name + ACKED).read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return 0


class Cursor:
    """Remembers how many lines of a pending file need not be sent again.

    The number is written in place, all digits at once, so that whoever reads it after the death of this
    process finds the old one or the new one. The file is made with the first number.
    """

    _DIGITS = 20

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ACKED)
        self._descriptor: int | None = None

    def move(self, lines: int) -> None:
        """The first `lines` lines are accepted."""
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, b"%0*d" % (self._DIGITS, lines))
        os.ftruncate(self._descriptor, self._DIGITS)  # a damaged one may have been longer

    def close(self) -> None:
        """Lets go of the file, which stays."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def settle(path: Path, suffix: str) -> Path:
    """Renames a pending file to its final state and forgets its cursor."""
    final = path.with_name(path.name + suffix)
    path.replace(final)
    path.with_name(path.name + ACKED).unlink(missing_ok=True)
    return final


def write(path: Path, lines: Iterable[str]) -> Path:
    """Writes a complete spool file in one step: it is there whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as out:
            for line in lines:
                out.write(line)
                out.write("\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
