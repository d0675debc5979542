"""What a search came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gnomon_analysis.bisection.asked import Asked
from gnomon_analysis.bisection.evidence import Floats
from gnomon_analysis.bisection.known import Known
from gnomon_analysis.bisection.search import posterior

_DRAWS = 4000
_SEED = 1


class Ending(StrEnum):
    """Why a search stopped."""

    SURE = "sure"
    NOTHING_MOVED = "nothing_moved"
    NO_RUN_TELLS_MORE = "no_run_tells_more"
    RUNS = "out_of_runs"
    MONEY = "out_of_money"
    TIME = "out_of_time"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a search has spent in all its sessions. `seconds` are those of the clock."""

    runs: int
    usd: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Estimated:
    """A level with its 95 % interval, in the metric's unit (a share of 1 for rates)."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """A commit with the probability that it is the one."""

    commit: str
    subject: str
    share: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search came to.

    Attributes:
        ending: Why it stopped.
        suspects: The fewest commits that hold the change with the confidence asked for, the likeliest first.
        nothing: Probability that nothing changed between the two ends.
        before: Level before the likeliest commit.
        after: Level after it.
        difference: After minus before.
        ratio: After divided by before, of positive numbers; None for rates.
        spent: What it cost.
        broken: Revisions that could not be run, and why.
    """

    ending: Ending
    suspects: tuple[Suspect, ...]
    nothing: float
    before: Estimated
    after: Estimated
    difference: Estimated
    ratio: Estimated | None
    spent: Spent
    broken: Mapping[str, str]

    @property
    def commit(self) -> str | None:
        """The commit, where the search is as sure of it as it was asked to be."""
        return self.suspects[0].commit if self.ending is Ending.SURE else None


def answer(asked: Asked, known: Known, ending: Ending, spent: Spent, broken: Mapping[str, str]) -> Answer:
    """What is known now, as an answer."""
    evidence, line = known.evidence(), asked.line
    believed = posterior(evidence, asked.prior)
    levels = evidence.levels(believed.likeliest, _DRAWS, np.random.default_rng(_SEED))
    before, after = levels.before, levels.after
    ratio = None
    if not asked.subject.metric.is_rate:
        ratio = _estimated(np.exp(after - before))
        usual = known.usual_log()
        before, after = np.exp(before + usual), np.exp(after + usual)
    return Answer(
        ending=ending,
        suspects=tuple(
            Suspect(line.commits[place], line.subjects[place], float(believed.places[place]))
            for place in believed.credible(asked.confidence)
        ),
        nothing=believed.nothing,
        before=_estimated(before),
        after=_estimated(after),
        difference=_estimated(after - before),
        ratio=ratio,
        spent=spent,
        broken=dict(broken),
    )


def _estimated(draws: Floats) -> Estimated:
    low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975])
    return Estimated(float(middle), float(low), float(high))
