"""What commits changed, as git tells it: raw entries, each commit against its first parent.

Git is asked for all files, for to match patterns costs it more than telling, and not for moves, which
would have it compare contents all along: those are asked for afterwards, of the few commits in which a
tracked file came or went.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gnomon_analysis.changes.log import Revision
from gnomon_analysis.changes.patterns import Patterns
from gnomon_analysis.changes.repository import Repository

_RAW = ("--raw", "-z", "--no-abbrev", "--ignore-submodules=none")
_GITLINK = "160000"
# In a header: most often the mode of a submodule, now and then the end of an id.
_LINK = b"160000 "
_CAME, _WENT = ord("A"), ord("D")

# Files that came, times files that went, that are compared with each other to find moves with other content.
_MOST_RENAMES = 400

# So many commits are asked about at least, on either side of the one that is wanted.
_NEAR = 128


class Entry(NamedTuple):
    """One changed file: its paths and ids before and after, None where there is no file.

    `link` says that it is a submodule, and the ids those of commits.
    """

    path: str
    old_path: str
    old_id: str | None
    new_id: str | None
    link: bool


@dataclass(slots=True)
class Commit:
    """What a commit changed: tracked files and submodules, and the paths of other files."""

    entries: list[Entry] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


class _Paths(dict[bytes, tuple[str, bool]]):
    """Text of a path, and whether it is tracked, by its bytes; worked out once a path."""

    def __init__(self, patterns: Patterns) -> None:
        super().__init__()
        self._patterns = patterns

    def __missing__(self, path: bytes) -> tuple[str, bool]:
        text = path_text(path)
        self[path] = found = (text, self._patterns.kind(text) is not None)
        return found


class Entries:
    """What each commit of a line changed, asked of git when it is wanted.

    Who looks at the newest commits of a long history has git compare no older ones. Who goes on from commit
    to commit has it asked about as many as are known already, so that a few questions do for all of them.
    """

    def __init__(self, opened: Repository, patterns: Patterns, revisions: Sequence[Revision]) -> None:
        self._opened = opened
        self._patterns = patterns
        self._revisions = revisions
        self._paths = _Paths(patterns)
        self._known: dict[int, Commit] = {}

    def at(self, position: int) -> Commit:
        """What the commit at a place of the line changed. Raises git.GitCommandError where git fails."""
        if position not in self._known:
            goes_on = position - 1 in self._known or position + 1 in self._known
            near = max(_NEAR, len(self._known)) if goes_on else _NEAR
            places = range(max(0, position - near), min(len(self._revisions), position + near + 1))
            wanted = [place for place in places if place not in self._known]
            found = self._read([self._revisions[place] for place in wanted])
            self._known |= dict(zip(wanted, found, strict=True))
        return self._known[position]

    def _read(self, revisions: Sequence[Revision]) -> list[Commit]:
        commits = {revision.commit: Commit() for revision in revisions}
        output = _compared(self._opened, revisions, "--no-renames")
        any_links = _LINK in output
        tokens = output.split(b"\0")
        moved: set[str] = set()
        place, end = 0, len(tokens) - 1
        while place < end:
            identity = tokens[place].decode("ascii")
            place = first = place + 1
            while place < end and tokens[place].startswith(b":"):
                place += 2
            named = [self._paths[path] for path in tokens[first + 1 : place : 2]]
            commit = commits[identity]
            if any_links or any(tracked for _, tracked in named):
                if _sort(tokens[first:place:2], named, commit):
                    moved.add(identity)
            else:
                commit.others = [text for text, _ in named]
        moves = [one for one in revisions if one.commit in moved and one.parents]
        if moves:
            _pair(self._opened, self._patterns, moves, commits)
        return list(commits.values())


def _sort(headers: Sequence[bytes], named: Sequence[tuple[str, bool]], commit: Commit) -> bool:
    """Tells tracked files from others; says whether a tracked one came or went as others went or came."""
    came, went, tracked_came, tracked_went = False, False, False, False
    for header, (text, tracked) in zip(headers, named, strict=True):
        status = header[-1]
        if status == _CAME:
            came = True
            tracked_came |= tracked
        elif status == _WENT:
            went = True
            tracked_went |= tracked
        if tracked or _LINK in header:
            commit.entries.append(_entry(header, text, text))
        else:
            commit.others.append(text)
    return (tracked_came and went) or (tracked_went and came)


def _compared(opened: Repository, revisions: Sequence[Revision], *options: str) -> bytes:
    """Raw entries of commits against their first parents, each after its id; none where nothing differs."""
    asked = "".join(f"{' '.join((one.commit, *one.parents[:1]))}\n" for one in revisions)
    return opened.answer(asked.encode(), "diff-tree", "--stdin", "--root", "-r", *_RAW, *options)


def _pair(
    opened: Repository, patterns: Patterns, revisions: Sequence[Revision], commits: dict[str, Commit]
) -> None:
    """Puts moves in the place of files that came and went."""
    tokens = iter(_compared(opened, revisions, *_renames(opened)).split(b"\0"))
    commit = Commit()
    for header in tokens:
        if header.startswith(b":"):
            entry = _paired(header, tokens)
            if entry.link or patterns.kind(entry.path) or patterns.kind(entry.old_path):
                commit.entries.append(entry)
        elif header:
            commit = commits[header.decode("ascii")]
            commit.entries.clear()


def between(repository: Repository, old: str | None, new: str | None) -> list[Entry]:
    """The files that differ between two commits; None stands for nothing at all.

    Raises git.GitCommandError where one of them is not in the repository.
    """
    empty = repository.run("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()
    output = repository.run("diff-tree", "-r", *_RAW, *_renames(repository), old or empty, new or empty, "--")
    tokens = iter(output.split(b"\0"))
    return [_paired(token, tokens) for token in tokens if token]


def _renames(repository: Repository) -> tuple[str, str]:
    # What a partial clone lacks cannot be compared: there, only files of the same content are one.
    return ("-M100%" if repository.partial else "-M", f"-l{_MOST_RENAMES}")


def _paired(header: bytes, tokens: Iterator[bytes]) -> Entry:
    old_path = path = path_text(next(tokens))
    if header.rsplit(b" ", 1)[1][:1] in b"RC":
        path = path_text(next(tokens))
    return _entry(header, old_path, path)


def _entry(header: bytes, old_path: str, path: str) -> Entry:
    old_mode, new_mode, old_id, new_id, _ = header.decode("ascii").strip("\n:").split(" ")
    return Entry(path, old_path, _there(old_id), _there(new_id), _GITLINK in (old_mode, new_mode))


def _there(identity: str) -> str | None:
    return identity if identity.strip("0") else None


def path_text(path: bytes) -> str:
    """A path as text; bytes that are no UTF-8 are written as escapes, so that two paths stay two."""
    return path.decode("utf-8", "backslashreplace")
