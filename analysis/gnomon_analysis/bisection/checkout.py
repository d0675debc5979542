"""Past revisions in working trees of our own: a private clone of the user's repository.

Nothing of the user's is changed: not the working tree, the index, the refs, the stash or the list of work
trees. The clone borrows the objects, has a configuration of its own and runs no hooks. It lies in the
machine's temporary folder, for a test runner that looks upwards for its configuration must not find the
user's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gnomon.errors import ExitCode, UserError
from gnomon.repository import repository_name
from gnomon_analysis.bisection.yardstick import SuiteFiles
from gnomon_analysis.changes.repository import Repository

_CONFIGURATION = """\
[user]
    name = gnomon
    email = gnomon@localhost
[core]
    hooksPath = /dev/null
    fsmonitor = false
[safe]
    directory = *
[gc]
    auto = 0
[maintenance]
    auto = false
[advice]
    detachedHead = false
"""

PREFIX = "gnomon-replay-"

# What a runner built in one revision and may use in the next.
_KEPT = (".venv", "venv", "node_modules", ".tox", ".nox")


class Revisions:
    """A private clone of the repository at `top`, in a new temporary folder that `close` removes.

    Raises:
        UserError: there is no git, or it could not clone.
    """

    def __init__(self, top: Path) -> None:
        self.home = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._top = top
        with Repository(top) as opened:
            self._submodules = opened.submodules
        # Working trees of a bare repository, and the runs in them, are called as it is.
        self._name = repository_name(top) or "repository"
        self._clone = self.home / f"{self._name}.git"
        self._configuration = self.home / "gitconfig"
        self._configuration.write_text(_CONFIGURATION, encoding="utf-8")
        try:
            self.git(
                self.home, "clone", "--quiet", "--mirror", "--shared", "--template=", str(top), self._clone
            )
            self._set_origin()
        except BaseException:
            self.close()
            raise

    def _set_origin(self) -> None:
        """The address that the repository itself came from, so that runs carry its real name."""
        origin = self._answer(self._top, "config", "--get", "remote.origin.url")
        if origin:
            self.git(self._clone, "config", "remote.origin.url", origin)
        else:
            self.git(self._clone, "config", "--unset-all", "remote.origin.url")

    def _answer(self, folder: Path, *arguments: str) -> str:
        try:
            return self.git(folder, *arguments).strip()
        except UserError:
            return ""

    def tree(self, number: int) -> Tree:
        """A working tree without any files yet. Its folder is called as the repository's is."""
        folder = self.home / f"tree-{number}" / self._name
        folder.parent.mkdir()
        self.git(self._clone, "worktree", "add", "--quiet", "--detach", "--no-checkout", folder, "HEAD")
        return Tree(self, folder)

    def check_out_submodules(self, folder: Path) -> None:
        """Fills in the submodules of a revision from those that the user has here; others stay empty."""
        if not self._submodules or not (folder / ".gitmodules").is_file():
            return
        listed = self._answer(
            folder, "config", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$"
        )
        for line in listed.splitlines():
            key, _, path = line.partition(" ")
            if path in self._submodules:
                self.git(
                    folder,
                    *("-c", "protocol.file.allow=always"),
                    *("-c", f"{key.removesuffix('.path')}.url={self._submodules[path]}"),
                    *("submodule", "--quiet", "update", "--init", "--force", "--", path),
                )

    def variables(self) -> dict[str, str]:
        """The variables under which git knows none of the user's configuration."""
        return {
            "GIT_CONFIG_GLOBAL": str(self._configuration),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LFS_SKIP_SMUDGE": "1",
        }

    def git(self, folder: Path, *arguments: str | Path, given: bytes | None = None) -> str:
        """What a git command says. Raises UserError where there is no git, or it refuses."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        try:
            done = subprocess.run(
                ["git", *map(str, arguments)],
                cwd=folder,
                env=kept | self.variables(),
                input=given or b"",
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            raise UserError("git: the program is not installed; install git", ExitCode.MISSING) from None
        if done.returncode:
            said = os.fsdecode(done.stderr).strip().splitlines() or ["no message"]
            raise UserError(f"{folder}: `git {arguments[0]}` failed ({said[-1]})", ExitCode.MISSING)
        return os.fsdecode(done.stdout)

    def close(self) -> None:
        """Removes all of it."""
        shutil.rmtree(self.home, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is put over each revision: tests of one commit, and files of the user's by path from the root."""

    tests: SuiteFiles
    commit: str | None
    files: Mapping[str, bytes]


class Tree:
    """A working tree that holds one revision at a time, in `folder`."""

    def __init__(self, revisions: Revisions, folder: Path) -> None:
        self._revisions = revisions
        self.folder = folder
        self.commit: str | None = None

    def check_out(self, commit: str, overlay: Overlay) -> None:
        """Puts a revision into the folder, with what is laid over it; what the last one left is removed.

        Git takes the files that were laid over it for unchanged: what runs here stands on this commit.
        """
        self.commit = None
        git, folder = self._revisions.git, self.folder
        hidden = [line[2:] for line in _listed(git(folder, "ls-files", "-t", "-z")) if line.startswith("S ")]
        self._mark(hidden, "--no-skip-worktree")
        git(folder, "reset", "--quiet", "--hard", commit)
        git(folder, "clean", "-ffdxq", *(f"--exclude={name}" for name in _KEPT))
        self._revisions.check_out_submodules(folder)
        self._lay_over(overlay)
        self.commit = commit

    def _lay_over(self, overlay: Overlay) -> None:
        git, folder = self._revisions.git, self.folder
        tracked = _blobs(git(folder, "ls-tree", "-r", "-z", "HEAD"))
        changed: list[str] = []
        if overlay.commit is not None:
            theirs = overlay.tests.choose(_blobs(git(folder, "ls-tree", "-r", "-z", overlay.commit)))
            ours = overlay.tests.choose(tracked)
            for path in ours.keys() - theirs.keys():
                (folder / path).unlink(missing_ok=True)
                changed.append(path)
            differing = [path for path, blob in theirs.items() if ours.get(path) != blob]
            if differing:
                given = os.fsencode("\0".join(differing))
                git(
                    folder,
                    *("--literal-pathspecs", "restore", f"--source={overlay.commit}", "--worktree"),
                    *("--pathspec-from-file=-", "--pathspec-file-nul"),
                    given=given,
                )
            changed += differing
        for path, content in overlay.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed.append(path)
        self._mark([path for path in changed if path in tracked], "--skip-worktree")

    def _mark(self, paths: Sequence[str], mark: str) -> None:
        if paths:
            self._revisions.git(
                self.folder, "update-index", "-z", mark, "--stdin", given=os.fsencode("\0".join(paths) + "\0")
            )


def _listed(output: str) -> list[str]:
    return [line for line in output.split("\0") if line]


def _blobs(output: str) -> dict[str, str]:
    """Files by path with their ids, from what `git ls-tree` says; submodules are none."""
    found = {}
    for line in _listed(output):
        described, _, path = line.partition("\t")
        _, kind, blob = described.split(" ")
        if kind == "blob":
            found[path] = blob
    return found
