"""The scenarios: histories drawn by number from a seed, so that any of them can be made anywhere, alone.

Sizes and numbers of series follow the study that set the bars; a group that has more histories here, for the
sake of a smaller standard error, counts less in figures over all groups (`weight`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.changes import short
from benchmarks.changes.drawing import drawn, stepped
from benchmarks.changes.history import Disturbance, Disturbed, History, Step
from benchmarks.changes.levels import (
    MARGIN,
    SECONDS,
    any_level,
    any_place,
    any_rate,
    batch,
    pass_rate,
    step_of,
)
from benchmarks.changes.touching import CONFIG, FITTING, SHIPPED, cause, touched
from gnomon_analysis.statistics.model import Floats, Kind, Series

Draw = Callable[[np.random.Generator, int], History]

COMMITS = 100


@dataclass(frozen=True, slots=True)
class Group:
    """A scenario: how many histories of it a run takes, and a quick one."""

    draw: Draw
    histories: int
    quick: int


def history(seed: int, group: str, number: int) -> History:
    """History `number` of a group; the same on every machine and in every process."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(group.encode()), number]))
    return GROUPS[group].draw(rng, number)


def numbers(group: str, quick: bool) -> Iterator[int]:
    """The numbers of a group's histories."""
    return iter(range(GROUPS[group].quick if quick else GROUPS[group].histories))


# Single series, one step.

POINTS = (5, 10, 20, 30, 40)
RUNS = (1, 3, 5, 10, 20)
CELLS: tuple[tuple[Kind, int, int], ...] = (
    *((Kind.PROPORTION, points, runs) for points in POINTS for runs in RUNS),
    *(
        (kind, percent, runs)
        for kind in (Kind.DURATION, Kind.COST)
        for percent in (25, 50)
        for runs in (1, 5, 20)
    ),
)
_UNITS = {Kind.PROPORTION: "-{} points", Kind.DURATION: "latency +{} %", Kind.COST: "cost +{} %"}


def _single(rng: np.random.Generator, number: int) -> History:
    kind, size, runs = CELLS[number % len(CELLS)]
    at = any_place(rng, COMMITS)
    step = step_of(rng, kind, size, at)
    levels = stepped(COMMITS, step.before, (at, step.after))
    series = drawn(rng, "series", kind, levels, runs)
    return History(
        "single",
        f"{_UNITS[kind].format(size)}, {runs} runs",
        COMMITS,
        (series,),
        {"series": (step,)},
        clear=size >= 20 and runs >= 5,
        weight=0.5 if kind is Kind.PROPORTION else 0.25,
    )


# Suites: one run of each case at each commit.

CASES = 70
SUITE_COMMITS = 60


def _suite(moved: int, points: int, group: str, weight: float, paths: bool = False) -> Draw:
    def draw(rng: np.random.Generator, number: int) -> History:
        commits = touched(rng, SUITE_COMMITS, 10)
        at = any_place(rng, SUITE_COMMITS)
        guilty = int(rng.integers(10))
        commits = commits.with_causes({at: guilty})
        order = rng.permutation(CASES)
        if paths:
            # The skill's own cases first: it is them that its text moves, and then some of its neighbours.
            order = np.concatenate([order[order % 10 == guilty], order[order % 10 != guilty]])
        falling = set(order[:moved].tolist())
        series, steps = [], {}
        for case in range(CASES):
            before = pass_rate(rng, points) if case in falling else any_rate(rng)
            after = before - points / 100 if case in falling else before
            if case in falling:
                steps[f"case {case}"] = (Step(at, before, after),)
            levels = stepped(SUITE_COMMITS, before, (at, after))
            prior = commits.prior(case % 10) if paths else None
            series.append(drawn(rng, f"case {case}", Kind.PROPORTION, levels, 1, family="suite", prior=prior))
        cell = f"{moved} of {CASES} by {points}" + (", paths known" if paths else "")
        return History(group, cell, SUITE_COMMITS, tuple(series), steps, weight=weight)

    return draw


# Families of twenty cases.


def _shared(rng: np.random.Generator, number: int) -> History:
    at = any_place(rng, COMMITS)
    falling = set(rng.permutation(20)[: 4 + number % 5].tolist())
    series, steps = [], {}
    for case in range(20):
        before = pass_rate(rng, 20) if case in falling else any_rate(rng)
        after = before - 0.2 if case in falling else before
        if case in falling:
            steps[f"case {case}"] = (Step(at, before, after),)
        levels = stepped(COMMITS, before, (at, after))
        series.append(drawn(rng, f"case {case}", Kind.PROPORTION, levels, 5, family="suite"))
    return History("shared", f"{len(falling)} of 20", COMMITS, tuple(series), steps)


