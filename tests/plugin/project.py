"""A throw-away project in which the tests run `python -m pytest` for real."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests import warm
from tests.spool_reader import Run, read_runs

GNOMON: Final = str(Path(sys.executable).with_name("gnomon"))

# The development environment holds three plugins that each answer to `@pytest.mark.flaky`, as no
# project's does. A planted suite names those it wants; the others stay out of its processes.
OPTIONAL_PLUGINS: Final = {
    "rerunfailures": "rerunfailures",
    "retry": "pytest-retry",
    "flaky": "flaky",
    "asyncio": "asyncio",
    "timeout": "timeout",
    "xdist": "xdist",
    "anyio": "anyio",
    "hypothesis": "hypothesispytest",
}
SUMMARY: Final = re.compile(r"^=*\s*(?P<counts>[^=\n]*?) in [\d.]+s(?: \([\d:]+\))?\s*=*$", re.MULTILINE)


@dataclass(frozen=True)
class Completed:
    """What a finished pytest process left behind."""

    status: int
    stdout: str
    stderr: str

    @property
    def summary(self) -> str:
        """pytest's own last line without its duration: `1 failed, 2 passed`."""
        found = SUMMARY.findall(self.stdout)
        return str(found[-1]) if found else ""

    @property
    def output(self) -> str:
        return f"{self.stdout}\n{self.stderr}"


class Project:
    """A folder with a test suite, an empty home, and nothing of this machine's settings."""

    def __init__(self, path: Path, home: Path) -> None:
        self.path = path
        self.home = home
        self.plugins: tuple[str, ...] = ()
        path.mkdir(parents=True, exist_ok=True)
        home.mkdir(parents=True, exist_ok=True)
        self.write("pytest.ini", "[pytest]\n")

    @property
    def state(self) -> Path:
        return self.path / ".gnomon"

    @property
    def spool(self) -> Path:
        return self.state / "spool"

    def write(self, name: str, text: str) -> Path:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text), encoding="utf-8")
        return target

    def environment(self, extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
        environment: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": str(self.path.parent),
            **(extra or {}),
        }
        return {key: value for key, value in environment.items() if value is not None}

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
        environment = self.environment({"GIT_CEILING_DIRECTORIES": None})
        return subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.path,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def commit(self, subject: str = "Change something") -> str:
        """Makes the folder a repository if it is none, commits everything, answers the hash."""
        if not (self.path / ".git").exists():
            self.git("init", "--quiet", "--initial-branch", "trunk")
            self.write(".gitignore", ".gnomon/\n.pytest_cache/\n__pycache__/\n")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def command(self, *arguments: str, gnomon: bool | None = True) -> list[str]:
        """The command line; `gnomon=None` keeps the plugin out of the process altogether."""
        unwanted = [name for key, name in OPTIONAL_PLUGINS.items() if key not in self.plugins]
        switch = {True: ["--gnomon"], False: [], None: ["-p", "no:gnomon"]}[gnomon]
        without = [part for name in unwanted for part in ("-p", f"no:{name}")]
        return [sys.executable, "-m", "pytest", *without, *switch, *arguments]

    def pytest(
        self,
        *arguments: str,
        gnomon: bool | None = True,
        env: Mapping[str, str | None] | None = None,
        limit_resources: Callable[[], None] | None = None,
        prefix: Sequence[str] = (),
        timeout: float = 120,
        **options: Any,
    ) -> Completed:
        command = self.command(*arguments, gnomon=gnomon)
        if not prefix and limit_resources is None and not options:
            warmed = warm.run(command, cwd=self.path, env=self.environment(env), timeout=timeout)
            return Completed(warmed.returncode, warmed.stdout, warmed.stderr)
        done = subprocess.run(
            [*prefix, *command],
            cwd=self.path,
            env=self.environment(env),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            preexec_fn=limit_resources,
            **options,
        )
        return Completed(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> subprocess.Popen[str]:
        """Starts pytest in a process group of its own, to be signalled by the test.

        Python's own handler of SIGINT is restored: a test run started in the background has it
        ignored, and its children would inherit that.
        """
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.path,
            env=self.environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_default_interrupt,  # noqa: PLW1509 - sets one signal, no more
        )

    def gnomon(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Completed:
        done = warm.run([GNOMON, *arguments], cwd=self.path, env=self.environment(env))
        return Completed(done.returncode, done.stdout, done.stderr)

    def runs(self) -> list[Run]:
        return read_runs(self.spool)

    def run(self) -> Run:
        (run,) = self.runs()
        return run

    def spool_names(self) -> list[str]:
        return sorted(path.name for path in self.spool.glob("*")) if self.spool.exists() else []


def _default_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
