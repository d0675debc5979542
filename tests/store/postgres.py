"""A real PostgreSQL server for tests, in a temporary folder, reached through a socket in it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

# The server refuses to run as root.
UNPRIVILEGED = "nobody"


def programs() -> Path | None:
    """The folder of the newest server programs on this machine."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in versions), key=lambda path: float(path.parent.name), default=None)


class Server:
    """A running server; `database()` makes an empty database and gives its URL."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self._folder = folder
        self._bin = bin_folder

    def run(self, program: str, *arguments: str) -> None:
        user = pwd.getpwnam(UNPRIVILEGED)
        as_somebody = (
            ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
            if os.geteuid() == 0
            else []
        )
        done = subprocess.run(
            [*as_somebody, str(self._bin / program), *arguments],
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stdout.decode(errors='replace')}"

    def start(self) -> None:
        data = str(self._folder / "data")
        self.run("initdb", "-D", data, "-U", "gnomon", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.again()

    def again(self) -> None:
        """Starts it on the data that are there."""
        data = str(self._folder / "data")
        options = f"-c listen_addresses='' -c unix_socket_directories='{self._folder}' -c fsync=off"
        # The server's own output goes to a file: a pipe that it inherited would never end.
        self.run("pg_ctl", "-D", data, "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def kill(self) -> None:
        """`kill -9` of the server and of all its processes."""
        main = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for process in (main, *map(int, children)):
            os.kill(process, signal.SIGKILL)
        while any(Path(f"/proc/{process}").exists() for process in children):
            time.sleep(0.01)

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")

    def database(self) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self.run("createdb", "-h", str(self._folder), "-U", "gnomon", name)
        return f"postgresql://gnomon@/{name}?host={self._folder}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    bin_folder = programs()
    if bin_folder is None:
        reason = "PostgreSQL: no server programs (initdb) on this machine; apt-get install postgresql"
        if os.environ.get("GNOMON_REQUIRE_STACK") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    # Not pytest's folder, which nobody but its owner may enter; and socket paths must be short.
    folder = Path(tempfile.mkdtemp(prefix="gnomon-pg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, UNPRIVILEGED)
    server = Server(folder, bin_folder)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
