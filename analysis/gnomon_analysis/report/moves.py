"""How far accuracy moved between two commits, case by case, and how easily chance alone moves it so.

The golden case is the unit: the same cases are answered at both commits, so they are compared in pairs; the
runs of one case at one commit are averaged first, since they are no independent cases.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gnomon.runs.proportion import wilson


@dataclass(frozen=True, slots=True)
class PairedMove:
    """The change of mean accuracy over the cases judged at both commits.

    `difference`, `low` and `high` are fractions of 1 (after minus before, with the 95 % interval);
    `risen` and `fallen` are the cases whose own share of right answers went up or down; `p` is the exact
    two-sided probability of a split at least that uneven when both directions are equally likely.
    """

    cases: int
    difference: float
    low: float
    high: float
    risen: tuple[str, ...]
    fallen: tuple[str, ...]
    p: float


def compare(before: Mapping[str, float], after: Mapping[str, float]) -> PairedMove | None:
    """Compares two commits by each case's share of right answers; None when they share no case."""
    shared = [case for case in before if case in after]
    if not shared:
        return None
    first = [before[case] for case in shared]
    second = [after[case] for case in shared]
    risen = tuple(case for case in shared if after[case] > before[case])
    fallen = tuple(case for case in shared if after[case] < before[case])
    low, high = paired_interval(first, second)
    return PairedMove(
        cases=len(shared),
        difference=(math.fsum(second) - math.fsum(first)) / len(shared),
        low=low,
        high=high,
        risen=risen,
        fallen=fallen,
        p=sign_test(len(risen), len(fallen)),
    )


def paired_interval(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """The 95 % score interval of mean(second) - mean(first) over paired cases, as fractions of 1.

    R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based
    on paired data", Statistics in Medicine 17 (1998), method 10: the Wilson limits of both shares, joined
    by their correlation with a continuity correction. For values that are means of several runs the same
    sums are used, which reduces to the published formula where every value is 0 or 1. Raises ValueError
    when the sequences differ in length or are empty.
    """
    count = len(first)
    if count != len(second) or not count:
        raise ValueError("paired shares need two sequences of one length, with at least one value")
    earlier, later = math.fsum(first) / count, math.fsum(second) / count
    earlier_low, earlier_high = _limits(earlier, count)
    later_low, later_high = _limits(later, count)
    tie = _correlation(first, second)
    below = _joined(later - later_low, earlier_high - earlier, tie)
    above = _joined(later_high - later, earlier - earlier_low, tie)
    return max(-1.0, later - earlier - below), min(1.0, later - earlier + above)


def sign_test(up: int, down: int) -> float:
    """Exact two-sided sign test: McNemar's exact test when every case has one answer a commit.

    Twice the binomial tail at one half, at most 1; 1 where nothing changed.
    """
    changed = up + down
    if not changed:
        return 1.0
    tail = sum(math.comb(changed, k) for k in range(min(up, down) + 1))
    return float(min(1.0, 2 * tail / 2**changed))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Benjamini-Hochberg adjusted p-values, in the order given.

    Y. Benjamini and Y. Hochberg, Journal of the Royal Statistical Society B 57 (1995): those at or below
    0.05 are the moves to report when at most one in twenty of the reported may be false on average.
    """
    total = len(p_values)
    order = sorted(range(total), key=lambda index: p_values[index], reverse=True)
    answer = [1.0] * total
    running = 1.0
    for passed, index in enumerate(order):
        running = min(running, p_values[index] * total / (total - passed))
        answer[index] = running
    return answer


def _limits(share: float, count: int) -> tuple[float, float]:
    limits = wilson(min(share * count, count), count)
    return limits if limits is not None else (0.0, 1.0)


def _joined(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * correlation * one * other + other * other))


def _correlation(first: Sequence[float], second: Sequence[float]) -> float:
    count = len(first)
    sum_first, sum_second = math.fsum(first), math.fsum(second)
    cross = count * math.fsum(a * b for a, b in zip(first, second, strict=True)) - sum_first * sum_second
    spread_first = count * math.fsum(a * a for a in first) - sum_first**2
    spread_second = count * math.fsum(b * b for b in second) - sum_second**2
    # Rounding leaves crumbs where every value is equal.
    if min(spread_first, spread_second) < 1e-9:
        return 0.0
    if cross > 0:
        cross = max(0.0, cross - count / 2)
    return cross / math.sqrt(spread_first * spread_second)
