"""A private copy of a skill repository, one working tree for each replay that runs beside others.

Nothing of the user's is touched or run: the copy is a clone in a folder of ours, no configuration of the
user or the machine is read, hooks are off, and only the SKILL.md files are ever checked out, so no
code of the repository lands on disk.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gnomon.errors import ExitCode, UserError
from gnomon.provenance.vcs import repository_attributes

_CONFIGURATION = """\
[user]
    name = example
    email = example@localhost
[core]
    hooksPath = /dev/null
    autocrlf = false
    fsmonitor = false
[init]
    defaultBranch = main
[safe]
    directory = *
[commit]
    gpgSign = false
[gc]
    auto = 0
[sparse]
    expectFilesOutsideOfPatterns = true
[advice]
    detachedHead = false
"""

_RECORD = "%H%x1f%aI%x1f%s"


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit to replay. `golden_changed` and `skills_changed` say why it is among them."""

    commit: str
    date: datetime
    subject: str
    skills_changed: bool
    golden_changed: bool

    @property
    def short(self) -> str:
        """The first seven digits of the commit's id."""
        return self.commit[:7]


class Git:
    """Runs git with a configuration of its own, kept in `home`."""

    def __init__(self, home: Path) -> None:
        self._configuration = home / "gitconfig"
        self._configuration.write_text(_CONFIGURATION, encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """The process environment without any git variable of the user's, and with our configuration."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return kept | {
            "GIT_CONFIG_GLOBAL": str(self._configuration),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LFS_SKIP_SMUDGE": "1",
        }

    def run(self, folder: Path, *arguments: str, extra_environment: Mapping[str, str] | None = None) -> str:
        """Standard output of a git command.

        Raises:
            UserError: there is no git, or it refused (its own last words are in the sentence).
        """
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=folder,
                env=self.environment() | dict(extra_environment or {}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except FileNotFoundError:
            raise UserError("git: the program is not installed; install git", ExitCode.MISSING) from None
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no message"]
            raise UserError(f"{folder}: `git {arguments[0]}` failed ({said[-1]})")
        return done.stdout


class SkillHistory:
    """A clone of a repository's committed history.

    Raises:
        UserError: `repository` is not a git repository with commits, or a folder within one.
    """

    def __init__(self, git: Git, repository: Path, folder: Path) -> None:
        self._git = git
        self._folder = folder
        if not repository.is_dir():
            raise UserError(
                f"{repository}: there is no such folder; give --repo the path of a git repository"
            )
        top = repository.resolve()
        try:
            head = git.run(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
        except UserError:
            raise UserError(
                f"{repository}: is not a git repository with commits; give --repo the path of one"
            ) from None
        if git.run(top, "rev-parse", "--show-prefix").strip():
            root = git.run(top, "rev-parse", "--show-toplevel").strip()
            raise UserError(f"{repository}: is a folder within the repository {root}; give --repo that path")
        self._head = head
        git.run(top, "clone", "--quiet", "--mirror", "--template=", str(top), str(folder))
        origin = self._origin(top)
        git.run(folder, "config", "remote.origin.url", origin)
        self.name = repository_attributes(origin, top)["vcs.repository.name"]
        """`vcs.repository.name` of runs that are made in this repository, and of the replay's."""

    def _origin(self, top: Path) -> str:
        """The address the repository itself came from, else where it lies: runs carry its real name."""
        try:
            if origin := self._git.run(top, "config", "--get", "remote.origin.url").strip():
                return origin
        except UserError:
            pass
        own, shared = (
            (top / self._git.run(top, "rev-parse", option).strip()).resolve()
            for option in ("--git-dir", "--git-common-dir")
        )
        if own == shared:
            return str(top)
        # A linked working tree: its folder may be called anything.
        return str(shared.parent if shared.name.startswith(".") else shared)

    def revisions(self, golden: str | None, span: str | None) -> list[Revision]:
        """Commits along the first parents that change a SKILL.md or the golden set, oldest first.

        `golden` is the golden set's file name (its folder may have moved over time), `span` an optional
        `REV..REV`; without it, all of the history up to the repository's HEAD.
        """
        skill_paths = [":(glob)**/SKILL.md"]
        golden_paths = [f":(glob)**/{golden}"] if golden else []
        revision = _checked_span(span) if span else self._head
        try:
            skills_changed = set(self._commits(revision, skill_paths))
        except UserError:
            if span is None:
                raise
            raise UserError(
                f"--range {span}: git knows no such range in the repository; name two of its commits, "
                "tags or branches, such as v1..main"
            ) from None
        golden_changed = set(self._commits(revision, golden_paths)) if golden_paths else set()
        listed = self._git.run(
            self._folder,
            *("log", "--first-parent", "--reverse", f"--format={_RECORD}"),
            *(revision, "--", *skill_paths, *golden_paths),
        )
        found = []
        for line in listed.splitlines():
            commit, date, subject = line.split("\x1f", 2)
            found.append(
                Revision(
                    commit=commit,
                    date=datetime.fromisoformat(date),
                    subject=subject,
                    skills_changed=commit in skills_changed,
                    golden_changed=commit in golden_changed,
                )
            )
        return [one for one in found if self._has_skills(one.commit)]

    def _commits(self, revision: str, paths: Sequence[str]) -> list[str]:
        return self._git.run(self._folder, "rev-list", "--first-parent", revision, "--", *paths).split()

    def _has_skills(self, commit: str) -> bool:
        names = self._git.run(self._folder, "ls-tree", "-r", "-z", "--name-only", commit)
        return any(name.rpartition("/")[2] == "SKILL.md" for name in names.split("\0"))

    def working_tree(self, folder: Path) -> WorkingTree:
        """A working tree of this history that holds nothing but SKILL.md files."""
        self._git.run(
            self._folder, "worktree", "add", "--quiet", "--detach", "--no-checkout", str(folder), self._head
        )
        self._git.run(folder, "sparse-checkout", "set", "--no-cone", "SKILL.md")
        return WorkingTree(self._git, folder)


class WorkingTree:
    """One checked-out commit at a time, in `folder`."""

    def __init__(self, git: Git, folder: Path) -> None:
        self._git = git
        self.folder = folder

    def check_out(self, revision: Revision) -> None:
        """Puts the SKILL.md files of a commit into the folder."""
        self._git.run(self.folder, "checkout", "--quiet", "--force", "--detach", revision.commit)


def _checked_span(span: str) -> str:
    if span.startswith("-") or ".." not in span or "..." in span:
        raise UserError(f"--range {span}: write two revisions with two dots between them, such as v1..main")
    return span
