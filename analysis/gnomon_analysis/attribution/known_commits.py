"""What the repositories say of commits that findings name: when, by whom, and what each of them changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gnomon_analysis.changes import ChangedFile, History, Revision


@dataclass(frozen=True, slots=True)
class KnownCommit:
    """A commit on the first-parent line of a repository; `position` is its place on that line."""

    history: History
    position: int

    @property
    def _said(self) -> Revision:
        return self.history.revisions[self.position]

    @property
    def revision(self) -> str:
        """Its id."""
        return self._said.commit

    @property
    def subject(self) -> str:
        """The first line of its message."""
        return self._said.subject

    @property
    def author(self) -> str:
        """Who wrote it."""
        return self._said.author

    @property
    def committed_at(self) -> datetime:
        """When it was committed."""
        return datetime.fromtimestamp(self._said.committed_ns / 1e9, UTC)

    @property
    def files(self) -> Sequence[ChangedFile]:
        """The tracked files that it changed, by path. Raises UserError where git cannot tell."""
        return self.history.changed_files(self.position)

    @property
    def other_files(self) -> int:
        """How many others it changed. Raises UserError where git cannot tell."""
        return len(self.history.other_paths(self.position))


class KnownCommits:
    """Looks commits up in the lines of some repositories; a commit that is on none of them is not known."""

    def __init__(self, histories: Sequence[History]) -> None:
        self._histories = histories

    def find(self, revision: str | None) -> KnownCommit | None:
        """A commit by its whole id."""
        for history in self._histories if revision else ():
            position = history.position(revision or "")
            if position is not None:
                return KnownCommit(history, position)
        return None
