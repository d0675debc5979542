"""From the settings to a stack that runs, and back."""

from __future__ import annotations

import fcntl
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gnomon import state
from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_generators.programs import Program
from gnomon_generators.stack import secrets
from gnomon_generators.stack.jobs import JOBS
from gnomon_generators.stack.local import board as boards
from gnomon_generators.stack.local import catalogue, database
from gnomon_generators.stack.local.board import Board
from gnomon_generators.stack.local.catalogue import WITHOUT, Found, Setting
from gnomon_generators.stack.local.staging import stage
from gnomon_generators.stack.local.supervisor import Supervisor, end, sweep

_PATIENCE_SECONDS: Final = 3.0


def folder(settings: Settings) -> Path:
    """Where the stack keeps everything: data, logs, secrets, its board."""
    return settings.state_directory / "stack"


@contextmanager
def started(settings: Settings, tell: Callable[[str], None]) -> Iterator[Supervisor]:
    """Gets everything ready to run; `tell` hears what takes long and what was left behind.

    Raises `UserError` when it runs already, when a port is taken, when files or programs that are needed are
    not there.
    """
    state.prepare(settings.state_directory)
    place = folder(settings)
    place.mkdir(parents=True, exist_ok=True)
    with _alone(place):
        if left := sweep(place):
            tell(f"stopped what a supervisor that is gone had left behind: {', '.join(left)}")
        found = catalogue.look()
        _free(found, settings)
        secrets.make(settings)
        jobs = {
            name: f"{settings.stack.address}:{getattr(settings.stack.ports, job.port)}"
            for name, job in JOBS.items()
            if name not in found.missing
        }
        own = secrets.folder(settings)
        here = Setting(settings, stage(settings, place, own, jobs), place, own)
        for name, program in found.programs.items():
            _prepare(name, program, tell)
        found = _with_database(found, here)
        yield Supervisor(catalogue.local_parts(found, here), place, found.missing)


def current(settings: Settings) -> tuple[Board | None, list[str]]:
    """The stack that runs, if one does, and the names of what was left of one whose supervisor is gone.

    What was left is stopped.
    """
    place = folder(settings)
    swept = sweep(place)
    board = boards.read(place)
    return (board if board is not None and board.supervisor.alive else None), swept


def stop(settings: Settings) -> list[str]:
    """Stops the stack, and says which parts ran."""
    board, swept = current(settings)
    if board is None:
        return swept
    end(board.supervisor, folder(settings))
    return [line.name for line in board.lines]


def log(settings: Settings, name: str) -> Path:
    """The log of a part. Raises `UserError` when there is none of that name."""
    logs = folder(settings) / "logs"
    path = logs / f"{name}.log"
    if path.parent != logs or not path.is_file():
        known = ", ".join(sorted(found.stem for found in logs.glob("*.log")))
        there_are = f"there are {known}" if known else "nothing has run here yet"
        raise UserError(f"there is no log of {name}; {there_are}", ExitCode.MISSING)
    return path


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Holds the lock of the stack: the system lets go of it however the supervisor ends."""
    with (place / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                "the stack runs here already; `gnomon stack status` shows it, `gnomon stack down` ends it",
                ExitCode.NEGATIVE,
            ) from None
        yield


def _free(found: Found, settings: Settings) -> None:
    """Raises `UserError` when somebody else listens on a port that is needed."""
    address = settings.stack.address
    for name, port in catalogue.ports(found, settings):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address.strip("[]"), port))
            except OSError as error:
                raise UserError(
                    f"port {port} of {address} cannot be listened on ({error.strerror}); free it, or set "
                    f"stack.ports.{name} and run `gnomon generate`",
                    ExitCode.MISSING,
                ) from None


def _prepare(name: str, program: Program, tell: Callable[[str], None]) -> None:
    """Gets a program ready, and says so where it takes a while."""
    notice = threading.Timer(
        _PATIENCE_SECONDS, tell, [f"{name} is being built, which takes minutes the first time"]
    )
    notice.daemon = True
    notice.start()
    try:
        program.prepare()
    finally:
        notice.cancel()


def _with_database(found: Found, here: Setting) -> Found:
    """Makes the cluster; where that cannot be done the stack goes on without."""
    if "postgres" not in found.programs:
        return found
    server = database.Server(found.programs["postgres"], here.place("postgres"), here.settings)
    try:
        server.prepare(here.files / "stack/yaml/postgres/reader.sql")
    except UserError as error:
        programs = {name: program for name, program in found.programs.items() if name != "postgres"}
        return Found(programs, {**found.missing, "postgres": f"{error}. Without it {WITHOUT['postgres']}."})
    return found
