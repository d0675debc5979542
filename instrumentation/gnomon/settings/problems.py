"""What is wrong with a gnomon.yaml, said so that its writer can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gnomon.errors import UserError
from gnomon.record import Record


class Place(Record):
    """Where a value stands: a line of a file, an environment variable, or nowhere (a default).

    `line` and `column` count from 1.
    """

    file: Path | None = None
    line: int | None = None
    column: int | None = None
    variable: str | None = None

    def __str__(self) -> str:
        if self.variable is not None:
            return f"environment variable {self.variable}"
        if self.file is None:
            return "default"
        return f"{_short(self.file)}:{self.line}" if self.line else _short(self.file)


def _short(file: Path) -> str:
    """The path as seen from the working folder, where it lies below it."""
    try:
        return str(file.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(file)


class Problem(Record):
    """One mistake: where, at which key, what is wrong, and what to write instead."""

    place: Place
    key: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return ": ".join(part for part in (str(self.place), self.key, f"{self.wrong}; {self.remedy}") if part)


class SettingsError(UserError):
    """The settings cannot be used; `problems` lists every mistake, in the order of the file.

    `of` says what they are mistakes in, where that is another file of the same making.
    """

    def __init__(self, problems: Sequence[Problem], of: str = "the settings") -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems]
        super().__init__(
            lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} mistakes in {of}:", *lines])
        )
