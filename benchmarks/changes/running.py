"""All histories past all detectors, on as many processes as wanted: the answers are the same on any."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.changes.detectors.named import detector
from benchmarks.changes.detectors.protocol import rate_of_all
from benchmarks.changes.judging import Judged, judged
from benchmarks.changes.scenarios import history, numbers

T = TypeVar("T")
D = TypeVar("D")

CHUNK = 20
"""Histories to a task."""

EVERY = 15.0
"""Seconds between two words about how far it is."""

RATED = ("few-4", "suite", "few-15", "broad-30")
"""Groups in which tools without cases look at the rate of all, too."""


@dataclass(frozen=True, slots=True)
class Task:
    """Some histories of a group for one detector; `rate` has it look at the rate over all cases alone."""

    detector: str
    seed: int
    group: str
    numbers: tuple[int, ...]
    rate: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a task, and the seconds that the detector took."""

    task: Task
    judged: tuple[Judged, ...]
    seconds: float


def tasks(
    detectors: Sequence[str], seeds: Sequence[int], groups: Sequence[str], quick: bool
) -> Iterator[Task]:
    """All that is to be done, the slow first."""
    for group in groups:
        chosen = tuple(numbers(group, quick))
        for seed in seeds:
            for name in detectors:
                for first in range(0, len(chosen), CHUNK):
                    yield Task(name, seed, group, chosen[first : first + CHUNK])
                if group in RATED and name in ("otava", "pelt", "naive"):
                    yield Task(name, seed, group, chosen, rate=True)


def do(task: Task) -> Done:
    """Draws the histories, asks the detector and judges what it says."""
    asked = detector(task.detector)
    answers, seconds = [], 0.0
    for number in task.numbers:
        drawn = history(task.seed, task.group, number)
        shown = rate_of_all(drawn) if task.rate else drawn
        began = time.perf_counter()
        findings = asked.findings(shown)
        seconds += time.perf_counter() - began
        answers.append(judged(drawn, findings))
    return Done(task, tuple(answers), seconds)


def all_done(work: Callable[[T], D], over: Iterable[T], processes: int, words: str = "") -> list[D]:
    """What `work` makes of each, in their order; on this process alone if one is wanted.

    Says on the standard error how far it is, as long as it takes; `words` say with what.
    """
    whole = list(over)
    if processes == 1:
        return list(_watched(map(work, whole), len(whole), words))
    with ProcessPoolExecutor(processes) as pool:
        return list(_watched(pool.map(work, whole), len(whole), words))


def _watched(results: Iterable[D], count: int, words: str) -> Iterator[D]:
    """Hands the results on, with a line every so often."""
    began = said = time.monotonic()
    for done, result in enumerate(results, 1):
        if time.monotonic() - said > EVERY:
            said = time.monotonic()
            print(f"{words}: {done} of {count} after {said - began:.0f} s", file=sys.stderr, flush=True)
        yield result
