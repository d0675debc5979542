"""Asks for processes, and waits for their ends."""

from __future__ import annotations

import atexit
import io
import marshal
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

_HERE = Path(__file__).parent
_SCRIPTS = ("gnomon", "pytest")
_PATIENCE_SECONDS = 120

# What the server can do after a process has begun; for other variables of Python's it is begun anew.
_LATE = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], together: bool = False, timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m MODULE …` or a Python script to its end, with empty stdin, and keeps what it says.

    It is a process of its own with its own folder, environment and standard streams, forked from one that has
    imported other people's libraries and has done nothing else; so are those that it starts by its own
    `sys.executable -m …`. `together` puts stderr into stdout. Raises
    subprocess.TimeoutExpired for a process that had to be killed.
    """
    whole = list(command)
    job = whole[1:] if whole[:2] == [sys.executable, "-m"] else ["script", *whole]
    if not hasattr(os, "fork") or _early(env) != _early(_plain()):
        return anew(whole, cwd=cwd, env=env, together=together, timeout=timeout)
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        Path(os.devnull).open() as nothing,
        socket.socket(socket.AF_UNIX) as server,
    ):
        server.connect(str(_server()))
        streams = [nothing.fileno(), out.fileno(), out.fileno() if together else err.fileno()]
        socket.send_fds(server, [b"!"], streams)
        server.sendall(marshal.dumps((job, str(cwd), dict(env), str(scripts() / "python"))))
        code = _end(server, whole, timeout)
        return subprocess.CompletedProcess(whole, code, _read(out), _read(err))


def anew(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], together: bool = False, timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """The same as `run` with nothing imported before."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if together else subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )


@cache
def scripts() -> Path:
    """A folder for PATH: its `gnomon`, `pytest` and `python -m …` run likewise, on the caller's streams."""
    folder = _server().with_name("bin")
    folder.mkdir()
    python = folder / "python"
    client = shlex.join([sys.executable, "-IS", str(_HERE / "client.py"), str(_server()), str(python)])
    commands = {name: f"exec {client} script {Path(sys.executable).with_name(name)}" for name in _SCRIPTS}
    commands["python"] = f'[ "$1" != -m ] || exec {client} "$@"\nexec {sys.executable}'
    for name, command in commands.items():
        (folder / name).write_text(f'#!/bin/sh\n{command} "$@"\n', "utf-8")
        (folder / name).chmod(0o755)
    return folder


@cache
def _server() -> Path:
    """The socket of this process's server."""
    folder = Path(tempfile.mkdtemp(prefix="gnomon-warm-"))
    ours, theirs = os.pipe()
    where = folder / "socket"
    process = subprocess.Popen(
        [sys.executable, str(_HERE / "server.py"), str(where), str(ours)],
        # No thread that numpy would begin: a process with threads does not fork well.
        env=_plain() | {"OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        pass_fds=[ours],
    )
    os.close(ours)
    atexit.register(_stop, process, theirs)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not where.exists():
        assert process.poll() is None, "the server of processes ended"
        assert time.monotonic() < deadline, "the server of processes does not begin"
        time.sleep(0.02)
    return where


def _stop(process: subprocess.Popen[bytes], life: int) -> None:
    os.close(life)
    process.wait()


def _plain() -> dict[str, str]:
    """This process's environment without what is meant for its own Python."""
    return {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}


def _early(variables: Mapping[str, str]) -> tuple[object, ...]:
    """What Python reads of an environment before it imports anything."""
    python = {name: text for name, text in variables.items() if name.startswith("PYTHON")}
    for late in _LATE:
        python.pop(late, None)
    locale = next(filter(None, map(variables.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "C")
    return python, variables.get("LD_PRELOAD"), locale in ("C", "POSIX") or locale.lower().endswith("utf-8")


def _end(server: socket.socket, command: Sequence[str], timeout: float) -> int:
    with server.makefile("r") as answers:
        pid = int(answers.readline())
        server.settimeout(timeout)
        try:
            return int(answers.readline())
        except TimeoutError:
            os.killpg(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(command, timeout) from None


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return io.TextIOWrapper(stream, "utf-8", "replace").read()
