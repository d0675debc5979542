"""A history watched as its commits arrive: every detector is asked again after each.

An alarm is an accusation that is more than ten commits from all alarms the series has had. It is right if a
step of the series, already there, is within ten commits of it, and wrong if not: a finding that later moves
by a commit or two does not alarm again, and what a batch over the whole history would never have said still
has woken somebody.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.changes.detectors.named import detector
from benchmarks.changes.detectors.protocol import Detector
from benchmarks.changes.drawing import drawn, stepped
from benchmarks.changes.history import History, Step
from benchmarks.changes.judging import NEAR
from benchmarks.changes.scores import Figure, ratio
from gnomon_analysis.statistics.model import Kind, Series

COMMITS = 60
FIRST_LOOK = 5
"""The detectors are first asked when there are so many commits."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a detector alarmed about in one history.

    `delays` has, for each step that was found, the commits from the step to its alarm; `standing` how many of
    the right alarms the last look still tells of.
    """

    series: int
    commits: int
    steps: int
    delays: tuple[int, ...]
    wrong: int
    accused_falsely: int
    right: int
    standing: int
    seconds: float


def history(seed: int, number: int) -> History:
    """Twenty cases, of which every second falls at one commit, by 15 to 35 points at ten runs a commit."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 60, number]))
    at = int(rng.integers(20, 41))
    series, steps = [], {}
    for case in range(20):
        key = f"case {case}"
        points = rng.uniform(0.15, 0.35) if case % 2 else 0.0
        before = float(rng.uniform(0.65, 0.97))
        if case % 2:
            steps[key] = (Step(at, before, before - points),)
        levels = stepped(COMMITS, before, (at, before - points))
        series.append(drawn(rng, key, Kind.PROPORTION, levels, 10, family="suite"))
    return History("replay", "10 of 20", COMMITS, tuple(series), steps)


def watch(task: tuple[str, int, int]) -> Watched:
    """Replays history (seed, number) past the named detector."""
    name, seed, number = task
    return watched(detector(name), history(seed, number))


def watched(asked: Detector, whole: History) -> Watched:
    """Asks the detector after each commit."""
    alarms: dict[str, list[int]] = {one.key: [] for one in whole.series}
    found: dict[tuple[str, int], int] = {}
    wrong: dict[str, int] = dict.fromkeys(alarms, 0)
    right: list[tuple[str, int]] = []
    standing: list[tuple[str, int]] = []
    began = time.perf_counter()
    for size in range(FIRST_LOOK, whole.size + 1):
        standing = []
        for finding in asked.findings(_until(whole, size)):
            if not finding.accuses or finding.place is None or finding.key not in alarms:
                continue
            place = finding.place
            standing.append((finding.key, place))
            if any(abs(place - earlier) <= NEAR for earlier in alarms[finding.key]):
                continue
            alarms[finding.key].append(place)
            step = _step_near(whole.steps.get(finding.key, ()), place, size)
            if step is None:
                wrong[finding.key] += 1
            else:
                right.append((finding.key, place))
                found.setdefault((finding.key, step.at), size - 1 - step.at)
    return Watched(
        series=len(whole.series),
        commits=whole.size,
        steps=sum(map(len, whole.steps.values())),
        delays=tuple(found.values()),
        wrong=sum(wrong.values()),
        accused_falsely=sum(count > 0 for count in wrong.values()),
        right=len(right),
        standing=sum(
            any(key == other and abs(place - now) <= NEAR for other, now in standing) for key, place in right
        ),
        seconds=time.perf_counter() - began,
    )


def figures(watched: Sequence[Watched]) -> dict[str, Figure]:
    """The figures over all replayed histories."""
    delays = sorted(delay for one in watched for delay in one.delays)
    return {
        "found": ratio((len(one.delays), one.steps) for one in watched),
        "median delay": _quantile(delays, 0.5),
        "90th": _quantile(delays, 0.9),
        "false /1,000": ratio((one.wrong, one.series * one.commits / 1000) for one in watched),
        "ever falsely accused": ratio((one.accused_falsely, one.series) for one in watched),
        "wrong share of alarms": ratio((one.wrong, one.wrong + one.right) for one in watched),
        "still told at the end": ratio((one.standing, one.right) for one in watched),
    }


def _until(whole: History, size: int) -> History:
    return replace(whole, size=size, series=tuple(_cut(one, size) for one in whole.series))


def _cut(series: Series, size: int) -> Series:
    rows = int(np.searchsorted(series.at, size))
    return replace(
        series,
        at=series.at[:rows],
        value=series.value[:rows],
        trials=series.trials[:rows],
        tag=series.tag[:rows],
        prior=None if series.prior is None else series.prior[:size],
    )


def _step_near(steps: Sequence[Step], place: int, size: int) -> Step | None:
    there = [step for step in steps if step.at < size and abs(place - step.at) <= NEAR]
    return min(there, key=lambda step: abs(place - step.at), default=None)


def _quantile(ordered: Sequence[int], share: float) -> Figure:
    if not ordered:
        return Figure(float("nan"), float("nan"), 0)
    return Figure(float(np.quantile(ordered, share)), 0, len(ordered))
