"""A git repository that is only read: nothing in it is run, and nothing of the caller's git gets in.

GitPython does the talking, through a command of ours: git sees none of the caller's `GIT_*` variables and
none of the user's or the machine's configuration, runs no hook, pager, file-system monitor, filter or
signature check that the repository's own configuration names, takes no lock, and opens no connection, not
even where a partial clone lacks an object.
"""

from __future__ import annotations

import configparser
import os
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from gnomon.errors import ExitCode, UserError
from gnomon.provenance.vcs import repository_attributes

try:
    import git
except ImportError as error:
    # GitPython looks for the program when it is imported, which therefore happens nowhere else.
    if isinstance(error, ModuleNotFoundError):
        raise
    raise UserError("git: the program is not installed; install git", ExitCode.MISSING) from None

GitCommandError = git.GitCommandError
"""That git ended otherwise than well."""

# Said on the command line of each git, where it outweighs what the repository says of itself.
_CONFIGURATION = {
    "safe.directory": "*",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.attributesFile": os.devnull,
    "core.quotePath": "false",
    "core.pager": "cat",
    "protocol.allow": "never",
    "log.showSignature": "false",
    "log.follow": "false",
    "diff.orderFile": os.devnull,
    "diff.relative": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "gc.auto": "0",
    "maintenance.auto": "false",
}

_VARIABLES = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    # No protocol at all: versions of git that do not know the variable above cannot fetch, either.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C",
    "LANGUAGE": "C",
}

# GitPython hands the word on as git wrote it, whatever its types say.
_BLOB: tuple[object, ...] = ("blob", b"blob")

# What `git rev-parse --verify --quiet` ends with where there is nothing of a name.
_NOT_FOUND = 1

_MOST_KEPT = 512
_MOST_KEPT_BYTES = 65_536

# Where git stops looking for a repository is the caller's to say; it gives nothing away.
_KEPT = frozenset({"GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"})


def environment() -> dict[str, str]:
    """The process environment for a git that only reads."""
    kept = {name: value for name, value in os.environ.items() if _harmless(name)}
    said = {"GIT_CONFIG_COUNT": str(len(_CONFIGURATION))}
    for number, (key, value) in enumerate(_CONFIGURATION.items()):
        said |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return kept | _VARIABLES | said


def _harmless(name: str) -> bool:
    return name in _KEPT or not name.upper().startswith("GIT_")


class _ReadingGit(git.Git):
    """GitPython's command, in an environment of ours instead of the process' own."""

    def execute(  # type: ignore[override]
        self,
        command: Sequence[str],
        istream: Any = None,
        as_process: bool = False,
        **_: object,
    ) -> Any:
        """Starts git and gives back its process, or what it wrote, in bytes.

        Raises git.GitCommandError where it fails.
        """
        if as_process:
            # Messages would fill a pipe that nobody reads.
            return self.AutoInterrupt(self._start(command, istream, subprocess.DEVNULL), command)
        with tempfile.TemporaryFile() as messages:
            process = self._start(command, istream, messages)
            try:
                output = process.communicate()[0]
            except BaseException:
                process.kill()
                raise
            if process.returncode:
                messages.seek(0)
                raise git.GitCommandError(list(command), process.returncode, messages.read(), output)
        return output

    def _parse_object_header(self, header_line: Any) -> tuple[str, str, int]:
        """As GitPython's, but with ids of any length."""
        try:
            identity, kind, size = header_line.split()
        except ValueError:
            raise ValueError(f"no such object: {header_line!r}") from None
        return identity, kind, int(size)

    def _start(self, command: Sequence[str], istream: Any, stderr: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            list(command),
            cwd=self._working_dir,
            env=environment(),
            stdin=istream or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )


class _ReadingRepo(git.Repo):
    GitCommandWrapperType = _ReadingGit
    git: _ReadingGit


