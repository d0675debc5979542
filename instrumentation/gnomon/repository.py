"""What a git repository is called that has no remote: as its folder is, wherever its working trees lie.

Only files are read, for the name is needed before git could answer. Source of their layout: git's
gitrepository-layout(5).
"""

from __future__ import annotations

import re
from pathlib import Path

_WORKTREE = r'(?mi)^\s*\[core\][^\[]*?^\s*worktree\s*=\s*"?(.*?)"?\s*$'


def repository_name(top: Path) -> str:
    """The name of the repository whose working tree, or whose bare repository, `top` is.

    A linked working tree (`git worktree add`) is called as the repository is that it belongs to: by the
    folder of the main working tree or, where that one is bare, by its own (`app.git` is `app`). A submodule
    is a repository of its own. A folder that is no repository has its own name.
    """
    git = top / ".git"
    try:
        if git.is_file():
            return _of_pointer(top, git.read_text("utf-8")) or top.name
        if not git.exists() and (top / "HEAD").is_file() and (top / "objects").is_dir():
            return _of_directory(top)
    except (OSError, ValueError):  # unreadable, or not UTF-8
        pass
    return top.name


def _of_pointer(top: Path, text: str) -> str | None:
    """The name that a `.git` file leads to; None where it is no linked working tree's."""
    key, _, target = text.strip().partition(": ")
    if key != "gitdir" or not target:
        return None
    directory = (top / target).resolve()
    shared = directory / "commondir"
    if shared.is_file():  # only those of linked working trees have one
        return _of_directory((directory / shared.read_text("utf-8").strip()).resolve())
    # A container may see the working tree without its repository.
    if not directory.exists() and directory.parts[-3:-1] == (".git", "worktrees"):
        return directory.parents[2].name
    return None


def _of_directory(common: Path) -> str:
    """The name of the repository with this git directory."""
    config = common / "config"
    told = re.search(_WORKTREE, config.read_text("utf-8")) if config.is_file() else None
    if told is not None:  # a submodule's, which lies in the git directory of another repository
        return (common / told[1]).resolve().name
    if common.name.startswith("."):  # `app/.git`, or a bare `app/.bare` with working trees beside it
        return common.absolute().parent.name
    return common.name.removesuffix(".git")
