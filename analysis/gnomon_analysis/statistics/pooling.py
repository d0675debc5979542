"""The series of a family looked at together: is there a commit where some of them move, and which?

For each gap the evidence of all series is pooled by the sum of log(1 - q + q BF), BF the Bayes factor of a
step at the gap against none and q the share of series that move, integrated over a grid (the mixture of D.
Siegmund, B. Yakir and N. R. Zhang, "Detecting simultaneous variant intervals in aligned sequences", Annals
of Applied Statistics 5, 2011, with marginal likelihoods). Many series that each say little say much
together; the series that do not move cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from gnomon_analysis.statistics import likelihoods, placing, segmentation
from gnomon_analysis.statistics.likelihoods import Likelihood
from gnomon_analysis.statistics.lines import DOUBT, Line, gathered, without_steps
from gnomon_analysis.statistics.model import Floats, Integers, Kind
from gnomon_analysis.statistics.segmentation import Cut

# Shares of a family that may move together.
SHARES = np.array([0.03, 0.08, 0.2, 0.45, 0.8])
_SEARCHES = 24
# A stretch of fewer entries than this is not searched for a further event.
_LEAST = 4
_REACH = 60


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """A commit at which series of a family move.

    Attributes:
        frame: A line that has the family's entries.
        cut: Where, over these entries.
        members: Probability of each series to have moved there, given that there is an event.
        without: Probability that this event is at each of the cut's gaps and moves a given series, as seen by
            the others alone; shape (series, gaps).
    """

    frame: Line
    cut: Cut
    members: Floats
    without: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """The series of a family over the entries of all of them.

    Attributes:
        lines: The series.
        grid: For each series, the place of each of its entries among the family's.
        frame: A line that has the family's entries; its values mean nothing.
    """

    lines: Sequence[Line]
    grid: Sequence[Integers]
    frame: Line


def family(lines: Sequence[Line]) -> Family:
    """Lays series side by side; entries are commits, under each upstream state that they were measured in."""
    entries = sorted({pair for one in lines for pair in zip(one.at.tolist(), one.tag.tolist(), strict=True)})
    where = {pair: place for place, pair in enumerate(entries)}
    grid = [
        np.array(
            [where[pair] for pair in zip(one.at.tolist(), one.tag.tolist(), strict=True)], dtype=np.int64
        )
        for one in lines
    ]
    size = len(entries)
    runs = np.zeros(size)
    for one, places in zip(lines, grid, strict=True):
        np.add.at(runs, places, one.runs)
    zeros = np.zeros(size)
    frame = Line(
        kind=lines[0].kind,
        at=np.array([at for at, _ in entries], dtype=np.int64),
        tag=np.array([tag for _, tag in entries], dtype=np.int64),
        runs=runs,
        level=zeros,
        value=zeros,
        weight=np.ones(size),
        scatter=1.0,
        freedom=0.0,
    )
    return Family(lines, grid, frame)


def events(found: Family, of_commit: Floats, inflation: float) -> list[Event]:
    """The events of a family that are likelier than not, oldest first.

    `of_commit` is the hazard of each commit; `inflation` is how many times further the series wander together
    from commit to commit than they would on their own: so much less is said by all of them together.
    """
    size = found.frame.size
    if size < 2 or len(found.lines) < 2:
        return []
    likelihood = likelihoods.of_family(found.lines, found.grid, size)
    hazard = placing.hazards(found.frame, of_commit)
    odds = np.log(hazard) - np.log1p(-hazard)
    gaps = _search(likelihood, odds, size, inflation)

    def seen(places: list[int]) -> list[Cut]:
        ends = [0, *places, size]
        stretches = zip(ends[:-2], ends[2:], strict=True)
        return [_pooled(likelihood, odds, stretch, inflation) for stretch in stretches]

    for _ in range(_SEARCHES):
        cuts = seen(gaps)
        weakest = min(cuts, key=lambda cut: cut.log_odds, default=None)
        if weakest is not None and weakest.log_odds < 0:
            gaps = [gap for gap, cut in zip(gaps, cuts, strict=True) if cut is not weakest]
        elif [cut.gap for cut in cuts] == gaps:
            break
        else:
            gaps = sorted({cut.gap for cut in cuts})
    kept = [cut for cut in segmentation.sure(seen, gaps) if cut.log_odds >= 0]
    return [_event(found.frame, likelihood, odds, cut, inflation) for cut in kept]


def _search(likelihood: Likelihood, odds: Floats, size: int, inflation: float) -> list[int]:
    """Splits at the strongest event, then both sides of it, and so on; also within shorter stretches.

    The stretches are seeded intervals (S. Kovacs, P. Buhlmann, H. Li, A. Munk, "Seeded binary segmentation",
    Biometrika 110, 2023): a change that is taken back soon shows in a short one only.
    """
    found: list[int] = []
    waiting = [(0, size)]
    while waiting:
        first, last = waiting.pop()
        best: Cut | None = None
        for low, high in _seeded(first, last):
            cut = _pooled(likelihood, odds, (low, high), inflation)
            if cut.log_odds > 0 and (best is None or cut.log_odds > best.log_odds):
                best = cut
        if best is not None:
            found.append(best.gap)
            waiting += [(first, best.gap), (best.gap, last)]
    return sorted(found)


def _seeded(first: int, last: int) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    length = float(last - first)
    while length >= _LEAST:
        count = 1 if length == last - first else 2 * int(np.ceil((last - first) / length)) - 1
        starts = np.linspace(first, last - length, count)
        stretches += [(int(np.floor(start)), int(np.ceil(start + length))) for start in starts]
        length /= 2
    return stretches


def _factors(likelihood: Likelihood, first: int, last: int) -> tuple[Integers, Floats]:
    """Gaps of a stretch and each series' log Bayes factor of a step there; shape (series, gaps)."""
    gaps = np.arange(first + 1, last)
    whole = likelihood.between(np.array([first]), np.array([last]))
    return gaps, likelihood.between(first, gaps) + likelihood.between(gaps, last) - whole


