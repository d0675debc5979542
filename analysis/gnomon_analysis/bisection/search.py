"""Which place it was, and where to run next: a noisy binary search that pays for what it learns.

The posterior over the places comes from `evidence`. The next runs are those from which the place is learnt
most for their price. Of one case at one position that is the expected fall of the entropy of the posterior,
reckoned exactly. Of several cases or several runs at one position it is less than the sum, for they answer
the same question, whether the change is at or before the position. They are reckoned as independent looks at
that one bit, each of which shows it with a chance of its own share of it (erasure channels): the chance
that none does is the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from gnomon_analysis.bisection.evidence import Evidence, Floats, Integers, Weighing

# That nothing changed between the two ends, before a run was looked at.
_NOTHING = 0.1
_MOST_REPEATS = 5
_LEAST_GAIN = 1e-6


@dataclass(frozen=True, slots=True)
class Price:
    """What runs cost, in any one unit: to check a revision out, for each run, and for each case in it."""

    checkout: float
    run: float
    cases: Floats


@dataclass(frozen=True, slots=True)
class Step:
    """What to run next: some cases at one position, some times."""

    position: int
    cases: Integers
    repeats: int
    gain: float
    price: float


@dataclass(frozen=True, slots=True)
class Posterior:
    """Probability of each place of the change, and that there is none.

    `places[c]` belongs to a change at position c; `places[0]` is 0, for position 0 is before it.
    """

    places: Floats
    nothing: float
    weighing: Weighing = field(repr=False)

    @property
    def likeliest(self) -> int:
        """The likeliest place."""
        return int(self.places.argmax())

    @property
    def confidence(self) -> float:
        """Probability of the likeliest answer, a place or that nothing changed."""
        return max(float(self.places.max()), self.nothing)

    def credible(self, mass: float) -> list[int]:
        """The fewest places that hold this part of what is not `nothing`, the likeliest first."""
        order = np.argsort(-self.places, kind="stable")
        held = np.cumsum(self.places[order])
        count = int(np.searchsorted(held, mass * held[-1])) + 1
        return [int(place) for place in order[:count] if self.places[place] > 0]

    @property
    def entropy(self) -> float:
        """In bits."""
        return float(_bits(np.append(self.places, self.nothing)).sum())


def posterior(evidence: Evidence, prior: Floats) -> Posterior:
    """What the runs and the prior weights of the places say; `prior[0]` does not count."""
    weighing = evidence.weigh()
    weights = np.array(prior, dtype=np.float64)
    weights[0] = 0.0
    weights *= (1 - _NOTHING) / weights.sum()
    gaps = np.searchsorted(weighing.measured, np.arange(len(prior)))
    with np.errstate(divide="ignore"):
        logs = np.append(np.log(weights) + weighing.log_change[gaps], np.log(_NOTHING) + weighing.log_none)
    mass = np.exp(logs - logs.max())
    mass /= mass.sum()
    return Posterior(mass[:-1], float(mass[-1]), weighing)


def next_steps(
    believed: Posterior,
    price: Price,
    *,
    runnable: Sequence[bool] | np.ndarray,
    standing: Sequence[int] = (),
    jobs: int = 1,
) -> list[Step]:
    """What to run next, side by side; empty where no run would tell anything more.

    Args:
        believed: What is known so far.
        price: What runs cost.
        runnable: Which positions can be run; shape (positions,).
        standing: Positions that are checked out already.
        jobs: How many steps to run at the same time, at least one.
    """
    looks = _looks(believed)
    steps: list[Step] = []
    # What would be known after the steps chosen so far: ways they may come out, with their chances.
    worlds: list[tuple[float, tuple[int, ...]]] = [(1.0, ())]
    allowed = np.asarray(runnable, dtype=bool)
    checked_out = np.zeros(len(allowed), dtype=bool)
    checked_out[list(standing)] = True
    for _ in range(max(1, jobs)):
        news = np.sum([chance * _news(believed, cuts) for chance, cuts in worlds], 0)
        step = _best(looks, news, price, allowed, checked_out)
        if step is None:
            break
        steps.append(step)
        shown = min(1.0, step.gain / max(float(looks.bit[step.position]), _LEAST_GAIN))
        worlds = [
            (chance * part, tuple(sorted({*cuts, step.position})) if part is shown else cuts)
            for chance, cuts in worlds
            for part in (shown, 1 - shown)
        ]
    return steps


@dataclass(frozen=True, slots=True)
class _Looks:
    """In bits: what a run of each case at each position tells, and what there is to tell at each position.

    Shapes (cases, positions) and (positions,).
    """

    gain: Floats
    bit: Floats


def _looks(believed: Posterior) -> _Looks:
    """The fall of the entropy that a run of each case is expected to bring, at each position."""
    weighing, places = believed.weighing, believed.places
    count = len(places)
    gaps = np.searchsorted(weighing.measured, np.arange(count))
    outcomes = weighing.unchanged.shape[-1]
    # The mass in each gap, and what lies in it at or before each position.
    one_gap = np.zeros((count, len(weighing.measured) + 1))
    one_gap[np.arange(count), gaps] = places
    at_or_before = np.cumsum(one_gap, 0)
    later = at_or_before[-1] - at_or_before
    uncertain_after = _bits(weighing.after).sum(-1)
    uncertain_before = _bits(weighing.before).sum(-1)
    uncertain_still = _bits(weighing.unchanged).sum(-1)
    known = (
        uncertain_after @ at_or_before.T
        + uncertain_before @ later.T
        + believed.nothing * uncertain_still[:, None]
    )
    mixed = np.zeros((weighing.unchanged.shape[0], count))
    for outcome in range(outcomes):
        chance = (
            weighing.after[..., outcome] @ at_or_before.T
            + weighing.before[..., outcome] @ later.T
            + believed.nothing * weighing.unchanged[:, None, outcome]
        )
        mixed += _bits(chance)
    gain = np.maximum(mixed - known, 0.0)
    share = at_or_before.sum(1)
    return _Looks(gain, np.maximum(_bits(share) + _bits(1 - share), gain.max(0)))


def _news(believed: Posterior, cuts: Sequence[int]) -> Floats:
    """What part of the bit at each position is still news, when the bits at the cuts are known."""
    mass = np.append(believed.places, believed.nothing)
    share = np.cumsum(believed.places)
    whole = _bits(share) + _bits(1 - share)
    left = np.zeros_like(share)
    edges = [-1, *(cut for cut in cuts), len(mass) - 1]
    for first, last in pairwise(edges):
        inside = mass[first + 1 : last + 1].sum()
        if inside <= 0:
            continue
        stop = min(last + 1, len(share))
        part = np.clip((share[first + 1 : stop] - (share[first] if first >= 0 else 0.0)) / inside, 0, 1)
        left[first + 1 : stop] = inside * (_bits(part) + _bits(1 - part))
    return np.divide(left, whole, out=np.zeros_like(whole), where=whole > _LEAST_GAIN)


def _best(
    looks: _Looks, news: Floats, price: Price, allowed: np.ndarray, checked_out: np.ndarray
) -> Step | None:
    """The step that tells most for its price."""
    positions = np.flatnonzero(allowed & (news > 0) & (looks.gain.max(0) * news > _LEAST_GAIN))
    if not len(positions):
        return None
    gain, bit = looks.gain[:, positions], looks.bit[positions]
    order = np.argsort(-gain / np.maximum(price.cases, 1e-12)[:, None], axis=0, kind="stable")
    hidden = np.log1p(-np.minimum(np.take_along_axis(gain, order, 0) / bit, 1 - 1e-12))
    of_prefix = np.cumsum(hidden, 0)  # log chance that one run of the best cases shows nothing
    cost_of_prefix = price.run + np.cumsum(price.cases[order], 0)
    repeats = np.arange(1, _MOST_REPEATS + 1)[:, None, None]
    told = -np.expm1(of_prefix * repeats) * bit * news[positions]
    cost = cost_of_prefix * repeats + np.where(checked_out[positions], 0.0, price.checkout)
    best = np.unravel_index(int(np.argmax(told / cost)), told.shape)
    times, prefix, column = (int(number) for number in best)
    return Step(
        position=int(positions[column]),
        cases=np.sort(order[: prefix + 1, column]),
        repeats=times + 1,
        gain=float(told[best]),
        price=float(cost[best]),
    )


def _bits(chance: Floats) -> Floats:
    """`-p log2 p`, elementwise."""
    positive = np.maximum(chance, 1e-300)
    bits: Floats = -positive * np.log2(positive)
    return bits
