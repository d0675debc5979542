"""The series of a family looked at together: is there a commit where some of them move, and which?

For each gap the evidence of all series is pooled by the sum of log(1 - q + q BF), BF the Bayes factor of a
step at the gap against none and q the share of series that move, integrated over a grid (the mixture of D.
Siegmund, B. Yakir and N. R. Zhang, "Detecting simultaneous variant intervals in aligned sequences", Annals
of Applied Statistics 5, 2011, with marginal likelihoods). Many series that each say little say much
together; the series that do not move cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from gnomon_analysis.statistics import likelihoods, placing, scanning, segmentation
from gnomon_analysis.statistics.likelihoods import Likelihood
from gnomon_analysis.statistics.lines import DOUBT, Line, gathered, relative, steady, without_steps
from gnomon_analysis.statistics.logarithms import log_sum, log_sums
from gnomon_analysis.statistics.model import Floats, Integers, Kind
from gnomon_analysis.statistics.segmentation import WHOLE, Cut

# Shares of a family that may move together.
SHARES = np.array([0.03, 0.08, 0.2, 0.45, 0.8])
_LOGITS = (np.log(SHARES) - np.log1p(-SHARES))[:, None, None]
_SEARCHES = 24
# A stretch of fewer entries than this is not searched for a further event.
_LEAST = 4
_REACH = 60
# Skewed values are not quite normal after all: a little for nothing in each series, which hundreds add up.
_MISFIT = 0.3
# Events of a long line that are nearer to each other than that are found as one to begin with.
_APART = 16
# Gaps of a long line that are looked at in one go: that bounds the memory.
_BLOCK = 1000
# What commits touched makes a series at most e^3 = 20 times likelier, or less likely, to move than the
# others.
_MOST_LEAN = 3.0


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


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """What is known before events are looked for.

    Attributes:
        likelihood: The models of the series, side by side.
        odds: Prior log odds of an event at each entry.
        lean: How much likelier each series is to be moved at each entry than the others, by what the commits
            touched: log of its weight over the mean weight; shape (series, entries), or (1, entries) where
            all are alike.
        still: Log probability that no series moves, given an event; shape (shares, entries).
        inflation: How many times further the series wander together than they would on their own.
        misfit: What is taken off each log Bayes factor.
    """

    likelihood: Likelihood
    odds: Floats
    lean: Floats
    still: Floats
    inflation: float
    misfit: float

    def factors(self, first: int, last: int, gaps: Integers) -> Floats:
        """Each series' log Bayes factor of a step at each gap of a stretch; shape (series, gaps)."""
        whole = self.likelihood.between(np.array([first]), np.array([last]))
        return np.asarray(
            self.likelihood.between(first, gaps) + self.likelihood.between(gaps, last) - whole - self.misfit
        )

    def mixed(self, factors: Floats, gaps: Integers) -> tuple[Floats, Floats]:
        """log(1 - q + q BF) of each share q, series and gap, and log(q BF) alone."""
        logit = _LOGITS + self.lean[:, gaps]
        moved = factors - np.logaddexp(0.0, -logit)
        return np.logaddexp(-np.logaddexp(0.0, logit), moved), moved

    def scores(self, factors: Floats, gaps: Integers) -> Floats:
        """Posterior log odds of an event at each gap."""
        # As `mixed` has it, summed: 1 - q + q BF is (1 - q)(1 + BF q / (1 - q)).
        moved = np.logaddexp(0.0, _LOGITS + self.lean[:, gaps] + factors).sum(axis=1)
        by_share = (moved + self.still[:, gaps]) / self.inflation
        return np.asarray(self.odds[gaps] + log_sums(by_share) - np.log(SHARES.size))

    def pooled(self, first: int, last: int) -> Cut:
        """The event between two ends, as if there were at most one."""
        # A commit alone is borne out by no other one; the first and the newest of all are looked at as such.
        least = 2 if last - first > _LEAST else 1
        low = first + (1 if first == 0 else least)
        high = last - (1 if last == self.odds.size else least)
        gaps = np.arange(low, high + 1)
        scores = self.scores(self.factors(first, last, gaps), gaps)
        best = int(np.argmax(scores))
        near = slice(max(0, best - _REACH), best + _REACH + 1)
        total = log_sum(scores[near])
        return Cut(first, int(gaps[best]), last, total, gaps[near], np.exp(scores[near] - total))


