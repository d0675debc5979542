"""The first-parent line of a repository: its commits, and which tracked files each of them changed.

A merge counts with what it brought, against its first parent. The commit at which a shallow clone ends
changes nothing here: what was before it is not known. A submodule's files count as the superproject's
own, changed by the commit that names another commit of the submodule, or moves it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from gnomon.errors import ExitCode, UserError
from gnomon.provenance.files import blob_id, skill_name
from gnomon_analysis.changes.entries import Commit, Entries, Entry, between, path_text
from gnomon_analysis.changes.log import Revision, logged
from gnomon_analysis.changes.patterns import SKILL, Patterns
from gnomon_analysis.changes.repository import GitCommandError, Repository

ADDED, MODIFIED, DELETED, RENAMED = "added", "modified", "deleted", "renamed"

_SHA_256_DIGITS = 64

# Submodules within submodules.
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One tracked file that a commit changed, against its first parent.

    `change` is `added`, `modified`, `deleted` or `renamed` (then with or without other content); the
    hashes are the ids that git gives the bytes, None where there is no file. `skill` is the name that a
    SKILL.md states, else its folder's. `submodule` is the path of the submodule that holds the file.
    """

    path: str
    old_path: str | None
    kind: str | None
    change: str
    skill: str | None
    old_hash: str | None
    new_hash: str | None
    submodule: str | None = None