def _mixed(factors: Floats) -> Floats:
    """log(1 - q + q BF) of each share q, series and gap."""
    q = SHARES[:, None, None]
    return np.asarray(np.logaddexp(np.log1p(-q), np.log(q) + factors))


def _pooled(likelihood: Likelihood, odds: Floats, stretch: tuple[int, int], inflation: float) -> Cut:
    first, last = stretch
    gaps, factors = _factors(likelihood, first, last)
    by_share = _mixed(factors).sum(axis=1) / inflation
    scores = odds[gaps] + logsumexp(by_share, axis=0) - np.log(SHARES.size)
    best = int(np.argmax(scores))
    near = slice(max(0, best - _REACH), best + _REACH + 1)
    total = float(logsumexp(scores[near]))
    return Cut(first, int(gaps[best]), last, total, gaps[near], np.exp(scores[near] - total))


def _event(frame: Line, likelihood: Likelihood, odds: Floats, cut: Cut, inflation: float) -> Event:
    gaps = cut.gaps
    _, factors = _factors(likelihood, cut.first, cut.last)
    factors = factors[:, gaps - cut.first - 1]
    mixed = _mixed(factors)
    together = mixed.sum(axis=1, keepdims=True)
    q = np.log(SHARES)[:, None, None]
    # Joint posterior of share, gap and each series' own membership.
    prior = odds[gaps] - np.log(SHARES.size)
    joint = together[:, 0] / inflation + prior
    own = np.exp(q + factors - mixed)
    posterior = np.exp(joint - logsumexp(joint))
    members = np.einsum("sg,skg->k", posterior, own)
    others = (together - mixed) / inflation + prior
    # Odds of an event against none, in the eyes of the others.
    event = logsumexp(others, axis=(0, 2))
    whether = np.exp(event - np.logaddexp(0.0, event))
    shares = np.exp(others - event[None, :, None])
    without = whether[:, None] * np.einsum("skg,s->kg", shares, SHARES)
    return Event(frame, cut, members, without)


def together(found: Family) -> float:
    """How much further the series wander together from commit to commit than they would on their own; from 1.

    The squared sum of all standardised differences between neighbouring commits, over what independent series
    would come to: what a commit's machine or hour does to all of them shows here.
    """
    size = found.frame.size
    sums, counts = np.zeros(size), np.zeros(size)
    for one, places in zip(found.lines, found.grid, strict=True):
        if one.size < 2:
            continue
        distances = np.diff(one.value) / np.sqrt(_variance(one) * (1 / one.weight[1:] + 1 / one.weight[:-1]))
        beside = np.diff(places) == 1
        np.add.at(sums, places[1:][beside], distances[beside])
        np.add.at(counts, places[1:][beside], 1.0)
    told = counts > 1
    if not told.any():
        return 1.0
    ratio = without_steps(sums[told] ** 2, counts[told])
    pairs = float(np.count_nonzero(told))
    return max(1.0, ratio - DOUBT / float(np.sqrt(pairs)))


def rate(found: Family) -> Line:
    """The family as one series: the mean of its series, each taken around its own mean.

    Series that were not run at a commit are missing there and shift nothing, since only deviations from each
    series' own mean are averaged.
    """
    size, kind = found.frame.size, found.lines[0].kind
    sums, weights, runs = np.zeros(size), np.zeros(size), np.zeros(size)
    middle = level = mass = 0.0
    for one, places in zip(found.lines, found.grid, strict=True):
        weight = one.weight / one.scatter
        if not one.size:
            continue
        mean = float((weight * one.value).sum() / weight.sum())
        np.add.at(sums, places, weight * (one.value - mean))
        np.add.at(weights, places, weight)
        np.add.at(runs, places, one.runs)
        middle += float(weight.sum()) * mean
        level += float((weight * one.level).sum())
        mass += float(weight.sum())
    deviation = sums / weights
    middle, level = middle / mass, level / mass
    if kind is Kind.PROPORTION:
        value = np.clip(middle + deviation, 0.0, 1.0)
        return gathered(found.frame, kind, value, value, runs=runs, weight=weights)
    if kind is Kind.COUNT:
        value = np.maximum(middle + deviation, 0.0)
        return gathered(found.frame, kind, value, value, runs=runs, weight=weights)
    return gathered(
        found.frame, kind, middle + deviation, level * np.exp(deviation), runs=runs, weight=weights
    )


def _variance(one: Line) -> float:
    """Variance of a value at weight 1."""
    mean = float((one.weight * one.value).sum() / one.weight.sum())
    if one.kind is Kind.PROPORTION:
        return max(mean * (1 - mean), 0.5 / (1 + float(one.weight.sum())))
    if one.kind is Kind.COUNT:
        return max(mean, 1e-9)
    return one.scatter
