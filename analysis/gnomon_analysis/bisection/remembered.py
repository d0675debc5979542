"""What a search or a backfill keeps in the state directory, to go on after it was stopped or killed.

The runs themselves are in the store. Here is what the store cannot tell: which revisions cannot be run and
why, the time spent, and the runs that left nothing behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from gnomon import state
from gnomon.errors import UserError
from gnomon_analysis.bisection.checkout import PREFIX

_FOLDER = "replays"


@dataclass(slots=True)
class Remembered:
    """The memory of one search or backfill.

    Attributes:
        id: Carried by every run that it makes, see `gnomon.registry`.
        what: What was asked for, in words.
        broken: Why a revision could not be run, by commit.
        seconds: Time spent in all sessions.
        broken_runs: Runs that came to nothing.
        trees: Temporary folder of the session that runs, or was killed.
        process: Id of the process that works on it; 0 for none.
    """

    id: str
    what: str
    broken: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    broken_runs: int = 0
    trees: str = ""
    process: int = 0


class Memory:
    """One file in the state directory, written whole or not at all."""

    def __init__(self, state_directory: Path, asked: Sequence[str], what: str, *, fresh: bool) -> None:
        """`asked` is all that makes it this search and no other; `fresh` forgets what was remembered."""
        digest = hashlib.sha256("\0".join(asked).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        self.path = state_directory / _FOLDER / f"{digest}.json"
        self._state_directory = state_directory
        found = self._read(fresh=fresh)
        if found is not None and _is_alive(found.process):
            raise UserError(
                f"process {found.process} works on this already; wait for it, or end it: what it did is kept"
            )
        self.resumed = found is not None and not fresh
        # A search that begins anew is another one: what the old one spent is not counted against it.
        self.now = (
            found if found is not None and not fresh else Remembered(f"{digest}-{uuid.uuid4().hex[:6]}", what)
        )
        if found is not None:
            _remove_trees(found.trees)

    def _read(self, *, fresh: bool) -> Remembered | None:
        try:
            return Remembered(**json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            if fresh:
                return None
            raise UserError(
                f"{self.path}: what a search remembers cannot be read; begin anew with --fresh, or remove it"
            ) from None

    def save(self) -> None:
        """Writes it down. Raises UserError where the state directory cannot be written."""
        try:
            state.prepare(self._state_directory)
            self.path.parent.mkdir(exist_ok=True)
            temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
            temporary.write_text(json.dumps(asdict(self.now), indent=1), "utf-8")
            temporary.replace(self.path)
        except OSError as error:
            raise UserError(f"{self.path}: cannot be written ({error.strerror})") from None


def _is_alive(process: int) -> bool:
    if process in (0, os.getpid()):
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove_trees(folder: str) -> None:
    """Removes what a session that was killed left behind; only a folder that is ours by place and name."""
    path = Path(folder)
    if folder and path.parent == Path(tempfile.gettempdir()) and path.name.startswith(PREFIX):
        shutil.rmtree(path, ignore_errors=True)