class History:
    """Commits along the first parents, oldest first; see `read_history`."""

    def __init__(
        self,
        repository: Repository,
        patterns: Patterns,
        revisions: Sequence[Revision],
        ref_name: str | None,
    ) -> None:
        self.revisions = tuple(revisions)
        self.patterns = patterns
        self.top = repository.top
        self.ref_name = ref_name
        """The branch that ends here; None for a detached head."""
        self.unread: set[str] = set()
        """Commits that name a commit of a submodule which is not here, as far as it was tried."""
        self._repository = repository
        self._positions = {revision.commit: place for place, revision in enumerate(self.revisions)}
        self._entries = Entries(repository, patterns, self.revisions)
        self._names: dict[str, str] = {}
        self._files: dict[int, tuple[ChangedFile, ...]] = {}
        self._submodules: dict[str, Repository] | None = None
        boundary = repository.boundary
        self.ends_at = next((one.commit for one in self.revisions[:1] if one.commit in boundary), None)
        """The first commit of a shallow clone, of whose changes nothing is known; else None."""

    @cached_property
    def name(self) -> str:
        """`vcs.repository.name` of runs that are made in this repository."""
        return self._repository.name

    @property
    def head(self) -> str | None:
        """The newest commit; None where there is none yet."""
        return self.revisions[-1].commit if self.revisions else None

    def position(self, commit: str) -> int | None:
        """Where a commit stands in `revisions`; None for one that is not on this line."""
        return self._positions.get(commit)

    def changed_files(self, position: int) -> Sequence[ChangedFile]:
        """The tracked files that a commit changed, by path. Raises UserError where git cannot tell."""
        if position not in self._files:
            entries = self._commit(position).entries
            found: list[ChangedFile] = []
            for entry in self._with_moved_submodules(entries):
                try:
                    found += self._of_entry(entry)
                except GitCommandError:
                    self.unread.add(self.revisions[position].commit)
            if any(file.submodule for file in found):
                found = _across(found)
            self._files[position] = tuple(sorted(found, key=lambda file: file.path))
        return self._files[position]

    def other_paths(self, position: int) -> Sequence[str]:
        """The paths of all other files that a commit changed: code, documentation. Raises as the former."""
        return self._commit(position).others

    def _commit(self, position: int) -> Commit:
        if self.revisions[position].commit == self.ends_at:
            return Commit()
        try:
            return self._entries.at(position)
        except GitCommandError as error:
            raise _failed(self._repository, error) from None

    def content(self, file: ChangedFile, *, new: bool = True) -> bytes | None:
        """A file's bytes after the commit, or before it; None where there are none, or not here."""
        blob = file.new_hash if new else file.old_hash
        return self._content(blob, file.submodule) if blob else None

    def uncommitted(self) -> list[ChangedFile]:
        """What of the tracked files differs from the newest commit in the working tree, by path."""
        return sorted(self._uncommitted(), key=lambda file: file.path)

    def close(self) -> None:
        """Ends the processes that read contents."""
        self._repository.close()
        self.close_submodules()

    def close_submodules(self) -> None:
        """Ends those that read contents of submodules."""
        for repository in (self._submodules or {}).values():
            repository.close()

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _of_entry(self, entry: Entry) -> Iterator[ChangedFile]:
        if entry.link:
            yield from self._of_submodule(entry)
        elif (file := changed_file(entry, self.patterns)) is not None:
            yield self._named(file)

    def _with_moved_submodules(self, entries: Sequence[Entry], above: str = "") -> Sequence[Entry]:
        """The entries, those of submodules that came in place of ones that went put together.

        A submodule is the one that went where it holds the commit that was named there.
        """
        gone = [entry for entry in entries if entry.link and entry.new_id is None]
        if not gone:
            return entries
        kept = list(entries)
        came = [place for place, entry in enumerate(kept) if entry.link and entry.old_id is None]
        pairs = [(place, went) for place in came for went in gone]
        # The same commit says more than that the commit is among those of a repository.
        pairs = [pair for pair in pairs if kept[pair[0]].new_id == pair[1].old_id] + [
            (place, went) for place, went in pairs if self._holds(above + kept[place].path, went.old_id)
        ]
        for place, went in pairs:
            if went in gone and kept[place].old_id is None:
                gone.remove(went)
                kept[place] = kept[place]._replace(old_path=went.path, old_id=went.old_id)
        return [one for one in kept if not one.link or one.new_id is not None or one in gone]

    def _holds(self, place: str, commit: str | None) -> bool:
        repository = self._modules.get(place)
        return repository is not None and commit is not None and repository.commit(commit) is not None

    def _of_submodule(
        self, entry: Entry, above: str = "", old_above: str = "", depth: int = 1
    ) -> Iterator[ChangedFile]:
        """The files in a submodule between the two commits of it that a superproject names, and where."""
        place, old_place = above + entry.path, old_above + entry.old_path
        repository = self._modules.get(place)
        if repository is None or depth > _DEEPEST:
            return
        inside = between(repository, entry.old_id, entry.new_id)
        if place != old_place and entry.old_id is not None:
            differ = {inner.path for inner in inside}
            all_of_it = between(repository, None, entry.new_id)
            inside += [one._replace(old_id=one.new_id) for one in all_of_it if one.path not in differ]
        for inner in self._with_moved_submodules(inside, f"{place}/"):
            if inner.link:
                yield from self._of_submodule(inner, f"{place}/", f"{old_place}/", depth + 1)
            elif (file := changed_file(_within(inner, place, old_place), self.patterns)) is not None:
                yield self._named(replace(file, submodule=place))

    @property
    def _modules(self) -> dict[str, Repository]:
        if self._submodules is None:
            self._submodules = dict(_submodules(self._repository))
        return self._submodules

    def _content(self, blob: str, submodule: str | None) -> bytes | None:
        module = self._modules.get(submodule) if submodule else None
        content = module.content(blob) if module else None
        # What went into a submodule was the superproject's own before; an id is the same wherever it lies.
        return self._repository.content(blob) if content is None else content

    def _named(self, file: ChangedFile) -> ChangedFile:
        if file.kind != SKILL:
            return file
        blob = file.new_hash or file.old_hash or ""
        if blob not in self._names:
            content = self._content(blob, file.submodule) or b""
            self._names[blob] = skill_name(content, "")
        folder = skill_name(b"", file.path if file.new_hash else file.old_path or file.path)
        return replace(file, skill=self._names[blob] or folder)

    def _uncommitted(self) -> Iterator[ChangedFile]:
        head = self._repository.commit("HEAD")
        if head is None or self._repository.bare:
            return
        pathspecs = self.patterns.pathspecs
        committed = {
            entry.path: entry.new_id
            for entry in between(self._repository, None, head)
            if not entry.link and self.patterns.kind(entry.path)
        }
        known = self._repository.run(
            "ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--", *pathspecs
        )
        present = {path_text(path) for path in known.split(b"\0") if path} | set(committed)
        for path in present:
            kind = self.patterns.kind(path)
            old = committed.get(path)
            new = _in_working_tree(self.top / path, old)
            if kind is None or new == old:
                continue
            change = ADDED if old is None else DELETED if new is None else MODIFIED
            skill = skill_name(_bytes(self.top / path) or b"", path) if kind == SKILL else None
            yield ChangedFile(path, None, kind, change, skill, old, new)


def read_history(
    repository: Path, patterns: Patterns, since: str | None = None, *, tip: str = "HEAD"
) -> History:
    """The first-parent line up to `tip` of the repository that holds a folder.

    `since` is a commit: only what came after it is read, and positions count from there.

    Raises:
        UserError: there is no repository (exit code 3), or no such commit.
    """
    opened = Repository(repository)
    try:
        return line(opened, patterns, since, tip)
    except BaseException:
        opened.close()
        raise