class NoRepositoryError(UserError):
    """There is no repository, or not even a folder, where one was looked for."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.MISSING)


class Repository:
    """The repository that holds `folder`, which may be any folder of its working tree, or a bare one.

    Raises:
        NoRepositoryError: there is no such folder or no repository there.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise NoRepositoryError(f"{folder}: there is no such folder; name one in a git repository")
        self.top, self.common_directory, self.bare = _located(folder.resolve())
        # Not the command of a `git.Repo`, which may take the folder above a bare repository for its root.
        self._git = _ReadingGit(self.top)
        self._guard = threading.Lock()
        self._recent: dict[str, bytes] = {}

    @property
    def name(self) -> str:
        """`vcs.repository.name` of runs that are made here."""
        return repository_attributes(self._configured("remote.origin.url"), self.top)["vcs.repository.name"]

    def _configured(self, key: str) -> str | None:
        try:
            return self.text("config", "--get", key).strip() or None
        except git.GitCommandError:
            return None

    def commit(self, revision: str) -> str | None:
        """The id of a commit; None where there is none of that name."""
        return self._object(f"{revision}^{{commit}}")

    @property
    def head(self) -> str | None:
        """The commit that is checked out; None before the first one.

        Raises UserError where it is damaged.
        """
        commit = self.commit("HEAD")
        if commit is None and self._object("HEAD") is not None:
            raise UserError(
                f"{self.top}: the commit that is checked out cannot be read; `git fsck` says what is damaged",
                ExitCode.MISSING,
            )
        return commit

    def _object(self, name: str) -> str | None:
        if name.startswith("-"):
            return None
        try:
            return self.text("rev-parse", "--verify", "--quiet", name).strip()
        except git.GitCommandError as error:
            if error.status != _NOT_FOUND:
                raise
            return None

    @cached_property
    def branch(self) -> str | None:
        """The branch that is checked out; None for a detached head."""
        try:
            return self.text("symbolic-ref", "--short", "--quiet", "HEAD").strip()
        except git.GitCommandError:
            return None

    @property
    def upstream(self) -> str | None:
        """The remote's branch that the branch checked out follows, else the remote's main one, if any."""
        if self.remote is None:
            return None
        of_remote = f"refs/remotes/{self.remote}"
        for name in ("@{upstream}", f"{of_remote}/{self.branch}", f"{of_remote}/HEAD"):
            try:
                found = self.text("rev-parse", "--abbrev-ref", "--verify", "--quiet", name).strip()
            except git.GitCommandError:
                continue
            if found:
                return found
        return None

    @cached_property
    def remote(self) -> str | None:
        """The remote of the branch that is checked out, else `origin`, else the only one; None without."""
        try:
            names = self.text("remote").split()
        except git.GitCommandError:
            return None
        if not names:
            return None
        followed = self._configured(f"branch.{self.branch}.remote")
        for name in (followed, "origin", *names[:1]):
            if name in names:
                return name
        return None

    @property
    def boundary(self) -> frozenset[str]:
        """The commits of a shallow clone whose parents it does not have."""
        try:
            return frozenset((self.common_directory / "shallow").read_text("ascii").split())
        except OSError:
            return frozenset()

    @property
    def partial(self) -> bool:
        """Whether it may lack contents that its commits name."""
        return any((self.common_directory / "objects" / "pack").glob("*.promisor"))

    def run(self, *arguments: str) -> bytes:
        """What a git command writes. Raises git.GitCommandError where it fails."""
        output: bytes = self._git.execute(["git", *arguments])
        return output

    def answer(self, question: bytes, *arguments: str) -> bytes:
        """What a git command writes that is given a question. Raises git.GitCommandError where it fails."""
        with tempfile.TemporaryFile() as asked:
            asked.write(question)
            asked.seek(0)
            output: bytes = self._git.execute(["git", *arguments], istream=asked)
        return output

    def text(self, *arguments: str) -> str:
        """What a git command writes, as text."""
        return self.run(*arguments).decode("utf-8", "replace")

    @property
    def submodules(self) -> dict[str, Path]:
        """Paths of the submodules that the commit in force names, and the folders that hold their commits.

        Those that were never checked out have none, and are left out.
        """
        if self._object("HEAD:.gitmodules") is None:
            return {}
        try:
            with _ReadingRepo(self.top, expand_vars=False) as opened:
                modules = [(str(module.path), module.name) for module in opened.submodules]
        except (configparser.Error, git.GitError, ValueError, KeyError):
            return {}  # a .gitmodules that git could not read, either
        found = {}
        for path, name in modules:
            places = (self.top / path, self.common_directory / "modules" / name)
            held = next((place for place in places if _holds_repository(place)), None)
            if held is not None and ".." not in PurePosixPath(name).parts:
                found[path] = held
        return found

    def content(self, blob: str) -> bytes | None:
        """The bytes of a file by their id; None where they are not there."""
        with self._guard:
            if blob in self._recent:
                return self._recent[blob]
            try:
                _, kind, _, content = self._git.get_object_data(blob)
            except (ValueError, OSError):
                # Gone, or a git that died of an object that it may not fetch: the next question starts one.
                self._git.clear_cache()
                return None
            if kind not in _BLOB:
                return None
            if len(content) <= _MOST_KEPT_BYTES:
                # A file is asked for as what one commit made of it, and as what the next one changed.
                if len(self._recent) >= _MOST_KEPT:
                    del self._recent[next(iter(self._recent))]
                self._recent[blob] = content
            return content

    def close(self) -> None:
        """Ends the git that reads contents."""
        with self._guard:
            self._git.clear_cache()

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _located(folder: Path) -> tuple[Path, Path, bool]:
    """Root of the working tree, the git directory that worktrees share, and whether there is no tree.

    Without a working tree the git directory itself is the root.
    """
    asked = _asked(folder, "--absolute-git-dir", "--git-common-dir")
    if asked is None:
        raise _no_repository(folder)
    directory, common = asked
    shared = Path(os.path.normpath(folder / common))
    top = _asked(folder, "--show-toplevel")
    return (Path(top[0]), shared, False) if top else (Path(directory), shared, True)


def _holds_repository(place: Path) -> bool:
    return (place / ".git").exists() or (place / "HEAD").is_file()


def _asked(folder: Path, *questions: str) -> list[str] | None:
    try:
        done = subprocess.run(
            ["git", "rev-parse", *questions],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise UserError("git: the program is not installed; install git", ExitCode.MISSING) from None
    return os.fsdecode(done.stdout).splitlines() if done.returncode == 0 else None


def _no_repository(folder: Path) -> NoRepositoryError:
    return NoRepositoryError(
        f"{folder}: there is no git repository here; run in one, or start one with `git init`"
    )
