"""What was looked at last time, so that a run more is looked at alone.

A small file in the state directory; without it everything is looked at again, with the same result.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gnomon.settings import Settings
from gnomon_analysis.attribution.placing import Placed

# Raised whenever the same runs would be judged otherwise.
_VERSION = 3


@dataclass(frozen=True, slots=True)
class Memory:
    """The runs that were looked at, by commit, and under which settings.

    `commits` is how many measured commits there were when all of them were looked at together.
    """

    settings: str
    runs: Mapping[str, int]
    commits: int

    def changed(self, other: Memory) -> set[str]:
        """The commits whose runs are not those of the other memory."""
        commits = self.runs.keys() | other.runs.keys()
        return {commit for commit in commits if self.runs.get(commit) != other.runs.get(commit)}

    def after(self, whole: Memory) -> Memory:
        """This memory, of a look at the newest commits after another one at all of them."""
        return replace(self, commits=whole.commits)


def memory(placed: Placed, settings: Settings) -> Memory:
    """What is to be remembered of runs."""
    marks: dict[str, int] = {}
    for run in placed.runs:
        commit = str(run.revision)
        said = f"{run.run_id}{run.complete}{run.ended_ns}".encode()
        marks[commit] = zlib.crc32(said, marks.get(commit, 0))
    wanted = repr((_VERSION, settings.changes.attribution))
    return Memory(hashlib.sha256(wanted.encode()).hexdigest()[:16], marks, len(marks))


class Notebook:
    """Where the memory of one repository in one store is kept."""

    def __init__(self, state_directory: Path, store: str, repository: str) -> None:
        name = hashlib.sha256(f"{store}\0{repository}".encode()).hexdigest()[:16]
        self._path = state_directory / "changes" / f"looked-at-{name}.json"

    def read(self) -> Memory | None:
        """What was remembered last; None where nothing was, or nothing that can be read."""
        try:
            told = json.loads(self._path.read_text("utf-8"))
            marks = {str(key): int(mark) for key, mark in told["runs"].items()}
            return Memory(str(told["settings"]), marks, int(told["commits"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(self, told: Memory) -> None:
        """Remembers; where the folder cannot be written, the next look is a longer one."""
        text = json.dumps({"settings": told.settings, "commits": told.commits, "runs": dict(told.runs)})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(self._path)
        except OSError:
            return