def line(opened: Repository, patterns: Patterns, since: str | None = None, tip: str = "HEAD") -> History:
    """As `read_history`, of a repository that is open already and belongs to the history from now on."""
    try:
        newest = opened.head if tip == "HEAD" else opened.commit(tip)
        if newest is None:
            if tip != "HEAD":
                raise _no_commit(opened, tip)
            return History(opened, patterns, (), opened.branch)
        span = [newest]
        if since is not None:
            oldest = opened.commit(since)
            if oldest is None:
                raise _no_commit(opened, since)
            span.append(f"^{oldest}")
        revisions = logged(opened, span)
    except GitCommandError as error:
        raise _failed(opened, error) from None
    return History(opened, patterns, revisions, opened.branch if tip == "HEAD" else tip)


def _failed(opened: Repository, error: GitCommandError) -> UserError:
    return UserError(f"{opened.top}: {said(error)}", ExitCode.MISSING)


def _no_commit(opened: Repository, name: str) -> UserError:
    return UserError(f"{opened.top}: there is no commit {name!r}; name one that `git log` shows")


def said(error: GitCommandError) -> str:
    """What git said of a failure, in one line."""
    lines = str(error.stderr).strip().splitlines() or ["no message"]
    return f"git failed ({lines[-1]})"


def _across(found: Sequence[ChangedFile]) -> list[ChangedFile]:
    """The changed files, those put together that went from a superproject into a submodule, or back.

    They are known by their path, else by their content; what has neither in common came or went.
    """
    kept = list(found)
    for is_same in (_has_path_of, _has_content_of):
        for came in [file for file in kept if file.change == ADDED]:
            went = next((file for file in kept if is_same(came, file)), None)
            if went is None:
                continue
            kept.remove(came)
            kept.remove(went)
            if came.path != went.path:
                kept.append(replace(came, old_path=went.path, change=RENAMED, old_hash=went.old_hash))
            elif came.new_hash != went.old_hash:
                kept.append(replace(came, change=MODIFIED, old_hash=went.old_hash))
    return kept


def _has_path_of(came: ChangedFile, went: ChangedFile) -> bool:
    return went.change == DELETED and went.submodule != came.submodule and went.path == came.path


def _has_content_of(came: ChangedFile, went: ChangedFile) -> bool:
    is_other = went.change == DELETED and went.submodule != came.submodule and went.kind == came.kind
    return is_other and went.old_hash == came.new_hash


def _within(inner: Entry, place: str, old_place: str) -> Entry:
    """An entry of a submodule as one of the superproject; what came or went has one path."""
    path, old_path = f"{place}/{inner.path}", f"{old_place}/{inner.old_path}"
    if inner.old_id is None:
        return inner._replace(path=path, old_path=path)
    return inner._replace(path=old_path if inner.new_id is None else path, old_path=old_path)


def changed_file(entry: Entry, patterns: Patterns) -> ChangedFile | None:
    """What an entry says of a tracked file; None for other files, and where only its mode changed."""
    kind, old_kind = patterns.kind(entry.path), patterns.kind(entry.old_path)
    if kind is None and old_kind is None:
        return None
    if kind is None:
        # Moved to where nothing is tracked: gone.
        return ChangedFile(entry.old_path, None, old_kind, DELETED, None, entry.old_id, None)
    if entry.path != entry.old_path:
        return ChangedFile(entry.path, entry.old_path, kind, RENAMED, None, entry.old_id, entry.new_id)
    if entry.old_id == entry.new_id:
        return None
    change = ADDED if entry.old_id is None else DELETED if entry.new_id is None else MODIFIED
    return ChangedFile(entry.path, None, kind, change, None, entry.old_id, entry.new_id)


def _submodules(repository: Repository, above: str = "", depth: int = 1) -> Iterable[tuple[str, Repository]]:
    for path, folder in repository.submodules.items():
        try:
            module = Repository(folder)
        except UserError:
            continue
        yield above + path, module
        if depth < _DEEPEST:
            yield from _submodules(module, f"{above}{path}/", depth + 1)


def _in_working_tree(path: Path, committed: str | None) -> str | None:
    """The id of a file's bytes; of text with CRLF that was committed with LF, that of the committed text."""
    content = _bytes(path)
    if content is None:
        return None
    plain = _id(content.replace(b"\r\n", b"\n"), committed)
    return plain if plain == committed else _id(content, committed)


def _id(content: bytes, like: str | None) -> str:
    """The id that git gives the bytes, in a repository where ids look like another one."""
    if like is not None and len(like) == _SHA_256_DIGITS:
        return hashlib.sha256(b"blob %d\0" % len(content) + content).hexdigest()
    return blob_id(content)


def _bytes(path: Path) -> bytes | None:
    try:
        return bytes(path.readlink()) if path.is_symlink() else path.read_bytes()
    except OSError:
        return None
