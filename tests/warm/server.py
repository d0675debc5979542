"""Forks one process for each command that it is asked to run: `python server.py SOCKET LIFE`.

Nothing of Gnomon's own is imported here: each process imports that by itself, as it does for a user.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import marshal
import os
import random
import runpy
import selectors
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

# What commands and test runs spend most of their time on importing. None of it starts a thread or asks the
# environment for anything that tests set.
LIBRARIES = (
    "alembic.command",
    "alembic.config",
    "attr",
    "click",
    "grafanalib.core",
    "jinja2",
    "jsonschema",
    "promql_parser",
    "pytest",
    "_pytest.assertion.rewrite",
    "_pytest.junitxml",
    "_pytest.logging",
    "_pytest.python",
    "_pytest.terminal",
    "scipy.special",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "sqlglot.dialects.postgres",
    "yaml",
)

Job = Callable[[], None]
Asked = tuple[list[str], str, dict[str, str], str]


class Server:
    """Answers requests until the other end of `life` is closed."""

    def __init__(self, listener: socket.socket, life: int) -> None:
        self._listener, self._life = listener, life
        self._woken, self._wakes = socket.socketpair()
        self._woken.setblocking(False)
        self._wakes.setblocking(False)
        self._waiting: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        for one in (listener, self._woken, life):
            self._selector.register(one, selectors.EVENT_READ)

    def serve(self) -> Job | None:
        """In a forked process, what it has to do; None at the end."""
        signal.set_wakeup_fd(self._wakes.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            ready = {key.fileobj: key.data for key, _ in self._selector.select()}
            if self._life in ready:
                return None
            for answers, pid in ready.items():
                if pid is not None:
                    self._forsaken(answers, pid)
            if self._woken in ready:
                self._tell()
            if self._listener in ready and (job := self._fork()):
                return job

    def _fork(self) -> Job | None:
        answers, _ = self._listener.accept()
        asked, streams = _receive(answers)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            os.close(self._life)
            for one in (self._listener, self._woken, self._wakes, answers, *self._waiting.values()):
                one.close()
            return lambda: _become(asked, streams)
        for stream in streams:
            os.close(stream)
        self._waiting[pid] = answers
        self._selector.register(answers, selectors.EVENT_READ, pid)
        with suppress(OSError):
            answers.sendall(b"%d\n" % pid)
        return None

    def _forsaken(self, answers: FileDescriptorLike, pid: int) -> None:
        """Who asked was killed, and would have been the process itself."""
        self._selector.unregister(answers)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    def _tell(self) -> None:
        """Says how processes ended."""
        with suppress(BlockingIOError):
            self._woken.recv(4096)
        while self._waiting:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with self._waiting.pop(pid) as answers:
                with suppress(KeyError):
                    self._selector.unregister(answers)
                with suppress(OSError):
                    answers.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _receive(channel: socket.socket) -> tuple[Asked, list[int]]:
    """A command with its folder and environment, and its standard streams."""
    _, streams, _, _ = socket.recv_fds(channel, 1, 3)
    with channel.makefile("rb") as request:
        asked: Asked = marshal.load(request)  # noqa: S302 - from our own tests
    return asked, streams


def _become(asked: Asked, streams: list[int]) -> None:
    """What the interpreter does before it runs a module or a script."""
    command, folder, environment, python = asked
    os.setsid()
    sys.executable = python
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    out, err = (os.fdopen(number, "wb", 0 if at_once else -1, closefd=False) for number in (1, 2))
    sys.stdout = io.TextIOWrapper(out, "utf-8", write_through=at_once)
    sys.stderr = io.TextIOWrapper(
        err, "utf-8", "backslashreplace", line_buffering=True, write_through=at_once
    )
    os.chdir(folder)
    time.tzset()
    random.seed()
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    kind, name, *arguments = command
    sys.argv = [name, *arguments]
    first = Path.cwd() if kind == "-m" else Path(name).parent
    sys.path[:0] = [str(first), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    if kind == "-m":
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(name, run_name="__main__")


def _end(job: Job) -> NoReturn:
    """Runs a process to its end, but for the tidying up of all that it shares with its parent."""
    code = 0
    try:
        job()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code & 0xFF)


def main() -> None:
    where, life = sys.argv[1:]
    del sys.path[0]
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{where}.new")
        listener.listen(64)
        # Whoever finds it can be sure of an answer.
        Path(f"{where}.new").rename(where)
        job = Server(listener, int(life)).serve()
    if job is not None:
        _end(job)
    # Also where who began this was killed.
    shutil.rmtree(Path(where).parent)


if __name__ == "__main__":
    main()
