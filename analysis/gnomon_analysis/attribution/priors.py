"""How likely a commit is to be the cause before anything is measured, by what it touched.

The order is that of `docs/changes.md`: the case's own skill, another skill, prompts and configuration, other
files, documentation. The weights matter where the runs cannot tell commits apart; runs outweigh them soon.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

import numpy as np

from gnomon_analysis.attribution import metrics
from gnomon_analysis.attribution.metrics import Metric
from gnomon_analysis.attribution.reading import Names
from gnomon_analysis.changes import ChangedFile, History
from gnomon_analysis.statistics.model import Floats

# Of 89 commits of a real skill repository with a router whose every probability is known, one that touched a
# case's own skill moved the case in .150 of pairs, one that touched other skills in .027, one that touched
# configuration alone in none of 210.
OWN_SKILL = 1.0
OTHER_SKILL = 0.2
CONFIGURATION = 0.1
OTHER = 0.05
DOCUMENTATION = 0.02

_CONFIGURATION = frozenset({"prompt", "agent_config", "model_config", "tool_config"})
_DOCUMENTS = frozenset({".md", ".rst", ".txt", ".adoc", ".png", ".jpg", ".svg", ".gif", ".pdf"})
_PRICED = frozenset({metrics.COST})


class Priors:
    """The weights of all commits of a line, or of those from `start` on, up to but without `end`."""

    def __init__(self, history: History, skills: Names, start: int = 0, end: int | None = None) -> None:
        self._skills = skills
        size = (len(history.revisions) if end is None else end) - start
        self._any = np.full(size, DOCUMENTATION)
        self._whole = np.full(size, DOCUMENTATION)
        self._money = np.full(size, DOCUMENTATION)
        self._touched: dict[str, list[int]] = {}
        self._made: dict[tuple[str | None, bool], Floats] = {}
        for place in range(size):
            self._read(place, history.changed_files(start + place))

    def of_skill(self, skill: int | str | None, metric: Metric) -> Floats:
        """The weights for what concerns one skill, or for all of a suite where none is named."""
        name = self._skills.text(skill) if isinstance(skill, int) else skill
        priced = metric in _PRICED
        made = self._made.get((name, priced))
        if made is None:
            made = self._made[name, priced] = self._make(name or None, priced=priced)
        return made

    def _make(self, name: str | None, *, priced: bool) -> Floats:
        weights = (self._whole if name is None else self._any).copy()
        if name is not None:
            weights[self._touched.get(name, [])] = OWN_SKILL
        return np.maximum(weights, self._money) if priced else weights

    def _read(self, place: int, files: Iterable[ChangedFile]) -> None:
        for file in files:
            weight = _weight(file)
            self._any[place] = max(self._any[place], weight)
            self._whole[place] = max(self._whole[place], OWN_SKILL if file.kind == "skill" else weight)
            if file.kind == "prices":
                self._money[place] = OWN_SKILL
            if file.kind == "skill":
                for name in _names(file):
                    self._touched.setdefault(name, []).append(place)


def _weight(file: ChangedFile) -> float:
    if file.kind == "skill":
        return OTHER_SKILL
    if file.kind in _CONFIGURATION or file.kind == "golden_set":
        return CONFIGURATION
    if file.kind is None and PurePosixPath(file.path).suffix.lower() not in _DOCUMENTS:
        return OTHER
    return DOCUMENTATION


def _names(file: ChangedFile) -> set[str]:
    """What people call the skill of a file: its own name and its folder's."""
    names = {file.skill} if file.skill else set()
    return names | {PurePosixPath(path).parent.name for path in (file.path, file.old_path) if path}
