"""Where a series is cut into stretches of one level each.

Exact Bayesian segmentation by dynamic programming over stretches: P. Fearnhead, "Exact and efficient Bayesian
inference for multiple changepoint problems", Statistics and Computing 16 (2006), with a hazard for each gap
between two measured commits. The likeliest cutting is where to start from; a change whose place is unsure is
less likely at each single gap than no change, though likelier at all of them together, so gaps are then added
and dropped by the probability of a change between their neighbours, summed over places.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from gnomon_analysis.statistics import scanning
from gnomon_analysis.statistics.likelihoods import Likelihood
from gnomon_analysis.statistics.logarithms import log_sum
from gnomon_analysis.statistics.model import Floats, Integers

# Longest line of which every gap is looked at; of a longer one those that a scan lets in.
WHOLE = 300
# A change is one near a place: beyond so many entries from its likeliest gap it would be another one. Without
# such an end, the mere length of a quiet history would make "somewhere" likely.
_REACH = 60
_ROUNDS = 12
# So many ends of stretches are asked about in one go: to ask costs as much as hundreds of answers.
_ENDS_AT_ONCE = 64
# Four in ten changes are taken back within so many entries: by a revert, or a fix.
_SOON = 20
_TAKEN_BACK = float(np.log(0.4 / _SOON))
# Log odds of a probability of 0.95.
_SURE = float(np.log(19.0))


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A change between two stretches.

    Attributes:
        first: First entry of the stretch before.
        gap: The likeliest first entry of the stretch after.
        last: End of the stretch after (its last entry plus one).
        log_odds: Log odds that there is a change between `first` and `last`, given the changes at both ends.
        gaps: Every entry from which the stretch after may begin.
        shares: Posterior share of each.
    """

    first: int
    gap: int
    last: int
    log_odds: float
    gaps: Integers
    shares: Floats

    @property
    def probability(self) -> float:
        """Probability that there is a change."""
        return float(expit(self.log_odds))


def segment(likelihood: Likelihood, hazard: Floats) -> list[Cut]:
    """The changes of a line that are likelier than not, oldest first.

    `hazard` has for each entry the probability that the line moves between the entry before and it; shape
    (entries,), the first without meaning.
    """
    size = len(hazard)
    if size < 2:
        return []
    odds = np.log(hazard) - np.log1p(-hazard)
    judge = _Judge(likelihood, odds)
    candidates = np.arange(1, size) if size <= WHOLE else scanning.candidates(likelihood, odds)
    if not candidates.size:
        return []
    gaps = _likeliest(likelihood, odds, candidates, size)
    return _settle(judge, gaps, candidates)


def change(likelihood: Likelihood, odds: Floats, first: int, last: int) -> Cut | None:
    """The change between two given ends; None where there is no gap between them.

    `odds` are prior log odds of a change at each entry. The posterior odds are the sum over gaps of prior
    odds times the likelihood of two levels over that of one.
    """
    gaps = np.arange(first + 1, last)
    if not gaps.size:
        return None
    scores = (
        odds[gaps]
        + likelihood.between(first, gaps)
        + likelihood.between(gaps, last)
        - likelihood.between(first, last)
    )
    best = int(np.argmax(scores))
    near = slice(max(0, best - _REACH), best + _REACH + 1)
    gaps, scores = gaps[near], scores[near]
    total = float(log_sum(scores))
    return Cut(first, int(gaps[np.argmax(scores)]), last, total, gaps, np.exp(scores - total))


def _likeliest(likelihood: Likelihood, odds: Floats, candidates: Integers, size: int) -> list[int]:
    """Gaps of the likeliest cutting of a line of `size` entries at some of the candidates."""
    ends = np.concatenate([[0], candidates, [size]])
    # What the best cutting up to each end comes to, and a further change there; the line's own end is none.
    best = np.concatenate([[0.0], odds[candidates], [0.0]])
    came_from = np.zeros(len(ends), dtype=np.int64)
    for begin in range(1, len(ends), _ENDS_AT_ONCE):
        last = ends[begin : begin + _ENDS_AT_ONCE, None]
        # Stretches that would begin after their end are empty, and not asked for.
        stretches = likelihood.between(np.minimum(ends[: begin + len(last)], last), last)
        for end, stretch in enumerate(stretches, start=begin):
            scores = best[:end] + stretch[:end]
            came_from[end] = place = scores.argmax()
            best[end] += scores[place]
    gaps: list[int] = []
    place = int(came_from[-1])
    while place > 0:
        gaps.append(int(ends[place]))
        place = int(came_from[place])
    return gaps[::-1]


class _Judge:
    """Judges stretches of one line, each once."""

    def __init__(self, likelihood: Likelihood, odds: Floats) -> None:
        self.odds = odds
        self._likelihood = likelihood
        self._changes: dict[tuple[int, int], Cut | None] = {}
        self._pairs: dict[tuple[int, int], tuple[float, tuple[int, int]] | None] = {}

    def change(self, first: int, last: int) -> Cut | None:
        """As the function of this name."""
        if (first, last) not in self._changes:
            self._changes[first, last] = change(self._likelihood, self.odds, first, last)
        return self._changes[first, last]

    def there_and_back(self, first: int, last: int) -> tuple[float, tuple[int, int]] | None:
        """As the function of this name."""
        if (first, last) not in self._pairs:
            self._pairs[first, last] = _there_and_back(self._likelihood, self.odds, first, last)
        return self._pairs[first, last]


