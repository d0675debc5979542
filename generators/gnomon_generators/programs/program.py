"""A program that was found: one way to run it, wherever it comes from."""

from __future__ import annotations

import re
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gnomon.errors import ExitCode, UserError
from gnomon_generators.programs.known import Known, Way


@dataclass(frozen=True, slots=True)
class Result:
    """What a program answered; `command` is the whole command line as it was run, `seconds` wall time."""

    command: tuple[str, ...]
    exit_code: int
    output: str
    errors: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the program ended with 0."""
        return self.exit_code == 0


@dataclass(frozen=True)
class Program(ABC):
    """A program that was found, and called the same way wherever it comes from."""

    known: Known

    @property
    @abstractmethod
    def way(self) -> Way:
        """Where it comes from."""

    @property
    @abstractmethod
    def place(self) -> str:
        """The file, image or module that it comes from, to tell people."""

    @abstractmethod
    def prepare(self) -> None:
        """Fetches the program's image, or compiles it, where that was not done before.

        That may take minutes; `run` does it by itself, and its timeout does not count it. Raises
        `UserError` (exit code 3) when it fails.
        """

    @abstractmethod
    def command(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
        network: bool = False,
    ) -> list[str]:
        """The command line that runs the prepared program; `run` explains the parameters."""

    def run(
        self,
        *arguments: str,
        folder: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
        network: bool = False,
        stdin: str = "",
        timeout: float = 60.0,
    ) -> Result:
        """Runs the program in `folder` until it ends.

        A container sees `folder` and the paths of `readable` and `writable`, nothing else, each under the
        path that it has here, so that arguments mean the same in all three ways. It may write to
        `writable` alone, and reaches the host's network only with `network`. `timeout` is in seconds.

        Raises `UserError` (exit code 3) when the program cannot be started or does not end in time; how
        it ended is told by the result.
        """
        self.prepare()
        command = self.command(
            arguments, folder=folder, readable=readable, writable=writable, network=network
        )
        started = time.monotonic()
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                input=stdin,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self._after_timeout(command)
            raise UserError(
                f"{self.known.name} did not end within {timeout:g} s; run it yourself to see what holds it "
                f"up: {' '.join(command)}",
                ExitCode.MISSING,
            ) from None
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        result = Result(tuple(command), done.returncode, done.stdout, done.stderr, time.monotonic() - started)
        self._check(result)
        return result

    def version(self) -> tuple[int, ...]:
        """The program's version as numbers, such as (2, 42, 0).

        Raises `UserError` (exit code 3) when the program tells none.
        """
        told = self.run(*self.known.version_arguments, folder=Path.cwd())
        text = told.output + told.errors
        found = re.search(r"\bv?(\d+(?:\.\d+)+)", text)
        if found is None:
            raise self._unusable(f"it does not tell its version but {last_line(text)!r}")
        return tuple(int(number) for number in found.group(1).split("."))

    def _after_timeout(self, command: Sequence[str]) -> None:  # noqa: B027 - only an engine needs it
        """Stops what outlives the process that was killed: nothing, unless there is an engine."""

    def _check(self, result: Result) -> None:  # noqa: B027 - only an engine needs it
        """Raises `UserError` when it was not the program itself that ended so."""

    def _unusable(self, reason: str) -> UserError:
        return UserError(
            f"{self.known.name} ({self.place}) cannot be used: {reason}; {self.known.ways_to_get}",
            ExitCode.MISSING,
        )


@dataclass(frozen=True)
class Installed(Program):
    """A program on PATH."""

    executable: Path

    @property
    def way(self) -> Way:
        """It is installed."""
        return "path"

    @property
    def place(self) -> str:
        """The program's file."""
        return str(self.executable)

    def prepare(self) -> None:
        """Nothing is left to do."""

    def command(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
        network: bool = False,
    ) -> list[str]:
        """The program and its arguments; it may read, write and reach what its user may."""
        return [str(self.executable), *arguments]


def last_line(text: str) -> str:
    """The last line of what a program said, where the reason of its failure stands."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "no reason given"