def _two_causes(rng: np.random.Generator, number: int) -> History:
    """A skill's text moves the cases of its skill, the configuration, a few commits later, some of all."""
    first = any_place(rng, COMMITS - 6)
    second = first + int(rng.integers(2, 7))
    commits = touched(rng, COMMITS, 4).with_causes({first: 0, second: CONFIG})
    by_config = set(rng.permutation(np.arange(5, 20))[:5].tolist())
    series, steps = [], {}
    for case in range(20):
        skill = 0 if case < 5 else 1 + case % 3
        at = first if case < 5 else second if case in by_config else None
        before = pass_rate(rng, 50) if at is not None else any_rate(rng)
        levels = np.full(COMMITS, before)
        if at is not None:
            step = Step(at, before, before - rng.uniform(0.30, 0.50))
            steps[f"case {case}"] = (step,)
            levels = stepped(COMMITS, before, (at, step.after))
        series.append(
            drawn(
                rng,
                f"case {case}",
                Kind.PROPORTION,
                levels,
                10,
                family="suite",
                prior=commits.prior(skill),
            )
        )
    return History("two-causes", "skill, then config", COMMITS, tuple(series), steps, weight=0.5)


def _repository(rng: np.random.Generator, number: int) -> History:
    """One commit moves all there is, while each commit's machine and hour move all a little, too."""
    at = any_place(rng, COMMITS)
    weather = rng.normal(0, 1, COMMITS)
    series, steps = [], {}
    for place in range(20):
        kind, runs = (Kind.PROPORTION, 5) if place < 12 else (Kind.DURATION if place < 16 else Kind.COST, 5)
        size = int(rng.integers(20, 41)) if kind is Kind.PROPORTION else int(rng.integers(25, 61))
        step = step_of(rng, kind, size, at)
        steps[f"{kind} {place}"] = (step,)
        wobble = batch(kind) * (0.7 * weather + 0.7 * rng.normal(0, 1, COMMITS))
        levels = stepped(COMMITS, step.before, (at, step.after))
        series.append(drawn(rng, f"{kind} {place}", kind, levels, runs, family=kind.value, wobble=wobble))
    return History("repository", "all of 20", COMMITS, tuple(series), steps, weight=0.5)


# Steps that are harder to place.


def _sparse(group: str, weights: Mapping[str, float], weight: float) -> Draw:
    """Every fifth commit is tested; what commits touched is weighed as said, whoever the cause is."""

    def draw(rng: np.random.Generator, number: int) -> History:
        runs = (10, 20)[number % 2]
        commits = touched(rng, COMMITS, 6)
        at = cause(rng, commits, 0, MARGIN, COMMITS - MARGIN)
        step = step_of(rng, Kind.PROPORTION, int(rng.integers(30, 46)), at)
        series = drawn(
            rng,
            "series",
            Kind.PROPORTION,
            stepped(COMMITS, step.before, (at, step.after)),
            runs,
            tested=np.arange(4, COMMITS, 5),
            prior=commits.prior(0, weights),
        )
        cell = f"every fifth commit, {runs} runs"
        return History(group, cell, COMMITS, (series,), {"series": (step,)}, weight=weight)

    return draw


def _revert(rng: np.random.Generator, number: int) -> History:
    length = 6 + number % 5
    at = any_place(rng, COMMITS - length)
    step = step_of(rng, Kind.PROPORTION, int(rng.integers(20, 41)), at)
    levels = stepped(COMMITS, step.before, (at, step.after), (at + length, step.before))
    steps = (step, Step(at + length, step.after, step.before))
    series = drawn(rng, "series", Kind.PROPORTION, levels, 5)
    return History("revert", f"after {length}", COMMITS, (series,), {"series": steps}, weight=0.5)


# What is no commit's doing.


