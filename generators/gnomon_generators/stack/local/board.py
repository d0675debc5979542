"""What the supervisor writes down for `status`, `down` and those who come after it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from gnomon_generators import writing
from gnomon_generators.stack.local.processes import Process

State = Literal["starting", "healthy", "unhealthy", "waiting", "stopped"]
"""`unhealthy` runs and does not answer; `waiting` has ended and will be started again."""

_NAME: Final = "local.json"


@dataclass
class Line:
    """One part: `restarts` counts how often it was started anew, `exit_code` is how it last ended."""

    name: str
    address: str
    log: str
    state: State = "starting"
    process: Process | None = None
    restarts: int = 0
    exit_code: int | None = None


@dataclass
class Board:
    """The stack as its supervisor sees it; `missing` says of each part that is not there why, and what
    does not work without it."""

    supervisor: Process
    lines: list[Line] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    ready: bool = False

    @property
    def processes(self) -> list[Process]:
        """What the supervisor started, first things first."""
        return [line.process for line in self.lines if line.process]


def path(folder: Path) -> Path:
    """Where the board of the stack with this folder lies."""
    return folder / _NAME


def write(board: Board, folder: Path) -> None:
    """Puts the board there, whole."""
    text = json.dumps(dataclasses.asdict(board), indent=2) + "\n"
    writing.replace(path(folder), text)


def read(folder: Path) -> Board | None:
    """The board that was written last; None where none is, or none that this version can read."""
    try:
        raw = json.loads(path(folder).read_text("utf-8"))
        return Board(
            supervisor=Process(**raw["supervisor"]),
            lines=[_line(entry) for entry in raw["lines"]],
            missing=dict(raw["missing"]),
            ready=bool(raw["ready"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _line(raw: Mapping[str, Any]) -> Line:
    process = raw["process"]
    return Line(**{**raw, "process": Process(**process) if process else None})