def sure(evaluate: Callable[[list[int]], list[Cut]], gaps: list[int]) -> list[Cut]:
    """Judges changes that take evidence from each other: the doubtful ones are set aside, the weakest first.

    Two changes may both be doubtful, given the other, where one of them is certain: what is left is judged
    anew without what was set aside, and what was set aside comes last, where it is nothing of its own.
    """
    doubtful: list[Cut] = []
    cuts = evaluate(gaps)
    while out := weak(cuts, _SURE):
        doubtful += out
        gone = {id(cut) for cut in out}
        cuts = evaluate(sorted({cut.gap for cut in cuts if id(cut) not in gone}))
    taken = [core(cut) for cut in cuts]
    alone = [cut for cut in doubtful if not any(first <= cut.gap <= last for first, last in taken)]
    return sorted(cuts + alone, key=lambda cut: cut.gap)


def weak(cuts: Sequence[Cut], limit: float) -> list[Cut]:
    """The changes under a limit of log odds that are weaker than those next to them: these can go at once."""
    odds = np.concatenate([[np.inf], [cut.log_odds for cut in cuts], [np.inf]])
    weakest = (odds[1:-1] < limit) & (odds[1:-1] < odds[:-2]) & (odds[1:-1] <= odds[2:])
    return [cut for cut, out in zip(cuts, weakest, strict=True) if out]


def core(cut: Cut) -> tuple[int, int]:
    """First and last gap of all but a hundredth of a change's probability."""
    running = np.cumsum(cut.shares)
    inside = np.flatnonzero((running >= 0.005) & (running - cut.shares <= 0.995))
    return int(cut.gaps[inside[0]]), int(cut.gaps[inside[-1]])


def _settle(judge: _Judge, gaps: list[int], candidates: Integers) -> list[Cut]:
    """Adds and drops gaps, and moves them between their neighbours, until nothing changes."""
    size = len(judge.odds)
    for _ in range(_ROUNDS):
        cuts = _cuts(judge, gaps, size)
        if out := weak(cuts, 0.0):
            gone = {id(cut) for cut in out}
            gaps = [gap for gap, cut in zip(gaps, cuts, strict=True) if id(cut) not in gone]
            continue
        moved = [cut.gap for cut in cuts]
        added = _added(judge, moved, size, candidates)
        if not added and moved == gaps:
            break
        gaps = sorted({*moved, *added})
    found = sure(lambda places: _cuts(judge, places, size), gaps)
    return [cut for cut in found if cut.log_odds >= 0]


def _cuts(judge: _Judge, gaps: list[int], size: int) -> list[Cut]:
    """The changes at given gaps, each judged with its neighbours in place.

    A change and its reversal vouch for each other, so two next to each other are no surer than that the
    stretch around both moved at all.
    """
    ends = [0, *gaps, size]
    found = (judge.change(first, last) for first, last in zip(ends[:-2], ends[2:], strict=True))
    cuts = [cut for cut in found if cut is not None]
    limits = [np.inf] * len(cuts)
    for place, (one, other) in enumerate(itertools.pairwise(cuts)):
        if other.gap - one.gap > _REACH:
            continue
        first, last = max(one.first, one.gap - WHOLE // 2), min(other.last, other.gap + WHOLE // 2)
        either = judge.there_and_back(first, last)
        single = judge.change(first, last)
        if either is not None and single is not None:
            limit = float(np.logaddexp(either[0], single.log_odds))
            limits[place], limits[place + 1] = min(limits[place], limit), min(limits[place + 1], limit)
    return [replace(cut, log_odds=min(cut.log_odds, limit)) for cut, limit in zip(cuts, limits, strict=True)]


def _added(judge: _Judge, gaps: list[int], size: int, candidates: Integers) -> list[int]:
    """Gaps inside stretches where a change is likelier than none, or two are likelier than one or none."""
    found: list[int] = []
    for first, last in _parts([0, *gaps, size], candidates):
        single = judge.change(first, last)
        if single is None:
            continue
        if single.log_odds > 0:
            found.append(single.gap)
        if single.log_odds > 0 or size > WHOLE:
            continue
        both = judge.there_and_back(first, last)
        if both is not None and both[0] > np.logaddexp(0.0, single.log_odds):
            found += both[1]
    return found


def _parts(ends: list[int], candidates: Integers) -> Iterator[tuple[int, int]]:
    """The stretches between given ends; of a long one what lies around its candidates."""
    for first, last in itertools.pairwise(ends):
        if last - first <= WHOLE:
            yield first, last
            continue
        inside = candidates[(candidates > first) & (candidates < last)]
        for group in np.split(inside, np.flatnonzero(np.diff(inside) > WHOLE // 2) + 1):
            if group.size:
                yield max(first, int(group[0]) - WHOLE // 2), min(last, int(group[-1]) + WHOLE // 2)


def _there_and_back(
    likelihood: Likelihood, odds: Floats, first: int, last: int
) -> tuple[float, tuple[int, int]] | None:
    """Log odds of two changes near each other against none, and the likeliest two; None without room."""
    if last - first < 4:
        return None
    into = np.arange(first + 1, last - 1)[:, None]
    out_of = into + np.arange(1, min(_REACH, last - first - 2) + 1)[None, :]
    inside = out_of < last
    out_of = np.minimum(out_of, last - 1)
    after = likelihood.between(np.arange(first, last), last)
    levels = odds[out_of] + likelihood.between(first, into) + after[out_of - first]
    soon = slice(0, _SOON)
    back = _TAKEN_BACK + likelihood.around(first, into, out_of[:, soon], last)
    levels[:, soon] = np.logaddexp(levels[:, soon], back)
    scores = odds[into] + levels + likelihood.between(into, out_of) - likelihood.between(first, last)
    scores = np.where(inside, scores, -np.inf)
    row, column = np.unravel_index(int(np.argmax(scores)), scores.shape)
    near = scores[max(0, row - _REACH) : row + _REACH + 1]
    return float(log_sum(near)), (int(into[row, 0]), int(out_of[row, column]))
