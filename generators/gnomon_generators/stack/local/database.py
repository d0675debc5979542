"""A PostgreSQL of the stack's own, in the state directory."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_generators.programs import Program
from gnomon_generators.stack import parts, secrets
from gnomon_generators.stack.local.health import TakesConnections
from gnomon_generators.stack.local.supervisor import LAUNCH, last_words
from gnomon_generators.stack.parts import Place

OWNER: Final = "gnomon"
"""The role that owns the results store, and the name of its database."""

_SECONDS: Final = 60.0
_UNPRIVILEGED: Final = ("postgres", "nobody")


class Server:
    """The server program, and the cluster that it keeps in `folder`."""

    def __init__(self, program: Program, place: Place, settings: Settings) -> None:
        self._bin = Path(program.place).parent
        self._place = place
        self._folder = Path(place.state)
        self._settings = settings
        self._host = place.listen
        self._port = settings.stack.ports.postgres

    def tool(self, name: str) -> Path:
        """A program that comes with the server."""
        return self._bin / name

    def prepare(self, init: Path) -> None:
        """Makes the cluster unless it is there: its owner, and what the file `init` says.

        Raises `UserError` (exit code 3) when it cannot be made; nothing of it is left then.
        """
        self._hand_over()
        self._copy_certificates()
        if (self._folder / "cluster").is_dir():
            return
        fresh = self._folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        known = Path(self._place.secrets)
        password = (known / "postgres_password").read_text()
        with self._handed(password) as file:
            self._checked(
                [
                    *self._unprivileged(),
                    str(self.tool("initdb")),
                    f"--pgdata={fresh}",
                    f"--username={OWNER}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    f"--pwfile={file}",
                ]
            )
        self._fill(fresh, init, {"PGPASSWORD": password, "GNOMON_SECRETS": str(known)})
        fresh.rename(self._folder / "cluster")

    def command(self) -> list[str]:
        """The command that serves the cluster as the settings say."""
        # Its user may not enter the folder of secrets, which belongs to another.
        place = replace(self._place, secrets=str(self._folder))
        key = str(self._folder / "postgres.key")
        return self._serving(self._folder / "cluster", parts.postgres(self._settings, place, key))

    def _serving(self, cluster: Path, given: list[str]) -> list[str]:
        return [
            *self._unprivileged(),
            str(self.tool("postgres")),
            *("-D", str(cluster)),
            *given,
            # Whose path is soon too long for a socket.
            *("-c", "unix_socket_directories="),
        ]

    def _copy_certificates(self) -> None:
        """PostgreSQL wants to be the only one who can read its key."""
        for name in secrets.certificate_files(self._settings, "postgres"):
            copy = self._folder / name
            copy.unlink(missing_ok=True)
            copy.touch(mode=0o600)
            copy.write_bytes((Path(self._place.secrets) / name).read_bytes())
            if os.geteuid() == 0:
                user = _somebody()
                os.chown(copy, user.pw_uid, user.pw_gid)

    def _fill(self, cluster: Path, init: Path, environment: Mapping[str, str]) -> None:
        log = self._folder / "init.log"
        plain = ["-c", f"listen_addresses={self._host}", "-c", f"port={self._port}"]
        launch = [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), str(int(signal.SIGINT))]
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [*launch, *self._serving(cluster, plain)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                process_group=0,
            ) as server,
        ):
            try:
                self._wait(server, log)
                where = [f"--host={self._host}", f"--port={self._port}", f"--username={OWNER}", "--no-psqlrc"]
                psql = [str(self.tool("psql")), *where, "--quiet", "--set=ON_ERROR_STOP=1"]
                created = f'CREATE DATABASE "{OWNER}"'
                self._checked([*psql, "--dbname=postgres", f"--command={created}"], environment=environment)
                self._checked([*psql, f"--dbname={OWNER}", f"--file={init}"], environment=environment)
            finally:
                server.send_signal(signal.SIGINT)

    def _wait(self, server: subprocess.Popen[bytes], log: Path) -> None:
        well = TakesConnections(self.tool("pg_isready"), self._host, self._port)
        deadline = time.monotonic() + _SECONDS
        while not well():
            if server.poll() is not None or time.monotonic() > deadline:
                raise UserError(f"PostgreSQL does not start ({last_words(log)}); see {log}", ExitCode.MISSING)
            time.sleep(0.05)

    def _unprivileged(self) -> list[str]:
        """Whom root runs the server as, since it refuses root."""
        if os.geteuid() != 0:
            return []
        user = _somebody()
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise UserError(
                "PostgreSQL does not run as root, and there is no setpriv (package util-linux) to run it as "
                "somebody else; run this as another user",
                ExitCode.MISSING,
            )
        # The kernel forgets the signal when the user changes.
        return [
            *(setpriv, "--pdeathsig", "INT"),
            *(f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"),
        ]

    @contextmanager
    def _handed(self, password: str) -> Iterator[Path]:
        """A file with the password that only the server's user can read, for as long as it is needed."""
        with tempfile.NamedTemporaryFile("w", dir=self._folder) as file:
            file.write(password)
            file.flush()
            if os.geteuid() == 0:
                user = _somebody()
                os.fchown(file.fileno(), user.pw_uid, user.pw_gid)
            yield Path(file.name)

    def _hand_over(self) -> None:
        """Gives the folder to whom root runs the server as, and sees whether they can reach it."""
        if os.geteuid() != 0:
            return
        user = _somebody()
        os.chown(self._folder, user.pw_uid, user.pw_gid)
        reached = subprocess.run(
            [*self._unprivileged(), "test", "-w", str(self._folder)], capture_output=True, check=False
        )
        if reached.returncode != 0:
            raise UserError(
                f"PostgreSQL does not run as root, and {user.pw_name} may not reach {self._folder}; run this "
                "as another user, or give `state_directory` a folder that everybody may enter",
                ExitCode.MISSING,
            )

    def _checked(self, command: list[str], *, environment: Mapping[str, str] | None = None) -> None:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            cwd=self._folder,
            env={**os.environ, **(environment or {})},
            check=False,
        )
        if done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())[-400:]
            name = next(word for word in command if Path(word).parent == self._bin)
            raise UserError(f"{Path(name).name} cannot set up PostgreSQL ({said})", ExitCode.MISSING)


def _somebody() -> pwd.struct_passwd:
    for name in _UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise UserError("PostgreSQL does not run as root; run this as another user", ExitCode.MISSING)
