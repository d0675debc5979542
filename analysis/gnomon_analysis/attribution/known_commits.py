"""What the repositories say of commits that findings name: when, by whom, and what each of them changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gnomon_analysis.changes import ChangedFile, History


@dataclass(frozen=True, slots=True)
class KnownCommit:
    """A commit on the first-parent line of a repository.

    `position` is its place on that line, `files` are the tracked files that it changed, by path, and
    `other_files` is how many others it changed.
    """

    revision: str
    position: int
    subject: str
    author: str
    committed_at: datetime
    files: tuple[ChangedFile, ...]
    other_files: int


class KnownCommits:
    """Looks commits up in the lines of some repositories; a commit that is on none of them is not known."""

    def __init__(self, histories: Sequence[History]) -> None:
        self._histories = histories

    def find(self, revision: str | None) -> KnownCommit | None:
        """A commit by its whole id."""
        for history in self._histories if revision else ():
            position = history.position(revision or "")
            if position is not None:
                return _known(history, position)
        return None


def _known(history: History, position: int) -> KnownCommit:
    said = history.revisions[position]
    return KnownCommit(
        revision=said.commit,
        position=position,
        subject=said.subject,
        author=said.author,
        committed_at=datetime.fromtimestamp(said.committed_ns / 1e9, UTC),
        files=tuple(history.changed_files(position)),
        other_files=len(history.other_paths(position)),
    )
