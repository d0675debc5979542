"""Processes of this machine by number and time of start, since numbers are given out again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gnomon.record import Record

_PROC: Final = Path("/proc")
_POLL_SECONDS: Final = 0.05


class Process(Record):
    """A process that was started here, the first of its group; `started` is known to nobody else."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether this very process runs: not another of its number, nor what is left of one."""
        return identity(self.pid) == self.started

    @property
    def group(self) -> list[int]:
        """The processes of its group that run; none when the number has come to another group."""
        if not self.alive and identity(self.pid):
            return []
        return [pid for pid, group in _groups() if group == self.pid and identity(pid)]


def process(pid: int) -> Process | None:
    """A running process of that number."""
    started = identity(pid)
    return Process(pid, started) if started else None


def stop(gone: Process, first: signal.Signals, seconds: float) -> None:
    """Ends a process and its group: politely, and after these seconds without asking."""
    if not _signal(gone, first):
        return
    deadline = time.monotonic() + seconds
    while gone.group and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    while gone.group:
        _signal(gone, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _signal(gone: Process, number: signal.Signals) -> bool:
    if not gone.group:
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(gone.pid, number)
    return True


def identity(pid: int) -> str:
    """When a process was started, in the words of this system; empty when it does not run."""
    if not _PROC.is_dir():
        return _told_by_ps(pid)
    fields = _stat(pid)
    return "" if not fields or fields[0] in "ZX" else f"{_boot()}:{fields[19]}"


def _stat(pid: int) -> list[str]:
    """What follows the name in /proc/PID/stat: state, parent, group …"""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _groups() -> Iterator[tuple[int, int]]:
    """Every process and its group."""
    if not _PROC.is_dir():
        listed = subprocess.run(
            ["ps", "-axo", "pid=,pgid="], capture_output=True, text=True, check=False
        ).stdout
        yield from ((int(line.split()[0]), int(line.split()[1])) for line in listed.splitlines())
        return
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            yield int(entry.name), int(fields[2])


def _told_by_ps(pid: int) -> str:
    done = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, started = done.stdout.strip().partition(" ")
    return "" if not state or state.startswith("Z") else started.strip()
