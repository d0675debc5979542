"""Forks one process for each command that it is asked to run: `python server.py FILE_DESCRIPTOR`.

Nothing of Gnomon's own is imported here: each process imports that by itself, as it does for a user.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import random
import runpy
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

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
    "scipy.ndimage",
    "scipy.special",
    "scipy.stats",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "sqlglot.dialects.postgres",
    "yaml",
)

Job = Callable[[], None]


def serve(channel: socket.socket) -> Job | None:
    """Answers requests until the other side closes; in a forked process, what it has to do."""
    woken, wakes = socket.socketpair()
    woken.setblocking(False)
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(channel, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    waiting: dict[int, socket.socket] = {}
    while True:
        for key, _ in selector.select():
            if key.fileobj is woken:
                with suppress(BlockingIOError):
                    woken.recv(4096)
                _tell(waiting)
                continue
            request = _receive(channel)
            if request is None:
                return None
            asked, answers, streams = request
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                selector.close()
                for one in (channel, woken, wakes, answers, *waiting.values()):
                    one.close()
                return lambda: _become(asked, streams)
            for stream in streams:
                os.close(stream)
            answers.sendall(b"%d\n" % pid)
            waiting[pid] = answers


def _receive(channel: socket.socket) -> tuple[dict[str, Any], socket.socket, list[int]] | None:
    """A command with its folder and environment; where to tell of its end; its standard streams."""
    data, handed, _, _ = socket.recv_fds(channel, 1, 5)
    if not data:
        return None
    request, answers, *streams = handed
    with os.fdopen(request, encoding="utf-8") as text:
        return json.load(text), socket.socket(fileno=answers), streams


def _tell(waiting: dict[int, socket.socket]) -> None:
    while waiting:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with waiting.pop(pid) as answers, suppress(OSError):
            answers.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _become(asked: dict[str, Any], streams: list[int]) -> None:
    """What the interpreter does before it runs a module or a script."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    time.tzset()
    random.seed()
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    kind, name, *arguments = asked["command"]
    sys.argv = [name, *arguments]
    if kind == "-m":
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(name).parent))
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
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        del sys.path[0]
        for library in LIBRARIES:
            importlib.import_module(library)
        gc.collect()
        gc.freeze()
        job = serve(requests)
    if job is not None:
        _end(job)
