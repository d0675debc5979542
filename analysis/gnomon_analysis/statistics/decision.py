"""Which movements are told, and as what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gnomon_analysis.statistics import estimates, fdr
from gnomon_analysis.statistics.lines import Line
from gnomon_analysis.statistics.model import Kind, Move, Options, Verdict
from gnomon_analysis.statistics.placing import Place
from gnomon_analysis.statistics.segmentation import Cut

# Below this share no commit is named.
_NAMED = 0.12
# Nor from this probability of a slope on.
_SLOPED = 0.3
# How many times the bound a finding may be wrong by itself: one with so many entries on both sides that it
# hardly changes any more, and one that the next runs may well withdraw.
_DOUBT_SETTLED, _DOUBT_NEW = 5.0, 2.0
_SETTLED = 12


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """A movement before it is decided whether to tell it.

    Attributes:
        key: The series, or the family.
        verdict: What the shape of the movement says.
        line: The line that its size is taken from.
        cut: Where it is, over the entries of `line`.
        place: The same by commits.
        probability: That there is a movement.
        sloped: Probability that it is part of a slope, which no commit made.
        pooled: Whether other series of the family bear it out.
        members: The series that moved together, for a family.
    """

    key: str
    verdict: Verdict
    line: Line
    cut: Cut
    place: Place
    probability: float
    sloped: float
    pooled: bool
    members: tuple[str, ...] = ()


def decide(findings: Sequence[Finding], options: Options) -> list[Move]:
    """One list for all: what may be told keeps the mean probability of being no movement under the bound.

    What is likelier than not but misses the list, and what a single commit or too few runs say, is told as
    that; what is smaller than the least effect is not told.
    """
    sized = [(found, estimates.size(found.line, found.cut)) for found in findings]
    large = [
        (found, size) for found, size in sized if found.members or _matters(found.line.kind, size, options)
    ]
    verdicts = [_verdict(found, size, options) for found, size in large]
    certain = np.array([verdict in _CLAIMS for verdict in verdicts], dtype=np.bool_)
    probabilities = np.array([found.probability for found, _ in large])
    kept = np.zeros(len(large), dtype=np.bool_)
    times = np.array([_DOUBT_SETTLED if settled(found.cut) else _DOUBT_NEW for found, _ in large])
    kept[certain] = fdr.told(probabilities[certain], options.false_findings, times[certain])
    moves = [
        _move(found, size, verdict if told or not claim else Verdict.INCONCLUSIVE, options)
        for (found, size), verdict, told, claim in zip(large, verdicts, kept, certain, strict=True)
    ]
    return sorted(moves, key=lambda move: (move.last_before, move.first_after, move.key))


_CLAIMS = (Verdict.CHANGED, Verdict.UPSTREAM, Verdict.DRIFT)


def settled(cut: Cut) -> bool:
    """Whether both sides of a change are long enough for later runs to change little about it."""
    return min(cut.gap - cut.first, cut.last - cut.gap) >= _SETTLED


def _matters(kind: Kind, size: estimates.Size, options: Options) -> bool:
    least = options.least_effects.get(kind, 0.0)
    effect = size.difference.estimate if size.ratio is None else size.ratio.estimate - 1
    return abs(effect) >= least


def _verdict(found: Finding, size: estimates.Size, options: Options) -> Verdict:
    if found.verdict in (Verdict.INCONCLUSIVE, Verdict.NOT_ENOUGH_RUNS):
        return found.verdict
    if found.place.flip_among:
        return Verdict.UPSTREAM
    if found.verdict is Verdict.DRIFT:
        return Verdict.DRIFT
    runs_before, runs_after = _runs(found)
    if min(runs_before, runs_after) < options.minimum_runs and not found.pooled:
        return Verdict.NOT_ENOUGH_RUNS
    if _single_commit(found):
        return Verdict.INCONCLUSIVE
    return Verdict.CHANGED


def _single_commit(found: Finding) -> bool:
    """Whether one side is a single commit, which only another one could bear out."""
    weight = found.line.weight
    before = np.count_nonzero(weight[found.cut.first : found.cut.gap])
    after = np.count_nonzero(weight[found.cut.gap : found.cut.last])
    return bool(min(before, after) < 2)


def _runs(found: Finding) -> tuple[int, int]:
    runs = found.line.runs
    return int(runs[found.cut.first : found.cut.gap].sum()), int(runs[found.cut.gap : found.cut.last].sum())


def _move(found: Finding, size: estimates.Size, verdict: Verdict, options: Options) -> Move:
    line, cut = found.line, found.cut
    runs_before, runs_after = _runs(found)
    best = found.place.candidates[0]
    share = best.share * (1 - found.sloped)
    named = (
        verdict in (Verdict.CHANGED, Verdict.INCONCLUSIVE) and best.share >= _NAMED and found.sloped < _SLOPED
    )
    needed = None
    if verdict is Verdict.NOT_ENOUGH_RUNS:
        needed = estimates.runs_needed(line, cut, min(runs_before, runs_after), options.minimum_runs)
    return Move(
        key=found.key,
        verdict=verdict,
        last_before=int(line.at[cut.gaps[0] - 1] if verdict is Verdict.DRIFT else line.at[cut.gap - 1]),
        first_after=int(line.at[cut.gaps[-1]] if verdict is Verdict.DRIFT else line.at[cut.gap]),
        candidates=() if verdict is Verdict.DRIFT else found.place.candidates,
        place=best.at if named else None,
        p_change=found.probability,
        p_place=found.probability * share if named else 0.0,
        before=size.before,
        after=size.after,
        difference=size.difference,
        ratio=size.ratio,
        runs_before=runs_before,
        runs_after=runs_after,
        runs_needed=needed,
        since=int(line.at[cut.first]),
        until=int(line.at[cut.last - 1]),
        members=found.members,
    )
