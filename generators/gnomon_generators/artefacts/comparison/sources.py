"""Where artefacts to compare come from: a file, a folder, or either of them in a revision of git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from gnomon.errors import ExitCode, UserError
from gnomon.record import Record

_SUFFIXES = (".json", ".yaml", ".yml")


class Source(Record):
    """Files by their path inside of what was named; a single file has the path `.`."""

    name: str
    folder: bool
    files: Mapping[str, Callable[[], str]]


def source(named: str) -> Source:
    """What a command line names: a path that is there, else `REV:path` as git understands it.

    Raises `UserError` when there is neither, or when git does not know the revision.
    """
    path = Path(named)
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
        return Source(named, True, {file.relative_to(path).as_posix(): _reader(file) for file in found})
    if path.exists():
        return Source(named, False, {".": _reader(path)})
    revision, colon, inner = named.partition(":")
    if not colon or not revision:
        raise UserError(
            f"there is no file or folder {named}; name one, or REV:path for one in git", ExitCode.MISSING
        )
    return _in_git(named, inner)


def _reader(path: Path) -> Callable[[], str]:
    def read() -> str:
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read: {error}") from error

    return read


def _in_git(named: str, inner: str) -> Source:
    kind = _git("cat-file", "-t", named, of=named).strip()
    if kind != "tree":
        return Source(named, False, {".": lambda: _git("show", named, of=named)})
    listed = _git("ls-tree", "-r", "-z", "--name-only", "--full-tree", named, of=named)
    paths = sorted(path for path in listed.split("\0") if PurePosixPath(path).suffix in _SUFFIXES)
    base = named if not inner or named.endswith("/") else f"{named}/"

    def reader(path: str) -> Callable[[], str]:
        return lambda: _git("show", f"{base}{path}", of=named)

    return Source(named, True, {path: reader(path) for path in paths})


def _git(*arguments: str, of: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, encoding="utf-8", check=False)
    except FileNotFoundError as error:
        raise UserError(
            f"{of} is not a file, and git is not installed to look for it", ExitCode.MISSING
        ) from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        reason = said[0].removeprefix("fatal: ") if said else f"git ended with {done.returncode}"
        raise UserError(f"git does not know {of}: {reason}", ExitCode.MISSING)
    return done.stdout
