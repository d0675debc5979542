"""Which commit a branch is compared with: the one it grew from, and what came before that.

Git is only read. What it cannot tell in a shallow clone is said with what to fetch.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gnomon.errors import ExitCode, UserError

# As far back as somebody may want to be compared with.
_MOST_ANCESTORS = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """A commit and the line of commits that it is compared with.

    `ancestors` begins with the commit that `head` grew from (its own first parent, where it is part of the
    base itself) and follows first parents, so `ancestors[n]` lies `n` commits before that. `subjects` are
    first lines of commit messages, as many as are known.
    """

    head: str
    base_name: str
    ancestors: tuple[str, ...]
    head_is_on_base: bool


def line(folder: Path, head: str, base: str) -> Line:
    """Resolves both names in the repository that holds `folder`.

    A branch that is only known as `origin/BASE` is found as well; where both are there, the later one counts
    that `head` has in common with them.

    Raises:
        UserError: no git, no repository, a name that git does not know, or no common commit.
    """
    commit = resolve(folder, head)
    if commit is None:
        raise UserError(f"--head {head}: git knows no such commit here; write a branch, a tag or a commit")
    bases = [found for name in (base, f"origin/{base}") if (found := resolve(folder, name))]
    if not bases:
        raise UserError(
            f"{base}: git knows no such branch or commit here, so there is nothing to compare with; "
            f"{_advice(folder, base)}, or name another one with --base or gate.base",
            ExitCode.MISSING,
        )
    common = _git(folder, "merge-base", commit, *bases)
    if common is None:
        raise UserError(
            f"{commit[:8]} and {base} have no commit in common here; {_advice(folder, base)}",
            ExitCode.MISSING,
        )
    on_base = common == commit
    start = f"{commit}^" if on_base else common
    ancestors = _git(folder, "rev-list", "--first-parent", f"--max-count={_MOST_ANCESTORS}", start, "--")
    if not ancestors:
        raise UserError(
            f"{commit[:8]} has no parent here, so there is nothing to compare with; {_advice(folder, base)}",
            ExitCode.MISSING,
        )
    return Line(commit, base, tuple(ancestors.split()), on_base)


def subject(folder: Path, commit: str) -> str:
    """The first line of a commit's message; empty where git does not know the commit."""
    return _git(folder, "show", "--no-patch", "--format=%s", commit, "--") or ""


def resolve(folder: Path, name: str) -> str | None:
    """The whole id of the commit that a name stands for; None where git knows none."""
    if not name or name.startswith("-"):
        return None
    return _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def _advice(folder: Path, base: str) -> str:
    if _git(folder, "rev-parse", "--is-shallow-repository") == "true":
        return f"the clone is shallow: fetch the history (`git fetch --unshallow origin {base}`)"
    return f"fetch it (`git fetch origin {base}`)"


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says, None where it says no.

    Raises UserError where there is no git, no repository, or one that git will not read.
    """
    try:
        done = subprocess.run(
            ("git", "--no-optional-locks", *arguments),
            cwd=folder,
            env=os.environ | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise UserError("git: the program is not installed; install git", ExitCode.MISSING) from None
    if "not a git repository" in done.stderr:
        raise UserError(
            f"{folder}: there is no git repository here; run it where the branch is checked out",
            ExitCode.MISSING,
        )
    if "dubious ownership" in done.stderr:
        raise UserError(
            f"{folder}: the repository belongs to another user, and git will not read it; allow it with "
            f"`git config --global --add safe.directory {folder}`"
        )
    return done.stdout.strip() if done.returncode == 0 else None
