"""What simulated commits touched, and what Gnomon takes that to say about who moved a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gnomon_analysis.statistics.model import Floats

CONFIG = -1
DOCS = -2

OF_COMMITS = {"own": 0.04, "config": 0.06, "other": 0.30, "docs": 0.60}
"""How often a commit touches the skill of a given case, the configuration, another skill, only documents."""

OF_CAUSES = {"own": 0.92, "config": 0.05, "other": 0.02, "docs": 0.01}
"""How often the commit that moved the case was such a one."""

SHIPPED = {"own": 1.0, "config": 0.1, "other": 0.2, "docs": 0.02}
"""What Gnomon makes of it (`gnomon_analysis.attribution.priors`), which knows nothing of the two above."""

FITTING = {what: OF_CAUSES[what] / OF_COMMITS[what] for what in OF_COMMITS}
"""What one would make of it who knew them both."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What each commit touched: the number of a skill, `CONFIG` or `DOCS`."""

    what: tuple[int, ...]

    def prior(self, skill: int, weights: Mapping[str, float] = SHIPPED) -> Floats:
        """Weight of each commit as a cause for a case of the skill."""
        return np.array([weights[_relation(what, skill)] for what in self.what])

    def with_causes(self, causes: dict[int, int]) -> Touched:
        """The same, but the given commits touched what is given for each."""
        return Touched(tuple(causes.get(at, what) for at, what in enumerate(self.what)))


def touched(rng: np.random.Generator, size: int, skills: int) -> Touched:
    """Commits drawn so that each of the skills is touched as often as `OF_COMMITS` says for "own"."""
    own = min(OF_COMMITS["own"], (OF_COMMITS["own"] + OF_COMMITS["other"]) / skills)
    choices = [*range(skills), CONFIG, DOCS]
    shares = np.array([own] * skills + [OF_COMMITS["config"], 1 - own * skills - OF_COMMITS["config"]])
    return Touched(tuple(int(what) for what in rng.choice(choices, size, p=shares)))


def cause(rng: np.random.Generator, commits: Touched, skill: int, first: int, last: int) -> int:
    """A commit from `first` to `last`, drawn as `OF_CAUSES` says, that moves cases of the skill."""
    weights = commits.prior(skill, FITTING)[first : last + 1]
    return first + int(rng.choice(len(weights), p=weights / weights.sum()))


def _relation(what: int, skill: int) -> str:
    if what == skill:
        return "own"
    return {CONFIG: "config", DOCS: "docs"}.get(what, "other")
