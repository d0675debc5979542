"""Which files of a repository are tracked, and what each of them is."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gnomon.provenance.files import expression
from gnomon.settings import Settings

# What a changed file may be, as in `skill_change_events.kind`.
SKILL = "skill"
GOLDEN_SET = "golden_set"
PRICES = "prices"
AGENT_CONFIG = "agent_config"
KINDS = (SKILL, GOLDEN_SET, PRICES, "tool_config", "model_config", AGENT_CONFIG, "prompt")


@dataclass(frozen=True)
class Patterns:
    """Kinds with their globs, relative to the root of the repository; the first that fits counts."""

    globs: tuple[tuple[str, tuple[str, ...]], ...]
    _matchers: tuple[tuple[str, re.Pattern[str]], ...] = field(init=False, repr=False, compare=False)
    _known: dict[str, str | None] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        matchers = tuple((kind, _any_of(globs)) for kind, globs in self.globs if globs)
        object.__setattr__(self, "_matchers", matchers)

    @classmethod
    def of(cls, settings: Settings, folder: Path) -> Patterns:
        """Those of the settings for the repository that holds a folder.

        Globs of `skills` are relative to the folder of gnomon.yaml, in the repository that holds it; in
        any other repository to its root, as those of `changes.kinds` always are.
        """
        top = next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)
        inside = _relative(settings.root, top)
        own = "" if inside is None else inside
        kinds = settings.changes.kinds
        named = [suite.golden_set for suite in settings.suites] + [settings.prices.file]
        *golden_sets, prices = [_relative(path, top) if path else None for path in named]
        globs: dict[str, list[str]] = {kind: [] for kind in KINDS}
        globs[SKILL] += (_below(own, pattern) for pattern in settings.skills.paths)
        globs[GOLDEN_SET] += (_literal(path) for path in golden_sets if path)
        globs[PRICES] += (_literal(path) for path in [prices] if path)
        for kind in KINDS:
            globs[kind] += getattr(kinds, kind, ())
        last = [_below(own, pattern) for pattern in settings.skills.config_paths]
        ordered = [(kind, tuple(patterns)) for kind, patterns in globs.items()]
        return cls((*ordered, (AGENT_CONFIG, tuple(last))))

    def kind(self, path: str) -> str | None:
        """What a file is; None for one that is not tracked."""
        if path not in self._known:
            fitting = (kind for kind, matcher in self._matchers if matcher.fullmatch(path))
            self._known[path] = next(fitting, None)
        return self._known[path]

    @property
    def pathspecs(self) -> list[str]:
        """Git's own patterns for at least these files: it is asked for no others."""
        return sorted({_pathspec(glob) for _, globs in self.globs for glob in globs})

    @property
    def digest(self) -> str:
        """One id for these patterns: what was read with others has to be read again."""
        return hashlib.sha256(json.dumps(self.globs).encode()).hexdigest()[:16]


def _any_of(globs: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(expression(glob) for glob in globs), re.DOTALL)


def _relative(path: Path, top: Path) -> str | None:
    """A path below `top`, with `/`; None for one outside."""
    relative = os.path.relpath(os.path.realpath(path), os.path.realpath(top))
    if relative == os.curdir:
        return ""
    return None if relative.startswith(os.pardir) else Path(relative).as_posix()


def _below(folder: str, pattern: str) -> str:
    return posixpath.normpath(posixpath.join(folder, pattern))


def _literal(path: str) -> str:
    """A glob for one path, which may hold characters that a glob means something by."""
    return re.sub(r"[*?]", "?", path)


def _pathspec(glob: str) -> str:
    """In git's plain patterns `*` crosses folders, too; brackets and the like would mean something."""
    return re.sub(r"^:|[\[\]\\]", "?", re.sub(r"\*\*/|\*\*|\*", "*", glob.removeprefix("./")))
