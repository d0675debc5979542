"""How many runs a search is likely to take, by playing it through with what is known so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnomon_analysis.bisection.evidence import Evidence, Floats
from gnomon_analysis.bisection.known import RunCost
from gnomon_analysis.bisection.search import Price, next_steps, posterior

# A search over many cases takes longer to play through, and is surer of its length.
_MANY_CASES = 10
_PLAYS, _PLAYS_OF_MANY = 30, 10
_SEED = 1


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of what is likely, and the bounds that one play in ten lies below, and above."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a search is likely to take.

    Attributes:
        runs: Test runs.
        seconds: Time, with all of them one after the other.
        usd: Money.
        reaches: Share of the plays that came to be sure within the budget.
    """

    runs: Spread
    seconds: Spread
    usd: Spread
    reaches: float


def estimate(
    evidence: Evidence,
    prior: Floats,
    price: Price,
    cost: RunCost,
    *,
    runnable: np.ndarray,
    confidence: float,
    most_runs: int,
) -> Estimate:
    """Plays a search through, each time with the change at a place that may be the one."""
    rng = np.random.default_rng(_SEED)
    believed = posterior(evidence, prior)
    game = _Game(prior, price, cost, runnable, confidence, most_runs, rng)
    plays = _PLAYS if evidence.cases <= _MANY_CASES else _PLAYS_OF_MANY
    rows = []
    for _ in range(plays):
        place = int(rng.choice(len(prior), p=believed.places / believed.places.sum()))
        rows.append(game.play(evidence.simulated(place, rng)))
    table = np.array(rows)
    runs, seconds, usd = (_spread(column) for column in table[:, :3].T)
    return Estimate(runs, seconds, usd, float(table[:, 3].mean()))


@dataclass(frozen=True, slots=True)
class _Game:
    prior: Floats
    price: Price
    cost: RunCost
    runnable: np.ndarray
    confidence: float
    most_runs: int
    rng: np.random.Generator

    def play(self, evidence: Evidence) -> tuple[float, float, float, float]:
        """Runs, seconds and USD of one search, and 1 if it came to be sure."""
        runs, seconds, usd = 0, 0.0, 0.0
        while True:
            believed = posterior(evidence, self.prior)
            if believed.confidence >= self.confidence:
                return runs, seconds, usd, 1.0
            steps = next_steps(believed, self.price, runnable=self.runnable)
            if not steps or runs >= self.most_runs:
                return runs, seconds, usd, 0.0
            step = steps[0]
            of_run = self.cost.of(step.cases)
            for _ in range(min(step.repeats, self.most_runs - runs)):
                evidence.draw(step.position, step.cases, self.rng)
                runs, seconds, usd = runs + 1, seconds + of_run.seconds, usd + of_run.usd


def _spread(values: Floats) -> Spread:
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return Spread(float(middle), float(low), float(high))
