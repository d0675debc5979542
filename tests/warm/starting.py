"""Asks for processes, and waits for their ends."""

from __future__ import annotations

import atexit
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], together: bool = False, timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m MODULE …` or a Python script to its end, with empty stdin, and keeps what it says.

    It is a process of its own with its own folder, environment and standard streams, forked from one that has
    imported other people's libraries and has done nothing else. `together` puts stderr into stdout. Raises
    subprocess.TimeoutExpired for a process that had to be killed.
    """
    whole = list(command)
    job = whole[1:] if whole[:2] == [sys.executable, "-m"] else ["script", *whole]
    if not hasattr(os, "fork") or _early(env) != _early(os.environ):
        return subprocess.run(
            whole,
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
    heard, answers = socket.socketpair()
    with (
        tempfile.TemporaryFile() as request,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        Path(os.devnull).open() as nothing,
        heard,
    ):
        asked = {"command": job, "folder": str(cwd), "environment": dict(env)}
        request.write(json.dumps(asked).encode())
        request.seek(0)
        streams = [nothing.fileno(), out.fileno(), out.fileno() if together else err.fileno()]
        with answers:
            socket.send_fds(_server(), [b"!"], [request.fileno(), answers.fileno(), *streams])
        code = _end(heard, whole, timeout)
        return subprocess.CompletedProcess(whole, code, _read(out), _read(err))


@cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        number = theirs.fileno()
        command = [sys.executable, str(Path(__file__).with_name("server.py")), str(number)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[number])
    atexit.register(_stop, process, ours)
    return ours


def _stop(process: subprocess.Popen[bytes], channel: socket.socket) -> None:
    channel.close()
    process.wait()


def _early(variables: Mapping[str, str]) -> tuple[object, ...]:
    """What Python reads of an environment before it imports anything."""
    python = {name: text for name, text in variables.items() if name.startswith("PYTHON")}
    python.pop("PYTHONDONTWRITEBYTECODE", None)
    locale = next(filter(None, map(variables.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "C")
    return python, variables.get("LD_PRELOAD"), locale in ("C", "POSIX") or locale.lower().endswith("utf-8")


def _end(heard: socket.socket, command: Sequence[str], timeout: float) -> int:
    with heard.makefile("r") as answers:
        pid = int(answers.readline())
        heard.settimeout(timeout)
        try:
            return int(answers.readline())
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(command, timeout) from None


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return io.TextIOWrapper(stream, "utf-8", "replace").read()