def _upstream(rng: np.random.Generator, number: int) -> History:
    """The model changes under the suite; in every second history a commit moves some other cases, too."""
    swapped = any_place(rng, COMMITS)
    tag = stepped(COMMITS, 0, (swapped, 1)).astype(np.int64)
    at = any_place(rng, COMMITS)
    while abs(at - swapped) < MARGIN:
        at = any_place(rng, COMMITS)
    runs = (5, 10)[number // 2 % 2]
    series, steps, disturbed = [], {}, {}
    for case in range(20):
        key = f"case {case}"
        points = rng.uniform(0.15, 0.35)
        before = pass_rate(rng, 35)
        if case < 12:
            levels = stepped(COMMITS, before, (swapped, before - points))
            disturbed[key] = Disturbed(Disturbance.UPSTREAM, swapped, swapped)
        elif case < 16 and number % 2:
            levels = stepped(COMMITS, before, (at, before - points))
            steps[key] = (Step(at, before, before - points),)
        else:
            levels = np.full(COMMITS, before)
        series.append(drawn(rng, key, Kind.PROPORTION, levels, runs, family="suite", tag=tag))
    cell = f"{runs} runs" + (", and a commit" if number % 2 else "")
    return History("upstream", cell, COMMITS, tuple(series), steps, disturbed, weight=0.5)


def _drift(rng: np.random.Generator, number: int) -> History:
    kind, runs = ((Kind.PROPORTION, 5), (Kind.PROPORTION, 10), (Kind.DURATION, 5))[number % 3]
    first = int(rng.integers(10, 31))
    slope = np.clip((np.arange(COMMITS) - first) / 60, 0, 1)
    rate = kind is Kind.PROPORTION
    levels = pass_rate(rng, 30) - 0.3 * slope if rate else SECONDS * 1.5**slope
    series = drawn(rng, "series", kind, levels, runs)
    cell = f"{'30 points' if rate else 'latency +50 %'} over 60 commits, {runs} runs"
    disturbed = {"series": Disturbed(Disturbance.DRIFT, first, first + 60)}
    return History("drift", cell, COMMITS, (series,), {}, disturbed, weight=1 / 3)


def _blip(rng: np.random.Generator, number: int) -> History:
    at = any_place(rng, COMMITS)
    runs, least = ((10, 40), (20, 60))[number % 2]
    points = int(rng.integers(least, least + 21))
    before = pass_rate(rng, points)
    levels = stepped(COMMITS, before, (at, before - points / 100), (at + 1, before))
    series = drawn(rng, "series", Kind.PROPORTION, levels, runs)
    disturbed = {"series": Disturbed(Disturbance.BLIP, at, at)}
    return History(
        "blip",
        f"{least} to {least + 20} points, {runs} runs",
        COMMITS,
        (series,),
        {},
        disturbed,
        weight=1 / 3,
    )


# Nothing at all.

_CLEAN = (
    *((Kind.PROPORTION, runs) for runs in RUNS),
    (Kind.DURATION, 1),
    (Kind.DURATION, 5),
    (Kind.COST, 1),
    (Kind.COST, 5),
    (Kind.COUNT, 5),
)


def _clean(rng: np.random.Generator, number: int) -> History:
    """One series; every second knows what the commits touched."""
    kind, runs = _CLEAN[number % len(_CLEAN)]
    prior = touched(rng, COMMITS, 6).prior(0) if number // len(_CLEAN) % 2 else None
    series = drawn(rng, "series", kind, np.full(COMMITS, any_level(rng, kind)), runs, prior=prior)
    return History("clean", f"{kind}, {runs} runs", COMMITS, (series,), weight=0.4)


def _clean_suite(rng: np.random.Generator, number: int) -> History:
    series = tuple(_clean_case(rng, f"case {case}", SUITE_COMMITS, 1) for case in range(CASES))
    return History("clean-suite", "70 cases, 1 run", SUITE_COMMITS, series, weight=0.0)


def _wobble(rng: np.random.Generator, number: int) -> History:
    kind = (Kind.PROPORTION, Kind.PROPORTION, Kind.DURATION, Kind.COST)[number % 4]
    runs = (5, 20)[number // 4 % 2]
    wobble = batch(kind) * rng.normal(0, 1, COMMITS)
    series = drawn(rng, "series", kind, np.full(COMMITS, any_level(rng, kind)), runs, wobble=wobble)
    return History("wobble", f"{kind}, {runs} runs", COMMITS, (series,), weight=0.5)


def _clean_case(rng: np.random.Generator, key: str, size: int, runs: int) -> Series:
    levels: Floats = np.full(size, any_rate(rng))
    return drawn(rng, key, Kind.PROPORTION, levels, runs, family="suite")


GROUPS: Mapping[str, Group] = {
    "single": Group(_single, 80 * len(CELLS), 8 * len(CELLS)),
    "suite": Group(_suite(8, 50, "suite", 0.15), 32, 4),
    "suite-paths": Group(_suite(8, 50, "suite-paths", 0.0, paths=True), 8, 2),
    "few-4": Group(_suite(4, 50, "few-4", 0.0), 16, 4),
    "few-15": Group(_suite(15, 30, "few-15", 0.0), 16, 4),
    "broad-30": Group(_suite(30, 15, "broad-30", 0.0), 16, 4),
    "shared": Group(_shared, 20, 5),
    "two-causes": Group(_two_causes, 20, 5),
    "repository": Group(_repository, 20, 5),
    "sparse": Group(_sparse("sparse", FITTING, 0.25), 240, 30),
    "sparse-shipped": Group(_sparse("sparse-shipped", SHIPPED, 0.0), 120, 30),
    "revert": Group(_revert, 80, 20),
    "upstream": Group(_upstream, 20, 4),
    "drift": Group(_drift, 120, 30),
    "blip": Group(_blip, 120, 30),
    "clean": Group(_clean, 1000, 200),
    "clean-suite": Group(_clean_suite, 10, 2),
    "wobble": Group(_wobble, 200, 40),
    short.SINGLE: Group(short.single, 20 * len(short.STEPS), 4 * len(short.STEPS)),
    short.SUITE: Group(short.suite, 4 * len(short.STEPS), len(short.STEPS)),
    short.CLEAN: Group(short.clean, 80 * len(short.NOTHING), 16 * len(short.NOTHING)),
    short.CLEAN_SUITE: Group(short.clean_suite, 8 * len(short.NOTHING), 2 * len(short.NOTHING)),
}