def events(found: Family, hazard: float, weights: Sequence[Floats]) -> list[Event]:
    """The events of a family that are likelier than not, oldest first.

    `hazard` is the probability of an event at a commit of mean weight; `weights` has the weight of each
    commit for each series. What the series have in common at each commit (`together`) tempers what they say
    together.
    """
    size = found.frame.size
    if size < 2 or len(found.lines) < 2:
        return []
    pool = _pool(found, hazard, weights)
    gaps = _search(pool, size) if size <= WHOLE else _scan(pool, size)
    known: dict[tuple[int, int], Cut] = {}

    def seen(places: list[int]) -> list[Cut]:
        cuts = []
        for first, gap, last in zip([0, *places], places, [*places[1:], size], strict=False):
            near = max(first, gap - WHOLE // 2), min(last, gap + WHOLE // 2)
            if near not in known:
                known[near] = pool.pooled(*near)
            cuts.append(replace(known[near], first=first, last=last))
        return cuts

    for _ in range(_SEARCHES):
        cuts = seen(gaps)
        if out := segmentation.weak(cuts, 0.0):
            gone = {id(cut) for cut in out}
            gaps = [gap for gap, cut in zip(gaps, cuts, strict=True) if id(cut) not in gone]
        elif [cut.gap for cut in cuts] == gaps:
            break
        else:
            gaps = sorted({cut.gap for cut in cuts})
    kept = [cut for cut in segmentation.sure(seen, gaps) if cut.log_odds >= 0]
    return [_event(pool, found.frame, cut) for cut in kept]


def _pool(found: Family, hazard: float, weights: Sequence[Floats]) -> _Pool:
    mean = np.mean(weights, axis=0)
    prior = placing.hazards(found.frame, hazard * mean)
    lean = np.zeros((1, found.frame.size))
    if any(own is not weights[0] for own in weights):
        of_entries = np.array([placing.hazards(found.frame, hazard * own) for own in weights])
        lean = np.log(of_entries) - np.log(of_entries.mean(axis=0))
    lean = np.clip(lean, -_MOST_LEAN, _MOST_LEAN)
    return _Pool(
        likelihood=likelihoods.of_family(found.lines, found.grid, found.frame.size),
        odds=np.log(prior) - np.log1p(-prior),
        lean=lean,
        still=_still(lean, len(found.lines)),
        inflation=together(found),
        misfit=0.0 if found.lines[0].kind is Kind.PROPORTION else _MISFIT,
    )


def _still(lean: Floats, series: int) -> Floats:
    """Log probability that none of a family's series moves; see `_Pool`."""
    blocks = np.array_split(lean, max(1, lean.shape[1] // _BLOCK), axis=1)
    summed = [np.logaddexp(0.0, _LOGITS + block).sum(axis=1) for block in blocks]
    return np.asarray(-np.concatenate(summed, axis=1) * (series / len(lean)))


def _scan(pool: _Pool, size: int) -> list[int]:
    """Places of a long line where stretches around them speak for an event."""
    places, scores = [], []
    for scale in scanning.SCALES[1:]:
        gaps, first, last = scanning.stretches(size, scale)
        for block in np.array_split(np.arange(gaps.size), max(1, gaps.size // _BLOCK)):
            factors = scanning.factors(pool.likelihood, first[block], gaps[block], last[block]) - pool.misfit
            places.append(gaps[block])
            scores.append(pool.scores(factors, gaps[block]))
    score, gap = np.concatenate(scores), np.concatenate(places)
    return sorted(scanning.peaks(score[score > 0], gap[score > 0], _APART))


def _search(pool: _Pool, size: int) -> list[int]:
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
            cut = pool.pooled(low, high)
            if cut.log_odds > 0 and (best is None or cut.log_odds > best.log_odds):
                best = cut
        if best is not None:
            found.append(best.gap)
            waiting += [(first, best.gap), (best.gap, last)]
    return sorted(found)


def _seeded(first: int, last: int) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    length = float(last - first)
    while length >= _LEAST or length == last - first > 1:
        count = 1 if length == last - first else 2 * int(np.ceil((last - first) / length)) - 1
        starts = np.linspace(first, last - length, count)
        stretches += [(int(np.floor(start)), int(np.ceil(start + length))) for start in starts]
        length /= 2
    return stretches


def _event(pool: _Pool, frame: Line, cut: Cut) -> Event:
    gaps = cut.gaps
    first, last = max(cut.first, cut.gap - WHOLE // 2), min(cut.last, cut.gap + WHOLE // 2)
    mixed, moved = pool.mixed(pool.factors(first, last, gaps), gaps)
    together_ = mixed.sum(axis=1, keepdims=True)
    # Joint posterior of share and gap, and given these each series' own membership.
    prior = pool.odds[gaps] - np.log(SHARES.size)
    joint = together_[:, 0] / pool.inflation + prior
    posterior = np.exp(joint - log_sum(joint))
    members = np.einsum("sg,skg->k", posterior, np.exp(moved - mixed))
    # The same in the eyes of all others, and with it how likely each is to have moved before it is asked.
    others = (together_ - mixed) / pool.inflation + prior
    event = log_sums(np.moveaxis(others, 1, -1).reshape(-1, others.shape[1]))
    whether = np.exp(event - np.logaddexp(0.0, event))
    logit = _LOGITS + pool.lean[:, gaps]
    shares = np.exp(others - event[None, :, None])
    without = whether[:, None] * np.einsum("skg,skg->kg", shares, expit(logit))
    return Event(frame, cut, members, without)


def lively(found: Family, hazards: Sequence[Floats]) -> NDArray[np.bool_]:
    """Which series may have moved by themselves, given the hazard of each commit for each of them."""
    size = found.frame.size
    if size < 2:
        return np.zeros(len(found.lines), dtype=np.bool_)
    hazard = np.array([placing.hazards(found.frame, own) for own in hazards])
    likelihood = likelihoods.of_family(found.lines, found.grid, size, alone=True)
    return scanning.lively(likelihood, np.log(hazard) - np.log1p(-hazard))


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
    told[1:] &= steady(np.cumsum(sums), np.ones(size))
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
        found.frame, kind, middle + deviation, level * relative(kind, deviation), runs=runs, weight=weights
    )


def _variance(one: Line) -> float:
    """Variance of a value at weight 1."""
    mean = float((one.weight * one.value).sum() / one.weight.sum())
    if one.kind is Kind.PROPORTION:
        return max(mean * (1 - mean), 0.5 / (1 + float(one.weight.sum())))
    if one.kind is Kind.COUNT:
        return max(mean, 1e-9)
    return one.scatter
