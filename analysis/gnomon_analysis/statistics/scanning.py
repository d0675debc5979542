"""Where in a long line a change may be: Bayes factors of two levels against one, near each entry.

The exact search takes a time that grows with the square of a line's length. In a long line nearly all entries
can be left out of it at once: where no stretch around an entry, short or long, speaks for a change, none is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnomon_analysis.statistics.likelihoods import Likelihood
from gnomon_analysis.statistics.model import Floats, Integers

# Entries on either side, and every how many entries to look: a place that is looked at with long stretches
# need not be met exactly.
SCALES = ((6, 1), (16, 2), (40, 5), (100, 12), (250, 25))
# Log odds from which on an entry is let in, and how near to each other entries are let in at one scale.
_LET_IN = -1.0
_APART = 4
# Log odds at any place from which on a series is looked at by itself.
_LIVELY = -2.5
# Gaps of a family that are looked at in one go: that bounds the memory.
_BLOCK = 1000


def stretches(size: int, scale: tuple[int, int]) -> tuple[Integers, Integers, Integers]:
    """Gaps to look at with stretches of one scale, and where the stretches begin and end."""
    width, stride = scale
    gaps = np.arange(1, size, stride)
    return gaps, np.maximum(gaps - width, 0), np.minimum(gaps + width, size)


def factors(likelihood: Likelihood, first: Integers, gaps: Integers, last: Integers) -> Floats:
    """Log Bayes factor of two levels against one at each gap of its stretch."""
    return np.asarray(
        likelihood.between(first, gaps) + likelihood.between(gaps, last) - likelihood.between(first, last)
    )


def candidates(likelihood: Likelihood, odds: Floats) -> Integers:
    """Gaps of a line at which there may be a change; `odds` are prior log odds of one at each entry."""
    found: set[int] = set()
    for scale in SCALES:
        gaps, first, last = stretches(len(odds), scale)
        scores = factors(likelihood, first, gaps, last) + odds[gaps]
        let_in = np.flatnonzero(scores > _LET_IN)
        found.update(peaks(scores[let_in], gaps[let_in], _APART))
    return np.array(sorted(found), dtype=np.int64)


def lively(likelihood: Likelihood, odds: Floats) -> NDArray[np.bool_]:
    """Which series of a family may have a change anywhere; `odds` has shape (series, entries).

    Stretches of all scales and of all entries are looked at. Odds that are told add up to 9 over the places
    of a change, so that one of these has more than what lets a series in here.
    """
    size = odds.shape[-1]
    found = np.zeros(len(odds), dtype=np.bool_)
    for scale in (*SCALES, (size, max(1, size // 300))):
        gaps, first, last = stretches(size, scale)
        for block in np.array_split(np.arange(gaps.size), 1 + gaps.size // _BLOCK):
            scores = factors(likelihood, first[block], gaps[block], last[block]) + odds[:, gaps[block]]
            found |= scores.max(axis=-1) > _LIVELY
    return found


def peaks(scores: Floats, gaps: Integers, reach: int) -> list[int]:
    """Gaps in the order of their scores, the highest first, none within `reach` of a higher one."""
    free = np.ones(gaps.size, dtype=np.bool_)
    found: list[int] = []
    for place in np.argsort(-scores, kind="stable"):
        if free[place]:
            found.append(int(gaps[place]))
            free &= np.abs(gaps - gaps[place]) > reach
    return found
