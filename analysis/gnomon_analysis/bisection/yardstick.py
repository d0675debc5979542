"""Which tests a revision is measured with: its own, or those of one revision laid over all others.

Numbers can be compared only where the tests are the same. What counts as tests is the suite's files, the
folder they lie in, and its golden set; skills and configuration never do, wherever they lie.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from gnomon.provenance.files import expression
from gnomon.settings import Settings, Suite
from gnomon_analysis.changes.repository import Repository

_ANY_TEST = ("**/test_*.py", "**/*_test.py", "**/conftest.py")


class SuiteFiles:
    """What of a repository is the suite's tests, by globs of paths from its root."""

    def __init__(self, included: Sequence[str], excluded: Sequence[str]) -> None:
        self._included = _any_of(included)
        self._excluded = _any_of(excluded)

    @classmethod
    def of(cls, settings: Settings, suite: Suite | None, top: Path) -> SuiteFiles:
        """Those of a suite of the settings, in the repository whose root is `top`."""
        included = [glob for pattern in (suite.paths if suite else ()) for glob in _tests(pattern)]
        if suite is not None and suite.golden_set is not None:
            included.append(os.path.relpath(suite.golden_set, settings.root).replace(os.sep, "/"))
        if suite is None or not suite.paths:
            included += _ANY_TEST
        below = os.path.relpath(settings.root.resolve(), top.resolve()).replace(os.sep, "/")
        excluded = (*settings.skills.paths, *settings.skills.config_paths)
        return cls(*([_below(below, glob) for glob in globs] for globs in (included, excluded)))

    def choose(self, files: Mapping[str, str]) -> dict[str, str]:
        """Of all files by path with their ids, those that are tests."""
        return {path: blob for path, blob in files.items() if path in self}

    def __contains__(self, path: str) -> bool:
        return bool(self._included.fullmatch(path)) and not self._excluded.fullmatch(path)


class Yardstick:
    """Says whether runs were measured with the tests that a search compares by.

    `laid_over` is the commit whose tests are laid over every revision; None where each has its own.
    """

    def __init__(self, repository: Path, tests: SuiteFiles, laid_over: str | None) -> None:
        self.tests = tests
        self.laid_over = laid_over
        self._repository = repository
        self._digests: dict[str, str | None] = {}

    def fits(self, commit: str, tests_from: str | None) -> bool:
        """Whether a run at a commit can be compared; `tests_from` is the commit of its tests, if another."""
        used, wanted = tests_from or commit, self.laid_over or commit
        return used == wanted or (
            self._digest(used) is not None and self._digest(used) == self._digest(wanted)
        )

    def _digest(self, commit: str) -> str | None:
        """One id for the tests of a commit; None for a commit that is not there."""
        if commit not in self._digests:
            with Repository(self._repository) as opened:
                known = opened.commit(commit) is not None
                listed = files_at(opened, commit) if known else {}
            chosen = sorted(self.tests.choose(listed).items())
            text = "".join(f"{path}\0{blob}\n" for path, blob in chosen)
            digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
            self._digests[commit] = digest if known else None
        return self._digests[commit]


def files_at(opened: Repository, commit: str) -> dict[str, str]:
    """All files of a commit by path, with their ids."""
    listed = opened.run("ls-tree", "-r", "-z", "--full-tree", commit)
    found = {}
    for line in os.fsdecode(listed).split("\0"):
        described, _, path = line.partition("\t")
        if path:
            found[path] = described.split(" ")[2]
    return found


def folder_of(pattern: str) -> str:
    """The part of a glob before its first wildcard, whole folders only; a path without one as it is."""
    fixed = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    if fixed != pattern:
        fixed = fixed.rpartition("/")[0]
    return fixed.removeprefix("./").rstrip("/")


def _tests(pattern: str) -> tuple[str, ...]:
    """Globs for the tests that a suite's own glob stands for, with what lies beside them."""
    folder = folder_of(pattern)
    if not pattern.strip("*/."):
        return _ANY_TEST
    if folder and not PurePosixPath(folder).suffix:
        return (f"{folder}/**",)
    beside = PurePosixPath(folder or pattern).parent / "conftest.py"
    return (pattern, beside.as_posix())


def _any_of(globs: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(expression, globs)) or "(?!)", re.DOTALL)


def _below(folder: str, glob: str) -> str:
    return (PurePosixPath(folder) / glob).as_posix()
