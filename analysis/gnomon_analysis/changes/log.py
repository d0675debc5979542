"""The commits of a line, as `git log` tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gnomon_analysis.changes.repository import Repository

_NANOSECONDS = 1_000_000_000
_FIELDS = 6
_FORMAT = "--format=%H%x00%P%x00%an%x00%at%x00%ct%x00%s"


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit. `parents` are those that this clone has, the first of them on the same line."""

    commit: str
    parents: tuple[str, ...]
    author: str
    authored_ns: int
    committed_ns: int
    subject: str


def logged(opened: Repository, span: Sequence[str]) -> list[Revision]:
    """The commits along the first parents, oldest first. Raises git.GitCommandError where git fails."""
    output = opened.text("log", "--first-parent", "-z", _FORMAT, *span, "--")
    fields = iter(output.split("\0"))
    revisions = [
        Revision(
            commit,
            tuple(parents.split()),
            author,
            int(authored) * _NANOSECONDS,
            int(committed) * _NANOSECONDS,
            subject,
        )
        for commit, parents, author, authored, committed, subject in zip(*[fields] * _FIELDS, strict=False)
    ]
    revisions.reverse()
    return revisions
