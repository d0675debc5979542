"""What one line does: steps, slopes and blips."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gnomon_analysis.statistics import drift, likelihoods, placing, segmentation
from gnomon_analysis.statistics.lines import Line
from gnomon_analysis.statistics.logarithms import log_sum
from gnomon_analysis.statistics.model import Floats, Verdict
from gnomon_analysis.statistics.segmentation import Cut

# A slope is looked for up to so many entries before and after the steps that it would explain.
_SLOPE_REACH = 100

# From this probability on a movement is called a slope.
_SLOPE = 0.6
# In a line of so few entries a movement is told as a question from this Bayes factor on, however unlikely.
_YOUNG = 12
_QUESTION = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """A movement of a line: `CHANGED` for a step, `DRIFT` for a slope, `INCONCLUSIVE` for a single commit,
    `NOT_ENOUGH_RUNS` for what the runs speak for and are too few to say.

    Of a slope, the cut's gaps are all those that it goes over; of a blip, that of the odd commit. `sloped` is
    the probability that a step is part of a slope.
    """

    verdict: Verdict
    line: Line
    cut: Cut
    sloped: float = 0.0


def movements(line: Line, of_commit: Floats) -> list[Movement]:
    """What a line does, oldest first; `of_commit` is the hazard of each commit for it."""
    hazard = placing.hazards(line, of_commit)
    line, cuts, blips = _without_blips(line, hazard)
    steps: list[Movement] = []
    for chain in _chains(line, cuts):
        steps += _slope_or_steps(line, chain, hazard)
    found = sorted(steps + blips, key=lambda one: one.cut.gap)
    return found or _questions(line, hazard)


def _questions(line: Line, hazard: Floats) -> list[Movement]:
    """What a short line would tell with more runs: these speak for a step, but less than it is unlikely.

    The Bayes factor is that of a step at any gap, weighed by how likely one is there, against none.
    """
    if line.size > _YOUNG:
        return []
    odds = _log_odds(hazard)
    cut = segmentation.change(likelihoods.of_line(line), odds, 0, line.size)
    if cut is None or cut.log_odds - log_sum(odds[1:]) < np.log(_QUESTION):
        return []
    return [Movement(Verdict.NOT_ENOUGH_RUNS, line, cut)]


def _without_blips(line: Line, hazard: Floats) -> tuple[Line, list[Cut], list[Movement]]:
    """Takes out commits that stand alone, between two stretches that are as good as one level."""
    blips: list[Movement] = []
    while True:
        likelihood = likelihoods.of_line(line)
        cuts = segmentation.segment(likelihood, hazard)
        odd = _odd_one(line, cuts)
        if odd is None:
            return line, cuts, blips
        into, out_of = odd
        entry = into.gap
        weight = line.weight.copy()
        weight[entry] = 0.0
        rest = replace(line, weight=weight)
        outer = segmentation.change(likelihoods.of_line(rest), _log_odds(hazard), into.first, out_of.last)
        if outer is not None and outer.log_odds < 0:
            alone = Cut(
                into.first,
                entry,
                entry + 1,
                min(into.log_odds, out_of.log_odds),
                np.array([entry]),
                np.ones(1),
            )
            blips.append(Movement(Verdict.INCONCLUSIVE, line, alone))
        line = rest


def _odd_one(line: Line, cuts: Sequence[Cut]) -> tuple[Cut, Cut] | None:
    """Two changes with a single measured commit between them."""
    for into, out_of in itertools.pairwise(cuts):
        if np.count_nonzero(line.weight[into.gap : out_of.gap]) == 1 and line.weight[into.gap] > 0:
            return into, out_of
    return None


def _chains(line: Line, cuts: Sequence[Cut]) -> list[list[Cut]]:
    """Changes in a row that go the same way, near enough to each other to be steps of one slope."""
    chains: list[list[Cut]] = []
    direction = 0.0
    for cut in cuts:
        step = np.sign(_mean(line, cut.gap, cut.last) - _mean(line, cut.first, cut.gap))
        if chains and step == direction and cut.gap - chains[-1][0].gap <= _SLOPE_REACH:
            chains[-1].append(cut)
        else:
            chains.append([cut])
        direction = step
    return chains


def _slope_or_steps(line: Line, chain: list[Cut], hazard: Floats) -> list[Movement]:
    begin, end = segmentation.core(chain[0])
    if len(chain) == 1 and end - begin < drift.LEAST_LENGTH // 2:
        # A slope would have left its place wide open.
        return [Movement(Verdict.CHANGED, line, chain[0])]
    first = max(chain[0].first, chain[0].gap - _SLOPE_REACH)
    last = min(chain[-1].last, chain[-1].gap + _SLOPE_REACH)
    found = drift.slope(line, first, last, hazard)
    sloped = 0.0 if found is None else found.probability
    if found is None or sloped < _SLOPE:
        return [Movement(Verdict.CHANGED, line, cut, sloped) for cut in chain]
    gaps = np.arange(max(found.begin, chain[0].first + 1), min(found.end, chain[-1].last - 1) + 1)
    strongest = max(chain, key=lambda cut: cut.log_odds)
    shares = np.full(gaps.size, 1 / gaps.size)
    whole = Cut(chain[0].first, strongest.gap, chain[-1].last, strongest.log_odds, gaps, shares)
    return [Movement(Verdict.DRIFT, line, whole)]


def _mean(line: Line, first: int, last: int) -> float:
    weight = line.weight[first:last]
    mass = float(weight.sum())
    return float((weight * line.value[first:last]).sum() / mass) if mass > 0 else 0.0


def _log_odds(hazard: Floats) -> Floats:
    return np.asarray(np.log(hazard) - np.log1p(-hazard))
