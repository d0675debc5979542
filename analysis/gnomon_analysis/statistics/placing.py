"""Which commits may be the cause: from gaps between measured commits to the commits themselves.

What is known before a look at the runs: the hazard, times what a commit touched (`Series.prior`), raised
where other series of the history say that something happened, and where the upstream state flips.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gnomon_analysis.statistics.lines import Line
from gnomon_analysis.statistics.model import Candidate, Floats, Integers
from gnomon_analysis.statistics.segmentation import Cut

# Probability that a series moves when the model, the provider or the environment does: far above any
# commit's.
_FLIP = 0.2
# No gap is likelier than that to hold a change, whatever it holds.
_MOST = 0.5
CREDIBLE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a change is.

    Attributes:
        commits: Every commit with a share, in order.
        shares: Posterior probability of each as the cause, given that there is a change.
        flipped: Probability that the change falls on a flip of the upstream state.
        candidates: The likeliest commits that hold `CREDIBLE` together, the likeliest first.
        flip_among: Whether the state flips at any of the gaps that these belong to.
    """

    commits: Integers
    shares: Floats
    flipped: float
    candidates: tuple[Candidate, ...]
    flip_among: bool


def weights(prior: Floats | None, size: int) -> Floats:
    """Relative weight of each commit as a cause, 1 on average; one array for all series without a prior."""
    if prior is None:
        return _flat(size)
    found = np.maximum(np.asarray(prior, dtype=np.float64), 0.0)
    mean = float(found.mean())
    return np.asarray(found / mean) if mean > 0 else _flat(size)


@lru_cache(maxsize=8)
def _flat(size: int) -> Floats:
    flat = np.ones(size)
    flat.flags.writeable = False
    return flat


def flips(line: Line) -> NDArray[np.bool_]:
    """Whether the upstream state of each entry differs from that of the entry before; shape (entries,)."""
    found = np.zeros(line.size, dtype=np.bool_)
    found[1:] = np.diff(line.tag) != 0
    return found


def hazards(line: Line, of_commit: Floats) -> Floats:
    """Probability of a movement between each entry and the one before; shape (entries,).

    That of any of the commits after the entry before, up to and including the entry's own, and that of a flip
    of the upstream state: one flip among many says less than the only one.
    """
    running = np.concatenate([[0.0], np.cumsum(of_commit)])
    found = np.full(line.size, 1e-12)
    found[1:] = running[line.at[1:] + 1] - running[line.at[:-1] + 1]
    flipped = flips(line)
    count = int(np.count_nonzero(flipped))
    if count:
        found[flipped] += _FLIP / count
    return np.asarray(np.clip(found, 1e-12, _MOST))


def spread(
    line: Line, gaps: Integers, shares: Floats, of_commit: Floats
) -> tuple[Integers, Floats, Integers]:
    """Shares of gaps among the commits in them, by weight: the commits, their shares, and each one's gap."""
    last = line.at[gaps]
    # Between two upstream states at one commit lies nothing but the flip, which is told at that commit.
    first = np.minimum(line.at[gaps - 1] + 1, last)
    counts = last - first + 1
    starts = np.cumsum(counts) - counts
    commits = np.arange(int(counts.sum())) - np.repeat(starts - first, counts)
    weight = of_commit[commits]
    mass = np.add.reduceat(weight, starts)
    weight = np.where(np.repeat(mass > 0, counts), weight, 1.0)
    mass = np.where(mass > 0, mass, counts)
    return commits, weight * np.repeat(shares / mass, counts), np.repeat(gaps, counts)


def place(line: Line, cut: Cut, of_commit: Floats) -> Place:
    """Shares each gap's probability among its commits by their weights."""
    flipped = flips(line)
    found, share, gaps = spread(line, cut.gaps, cut.shares, of_commit)
    falling = np.lexsort((found, -share))
    enough = int(np.searchsorted(np.cumsum(share[falling]), CREDIBLE * share.sum() - 1e-12)) + 1
    chosen = falling[:enough]
    return Place(
        commits=found,
        shares=share,
        flipped=float(share[flipped[gaps]].sum()),
        candidates=tuple(Candidate(int(found[one]), float(share[one])) for one in chosen),
        flip_among=bool(flipped[gaps[chosen]].any()),
    )
