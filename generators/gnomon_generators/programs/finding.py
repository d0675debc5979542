"""Looking for a program in the ways there are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gnomon.errors import ExitCode, UserError
from gnomon_generators.programs.built import built
from gnomon_generators.programs.container import contained
from gnomon_generators.programs.known import PROGRAMS, WAYS, Known, Way
from gnomon_generators.programs.program import Installed, Program


@dataclass(frozen=True, slots=True)
class Missing:
    """A program that no way leads to; `reasons` says of each way why not. As text it is a sentence."""

    known: Known
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.known.name} was not found ({'; '.join(self.reasons)}): {self.known.ways_to_get}"


def find(
    name: str, *, ways: Sequence[Way] = WAYS, environ: Mapping[str, str] = os.environ
) -> Program | Missing:
    """The program of that name in `PROGRAMS`, looked for in these ways in this order.

    Nothing is fetched or compiled before the program is prepared or run. Who wants no such surprise
    leaves the way `go` out.
    """
    known = PROGRAMS[name]
    reasons = []
    for way in ways:
        found = _LOOK[way](known, environ.get("PATH", ""))
        if isinstance(found, Program):
            return found
        reasons.append(found)
    return Missing(known, tuple(reasons))


def require(name: str, *, ways: Sequence[Way] = WAYS, environ: Mapping[str, str] = os.environ) -> Program:
    """Like `find`; raises `UserError` (exit code 3) that says how to get the program when it is missing."""
    found = find(name, ways=ways, environ=environ)
    if isinstance(found, Missing):
        raise UserError(str(found), ExitCode.MISSING)
    return found


def _installed(known: Known, path: str) -> Program | str:
    for executable in known.executables:
        if found := shutil.which(executable, path=path):
            return Installed(known, Path(found))
    return f"not on PATH as {' or '.join(known.executables)}"


_LOOK: Final[Mapping[Way, Callable[[Known, str], Program | str]]] = {
    "path": _installed,
    "image": contained,
    "go": built,
}
