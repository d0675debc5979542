"""What a repository tells about itself: its name, its skills, its tests."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from gnomon.provenance.files import find
from gnomon.provenance.vcs import GitState
from gnomon.repository import repository_name
from gnomon.settings.fields import NAME

_SKILLS = ("**/SKILL.md",)
_TESTS = ("**/test_*.py", "**/*_test.py")
_GOLDEN = tuple(f"**/*golden*.{ending}" for ending in ("yaml", "yml", "json", "jsonl", "csv"))
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
_MOST_PATTERNS = 8


@dataclass(frozen=True, slots=True)
class Found:
    """What was detected. `suites` are entries as gnomon.yaml has them, `skills` globs for skill files."""

    project: str
    skill_files: tuple[str, ...]
    skills: tuple[str, ...]
    suites: tuple[dict[str, Any], ...]


def detect(root: Path) -> Found:
    """Looks through a folder. Files that git ignores are passed over."""
    git = GitState(root, (*_SKILLS, *_TESTS, *_GOLDEN))
    listing, vcs = git.listing(), git.attributes()
    project = project_name(root, str(vcs.get("vcs.repository.name", "")))

    def matching(patterns: Sequence[str]) -> tuple[str, ...]:
        return tuple(file.path for file in find(root, patterns, listing))

    skill_files = matching(_SKILLS)
    return Found(
        project=project,
        skill_files=skill_files,
        skills=skill_patterns(skill_files),
        suites=tuple(suites(matching(_TESTS), matching(_GOLDEN), project)),
    )


def project_name(root: Path, repository: str = "") -> str:
    """The name that the project gives itself, else that of its repository, else that of its folder."""
    for name in (*_declared_names(root), repository, repository_name(root.resolve())):
        if isinstance(name, str) and NAME.matches(name):
            return name
    return "project"


def _declared_names(root: Path) -> Iterator[Any]:
    try:
        pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        yield _inside(pyproject, "project", "name")
        yield _inside(pyproject, "tool", "poetry", "name")
    except (OSError, ValueError):
        pass
    for file in ("package.json", ".claude-plugin/plugin.json"):
        try:
            yield _inside(json.loads((root / file).read_text(encoding="utf-8")), "name")
        except (OSError, ValueError):
            continue


def _inside(tree: Any, *keys: str) -> Any:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def skill_patterns(files: Iterable[str]) -> tuple[str, ...]:
    """Globs for the folders that hold skills: `skills/**/SKILL.md` for `skills/a/SKILL.md`."""
    holders = {PurePosixPath(file).parent.parent for file in files}
    outermost = {holder for holder in holders if not holders & set(holder.parents)}
    if PurePosixPath() in outermost or not outermost or len(outermost) > _MOST_PATTERNS:
        return _SKILLS
    return tuple(sorted(f"{holder}/**/SKILL.md" for holder in outermost))


def suites(tests: Iterable[str], golden: Sequence[str], project: str) -> Iterator[dict[str, Any]]:
    """One suite for each folder of tests, with its golden set where there is just one."""
    by_folder: dict[PurePosixPath, list[PurePosixPath]] = {}
    for file in map(PurePosixPath, tests):
        by_folder.setdefault(_test_folder(file), []).append(file)
    names: set[str] = set()
    for folder, files in sorted(by_folder.items()):
        name = _suite_name(folder, project)
        name = str(folder) if name in names else name
        names.add(name)
        suite: dict[str, Any] = {"name": name, "paths": list(_test_patterns(folder, files))}
        own = [path for path in golden if PurePosixPath(path).is_relative_to(folder)]
        if len(own) == 1:
            suite["golden_set"] = own[0]
        yield suite


def _test_folder(file: PurePosixPath) -> PurePosixPath:
    """The outermost folder of that name (`tests`) that a test file lies in, else its own folder."""
    named = [folder for folder in file.parents if folder.name in _TEST_FOLDERS]
    return named[-1] if named else file.parent


def _suite_name(folder: PurePosixPath, project: str) -> str:
    parts = [part for part in folder.parts if part not in _TEST_FOLDERS]
    name = "-".join(parts) or project
    return name if NAME.matches(name) else project


def _test_patterns(folder: PurePosixPath, files: Iterable[PurePosixPath]) -> Iterator[str]:
    below = "" if folder == PurePosixPath() else f"{folder}/**/"
    endings = {"test_*.py" if file.name.startswith("test_") else "*_test.py" for file in files}
    yield from (below + ending for ending in sorted(endings, reverse=True))
