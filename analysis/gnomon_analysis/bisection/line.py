"""The commits between a good and a bad revision, what each touched, and how suspicious that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from gnomon.errors import UserError
from gnomon_analysis.bisection.evidence import Floats
from gnomon_analysis.changes import ChangedFile, History, Patterns, Revision, read_history
from gnomon_analysis.changes.repository import Repository

# Flatter than what findings are judged by: here the runs shall decide, and there can be more of them.
OWN_SKILL = 1.0
OTHER_SKILL = 0.5
CONFIGURATION = 0.5
OTHER = 0.2
DOCUMENTATION = 0.05

_CONFIGURATION = frozenset({"prompt", "agent_config", "model_config", "tool_config", "golden_set"})
_DOCUMENTS = frozenset({".md", ".rst", ".txt", ".adoc", ".png", ".jpg", ".svg", ".gif", ".pdf"})


@dataclass(frozen=True, slots=True)
class Touched:
    """What a commit changed: tracked files with their kinds, and how many others."""

    files: tuple[ChangedFile, ...]
    others: tuple[str, ...]


class Line:
    """Commits by position: 0 is the good one, the last is the bad one.

    Attributes:
        commits: Their ids.
        subjects: First lines of their messages; that of the good one may be empty.
    """

    def __init__(self, good: str, history: History) -> None:
        self._history = history
        self.commits = (good, *(revision.commit for revision in history.revisions))
        self.subjects = ("", *(revision.subject for revision in history.revisions))
        self._position = {commit: position for position, commit in enumerate(self.commits)}

    @property
    def last(self) -> int:
        """The bad end."""
        return len(self.commits) - 1

    def position(self, commit: str) -> int | None:
        """Where a commit stands; None for one of another line."""
        return self._position.get(commit)

    def touched(self, position: int) -> Touched:
        """What the commit at a position changed; nothing is known of the good one."""
        if position == 0:
            return Touched((), ())
        return Touched(
            tuple(self._history.changed_files(position - 1)), tuple(self._history.other_paths(position - 1))
        )

    def prior(self, skills: Sequence[str] = (), *, is_cost: bool = False) -> Floats:
        """Weights of the positions as the place of a change, by what was touched; the good end has none.

        With `skills` named, a commit that touched one of them weighs more than one that touched another.
        """
        weights = np.zeros(len(self.commits))
        for position in range(1, len(self.commits)):
            touched = self.touched(position)
            found = [_weight(file, skills, is_cost=is_cost) for file in touched.files]
            found += [OTHER for path in touched.others if not _is_document(path)]
            weights[position] = max(found, default=DOCUMENTATION)
        return weights


def read_line(repository: Path, patterns: Patterns, good: str, bad: str) -> Line:
    """The first-parent line after `good` up to `bad`.

    Raises:
        UserError: one of them is not there, or `good` is not an ancestor of `bad`.
    """
    with Repository(repository) as opened:
        first, last = (_commit(opened, name) for name in (good, bad))
        if opened.text("merge-base", first, last).strip() != first:
            raise UserError(f"{good} is not an ancestor of {bad}; name a commit that {bad} grew from")
    if first == last:
        raise UserError(f"{good} and {bad} are the same commit; name an earlier good one")
    return Line(first, read_history(repository, patterns, since=first, tip=last))


def resolve(repository: Path, name: str) -> str:
    """The commit that a revision names. Raises UserError for none."""
    with Repository(repository) as opened:
        return _commit(opened, name)


def whole_line(repository: Path, patterns: Patterns, tip: str) -> Sequence[Revision]:
    """All commits along the first parents up to one, oldest first."""
    with read_history(repository, patterns, tip=tip) as history:
        return history.revisions


def _commit(opened: Repository, name: str) -> str:
    found = opened.commit(name)
    if found is None:
        raise UserError(f"{opened.top}: there is no commit {name!r}; name one that `git log` shows")
    return found


def _weight(file: ChangedFile, skills: Sequence[str], *, is_cost: bool) -> float:
    if file.kind == "skill":
        return OWN_SKILL if not skills or _names(file) & set(skills) else OTHER_SKILL
    if file.kind == "prices":
        return OWN_SKILL if is_cost else DOCUMENTATION
    return CONFIGURATION if file.kind in _CONFIGURATION else DOCUMENTATION


def _names(file: ChangedFile) -> set[str]:
    """What people call the skill of a file: its own name and its folder's."""
    folders = {PurePosixPath(path).parent.name for path in (file.path, file.old_path) if path}
    return folders | ({file.skill} if file.skill else set())


def _is_document(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in _DOCUMENTS
