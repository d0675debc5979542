"""The same cases at two commits: how far they moved on average, and how easily chance alone does that.

The case is the unit: the runs of one case at one commit are averaged first, since they are no independent
cases. What the cases have in common drops out of each case's own difference.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from gnomon_analysis.statistics.model import Floats, Interval

# Up to so many moved cases every choice of signs is gone through; beyond, so many drawn ones.
_EXACT_CASES = 16
_DRAWN = 65_536


@dataclass(frozen=True, slots=True)
class Paired:
    """What moved between two commits over the cases that both have.

    Attributes:
        cases: How many cases both sides have.
        before: Mean of the cases before, in their own unit.
        after: Mean of the cases after.
        difference: Mean difference, after minus before, with its 95 % interval.
        risen: Cases whose own value went up, in the order given.
        fallen: Cases whose own value went down.
        p: Two-sided probability of a mean difference at least that large if each case was as likely to have
            moved the other way.
    """

    cases: int
    before: float
    after: float
    difference: Interval
    risen: tuple[str, ...]
    fallen: tuple[str, ...]
    p: float


def paired(before: Mapping[str, float], after: Mapping[str, float]) -> Paired | None:
    """Compares two commits by the value of each case; None where they share no case.

    The interval is Student's over the cases' differences, the case being the unit; with a single case it has
    no end. The test flips signs (R. A. Fisher, The Design of Experiments, 1935; exact for up to 16 moved
    cases, drawn beyond) and holds whatever the distribution. Durations and costs go in as logarithms, and the
    exponential of the difference is their ratio.
    """
    shared = [case for case in before if case in after]
    if not shared:
        return None
    first = np.array([before[case] for case in shared], dtype=np.float64)
    second = np.array([after[case] for case in shared], dtype=np.float64)
    moves = second - first
    return Paired(
        cases=len(shared),
        before=float(first.mean()),
        after=float(second.mean()),
        difference=_student(moves),
        risen=tuple(case for case, move in zip(shared, moves, strict=True) if move > 0),
        fallen=tuple(case for case, move in zip(shared, moves, strict=True) if move < 0),
        p=sign_flip_test(moves),
    )


def sign_flip_test(moves: Floats) -> float:
    """Two-sided probability of a sum at least that far from 0 when each sign is a fair coin.

    With moves of one size it is McNemar's exact test. Cases that did not move say nothing and are left out.
    """
    values = np.asarray(moves, dtype=np.float64)
    sizes = np.sort(np.abs(values[values != 0]))
    if not sizes.size:
        return 1.0
    # Sums of the same numbers in another order differ by crumbs.
    reached = abs(math.fsum(values)) - 1e-9 * float(sizes.sum())
    if sizes.size <= _EXACT_CASES:
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=sizes.size)))
        return float(np.mean(np.abs(signs @ sizes) >= reached))
    drawn = np.random.default_rng(1935).choice((-1.0, 1.0), size=(_DRAWN, sizes.size))
    # The observed signs are one of the equally likely choices, so the answer is never 0.
    return float((1 + np.count_nonzero(np.abs(drawn @ sizes) >= reached)) / (1 + _DRAWN))


def _student(moves: Floats) -> Interval:
    mean = float(moves.mean())
    if moves.size < 2:
        return Interval(mean, -math.inf, math.inf)
    margin = float(special.stdtrit(moves.size - 1, 0.975)) * float(moves.std(ddof=1)) / math.sqrt(moves.size)
    return Interval(mean, mean - margin, mean + margin)
