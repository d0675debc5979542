"""The one form in which every check reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any


class Severity(IntEnum):
    """How bad it is.

    `ERROR`: it shows nothing, a wrong number, or is refused. `WARNING`: it is right today and will mislead
    somebody. `INFO`: worth knowing; nothing to mend.
    """

    INFO = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Where:
    """The object inside a file; whatever is not known is left out."""

    panel: str | None = None
    panel_id: int | None = None
    query: str | None = None
    variable: str | None = None
    annotation: str | None = None
    group: str | None = None
    rule: str | None = None
    part: str | None = None
    """Anything else, said in words: a route, a pipeline, a test case."""

    def __str__(self) -> str:
        return ", ".join(self._words())

    def _words(self) -> list[str]:
        words = []
        if self.panel is not None or self.panel_id is not None:
            number = "" if self.panel_id is None else f" ({self.panel_id})"
            words.append(f'panel "{self.panel or ""}"{number}')
        names = ("query", "variable", "annotation", "group", "rule")
        words += [f"{name} {value}" for name in names if (value := getattr(self, name)) is not None]
        if self.part is not None:
            words.append(self.part)
        return words

    def as_dict(self) -> dict[str, Any]:
        """The parts that are known, by name."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in one place.

    `message` says what and why in full sentences, `advice` what to write instead. `expression` is the text as
    it stands in the file and `span` the offending part of it, start and end (exclusive) in characters.
    `line` counts from 1.
    """

    check: str
    severity: Severity
    path: Path
    where: Where
    message: str
    advice: str
    expression: str | None = None
    span: tuple[int, int] | None = None
    line: int | None = None

    @property
    def order(self) -> tuple[str, int, str, str, tuple[int, int]]:
        """What findings are sorted by: file, line, object, check, place in the expression."""
        return (str(self.path), self.line or 0, str(self.where), self.check, self.span or (0, 0))

    def as_dict(self) -> dict[str, Any]:
        """The finding in the form that `--json` prints."""
        return {
            "check": self.check,
            "severity": str(self.severity),
            "path": str(self.path),
            "line": self.line,
            "where": self.where.as_dict(),
            "message": self.message,
            "advice": self.advice,
            "expression": self.expression,
            "span": list(self.span) if self.span else None,
        }
