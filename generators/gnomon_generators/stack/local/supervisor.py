"""Starts the parts, starts anew what ends, and stops everything in the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from gnomon.errors import ExitCode, UserError
from gnomon.record import Record
from gnomon_generators.stack.local import board as boards
from gnomon_generators.stack.local.board import Board, Line
from gnomon_generators.stack.local.processes import Process, process, stop

LAUNCH: Final = Path(__file__).with_name("launch.py")
ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

START_SECONDS: Final = 90.0
"""How long the parts may take until all of them answer."""

_STOP_SECONDS: Final = 10.0
_TICK_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 2.0
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_STEADY_SECONDS: Final = 60.0
_FAILURES_AT_START: Final = 3
_LOG_BYTES: Final = 16 * 2**20


class Part(Record):
    """One program of the stack as it is started here.

    Without a part that is `required` nothing works. `stop_signal` asks it to end; `healthy` whether it
    answers.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    address: str
    healthy: Callable[[], bool]
    required: bool = False
    stop_signal: signal.Signals = signal.SIGTERM


class _Kept:
    """A part, its process, and how often that has ended."""

    def __init__(self, part: Part, log: Path) -> None:
        self.part = part
        self.log = log
        self.line = Line(part.name, part.address, str(log))
        self._child: subprocess.Popen[bytes] | None = None
        self._start_at = 0.0
        self._look_at = 0.0
        self._since = 0.0
        self._pause = _FIRST_PAUSE
        self.was_healthy = False

    def tend(self, now: float) -> bool:
        """Starts it, looks whether it has ended, asks how it is; whether there is news."""
        before = (self.line.state, self.line.process, self.line.restarts)
        if self._child is None:
            if now >= self._start_at:
                self._start(now)
        elif (code := self._child.poll()) is not None:
            self._ended(code, now)
        elif now >= self._look_at:
            self._look(now)
        return before != (self.line.state, self.line.process, self.line.restarts)

    @property
    def hopeless(self) -> bool:
        """Whether it ends whenever it is started."""
        return not self.was_healthy and self.line.restarts >= _FAILURES_AT_START

    def stop(self) -> None:
        """Ends its process and whatever that has started."""
        if self.line.process is not None:
            stop(self.line.process, self.part.stop_signal, _STOP_SECONDS)
        if self._child is not None:
            self._child.wait()
            self._child = None
        self.line.process = None
        self.line.state = "stopped"

    def _start(self, now: float) -> None:
        self._bound_log()
        command = [
            *(sys.executable, "-I", "-S", str(LAUNCH)),
            *(str(os.getpid()), str(int(self.part.stop_signal))),
            *self.part.command,
        ]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                command,
                cwd=self.part.folder,
                env={**os.environ, **self.part.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        self.line.process = process(self._child.pid)
        self.line.state = "starting"
        self._since = now
        self._look_at = now

    def _ended(self, code: int, now: float) -> None:
        if self.line.process is not None:
            # What it started does not stay behind.
            stop(self.line.process, self.part.stop_signal, _STOP_SECONDS)
        if now - self._since > _STEADY_SECONDS:
            self._pause = _FIRST_PAUSE
        self._child = None
        self.line.process = None
        self.line.exit_code = code
        self.line.state = "waiting"
        self.line.restarts += 1
        self._start_at = now + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _look(self, now: float) -> None:
        self._bound_log()
        if self.part.healthy():
            self.line.state = "healthy"
            self.was_healthy = True
        elif self.line.state == "healthy":
            self.line.state = "unhealthy"
        self._look_at = now + (_LOOK_SECONDS if self.line.state == "healthy" else _TICK_SECONDS * 2)

    def _bound_log(self) -> None:
        """Keeps the log from growing for ever: what it holds becomes the old one.

        The program goes on writing into the same file, at its end, so that it is emptied and not replaced.
        """
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".old.log"))
            os.truncate(self.log, 0)


class Supervisor:
    """Runs the parts until it is told to end, by a signal or by `down`.

    `folder` is the stack's own; the board and the logs lie there. `missing` are parts that are not there.
    """

    def __init__(self, parts: Sequence[Part], folder: Path, missing: Mapping[str, str]) -> None:
        self._folder = folder
        logs = folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._kept = [_Kept(part, logs / f"{part.name}.log") for part in parts]
        mine = process(os.getpid())
        assert mine is not None  # noqa: S101 - this very process runs
        self._board = Board(mine, [kept.line for kept in self._kept], dict(missing))
        self._told_to_end = False

    def run(self, ready: Callable[[Board], None]) -> None:
        """Starts the parts, calls `ready` once all of them answer, and returns when it was told to end.

        Raises `UserError` (exit code 3) when a part that is required does not come up; nothing runs then.
        """
        before = {number: signal.signal(number, self._end) for number in ENDING}
        try:
            self._tend_for(START_SECONDS)
            if not self._told_to_end:
                self._board.ready = True
                boards.write(self._board, self._folder)
                ready(self._board)
                self._tend_for(None)
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._told_to_end = True

    def _tend_for(self, seconds: float | None) -> None:
        """Tends the parts until all are well, at most these seconds; without a limit until it is to end."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._told_to_end:
            now = time.monotonic()
            news = [kept.tend(now) for kept in self._kept]
            if any(news):
                boards.write(self._board, self._folder)
            if deadline is not None and self._come_up(now > deadline):
                return
            time.sleep(_TICK_SECONDS)

    def _come_up(self, too_late: bool) -> bool:
        """Whether all parts are well, or as well as they will be."""
        for kept in self._kept:
            if kept.was_healthy:
                continue
            if kept.part.required and (kept.hopeless or too_late):
                raise self._failed(kept)
            if not (kept.hopeless or too_late):
                return False
        return True

    def _failed(self, kept: _Kept) -> UserError:
        how = f"ended with {kept.line.exit_code}" if kept.hopeless else "does not answer"
        said = last_words(kept.log)
        return UserError(
            f"{kept.part.name} {how} when it is started{f' ({said})' if said else ''}; its log is {kept.log}",
            ExitCode.MISSING,
        )

    def _stop(self) -> None:
        for kept in self._kept:
            kept.stop()
        boards.path(self._folder).unlink(missing_ok=True)


def sweep(folder: Path) -> list[str]:
    """Ends what a supervisor that is gone has left behind; the names of the parts."""
    board = boards.read(folder)
    if board is None or board.supervisor.alive:
        return []
    left = [line for line in board.lines if line.process and line.process.group]
    for line in left:
        assert line.process is not None  # noqa: S101 - just looked at
        stop(line.process, signal.SIGTERM, _STOP_SECONDS)
    boards.path(folder).unlink(missing_ok=True)
    return [line.name for line in left]


def end(supervisor: Process, folder: Path) -> None:
    """Tells a supervisor to end and waits until it has; then nothing of its own runs."""
    stop_seconds = _STOP_SECONDS * 8
    os.kill(supervisor.pid, signal.SIGTERM)
    deadline = time.monotonic() + stop_seconds
    while supervisor.alive and time.monotonic() < deadline:
        time.sleep(_TICK_SECONDS)
    if supervisor.alive:
        os.kill(supervisor.pid, signal.SIGKILL)
        while supervisor.alive:
            time.sleep(_TICK_SECONDS)
    sweep(folder)


def last_words(log: Path) -> str:
    """The last line of a log, or nothing."""
    try:
        lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[-400:] if lines else ""
