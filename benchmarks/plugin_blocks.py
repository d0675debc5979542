"""What the pytest plugin adds to a test, told from within a run, alone and with two workers.

`python -m benchmarks.plugin_blocks` takes the plugin out of one running pytest (with pytest-xdist: of all its
processes at once) and puts it back between neighbouring blocks of tests, in random order, and compares the
two of each pair. That sees a few microseconds where whole runs of `benchmarks.plugin_overhead` differ by a
hundred from one to the next. What a plugin does outside tests is measured by itself: its start and end with
runs of one test, in turns with and without it, and what its hooks before the first and behind the last test
take longer for each test with runs that the plugin sees whole. Peers send from threads of their own, into
whichever block runs just then, so that they are measured by whole runs alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import bootstrap, trim_mean

from benchmarks.contestants import (
    GNOMON_GRPC,
    GNOMON_HTTP,
    GNOMON_SPOOL,
    Contestant,
    baseline_of,
)
from benchmarks.environments import REPOSITORY, default_cache
from benchmarks.measure import endpoint_for, how, machine, run, suite, table
from benchmarks.plugin_overhead import TEN_MILLISECONDS, TRIVIAL, python_of

RUNNER = Path(__file__).with_name("pytest_blocks.py")
OURS = (GNOMON_SPOOL, GNOMON_HTTP, GNOMON_GRPC)

_RUNS_AROUND = 3

# Of the pairs of blocks, those where the machine did something else for a while.
_TRIMMED = 0.1


@dataclass(frozen=True)
class Suite:
    """Tests of one kind: how many, how many of them make a block, and for which sizes of suite to add up.

    `arguments` are pytest's; `runs` says how often all of it is done over.
    """

    name: str
    text: str
    tests: int
    block: int
    sizes: tuple[int, ...]
    arguments: tuple[str, ...] = ()
    runs: int = 1

    @property
    def turns(self) -> int:
        """Blocks of a run with workers: an even number, with tests left behind the last."""
        return int(0.8 * self.tests) // (2 * self.block) * 2 if self.block else 0


WORKERS = ("-n", "2")

TRIVIAL_TESTS = Suite("trivial tests", TRIVIAL, 40_000, 50, (1_000, 10_000))
# Three processes on two cores take turns as they like: it takes many more pairs.
TRIVIAL_TESTS_OF_WORKERS = Suite(
    "trivial tests, -n 2", TRIVIAL, 40_000, 100, TRIVIAL_TESTS.sizes, WORKERS, runs=8
)
SLEEPING_TESTS = Suite("tests of 10 ms", TEN_MILLISECONDS, 6_000, 20, (500, 3_000, 10_000))


@dataclass(frozen=True)
class Within:
    """Microseconds: a test without the plugin, and the difference of each pair of blocks."""

    bare: float
    added: Sequence[float]

    @property
    def mean(self) -> float:
        """Their trimmed mean."""
        return float(_trimmed_mean(self.added))

    def interval(self) -> tuple[float, float]:
        """Of the trimmed mean, 95 %, by bootstrap of the pairs."""
        found = bootstrap(
            (self.added,), _trimmed_mean, n_resamples=2_000, rng=np.random.default_rng(1)
        ).confidence_interval
        return float(found.low), float(found.high)


def _trimmed_mean(values: Sequence[float] | np.ndarray, axis: int = -1) -> Any:
    return trim_mean(values, _TRIMMED, axis=axis)


def within(contestant: Contestant, of: Suite, cache: Path) -> Within:
    """What a test takes longer while it runs."""
    pairs = [pair for number in range(of.runs) for pair in _run(contestant, of, cache, number)[0]]
    bare = statistics.median(without for _, without in pairs)
    return Within(bare * 1e6, [(loaded - without) * 1e6 for loaded, without in pairs])


def around(contestant: Contestant, tests: int, arguments: tuple[str, ...], cache: Path) -> float:
    """Seconds that the plugin's hooks before and behind so many tests take: the median of a few runs."""
    whole = Suite("", TRIVIAL, tests, 0, (), arguments)
    return statistics.median(_run(contestant, whole, cache)[1] for _ in range(_RUNS_AROUND))


def start_and_end(contestant: Contestant, rounds: int, arguments: tuple[str, ...], cache: Path) -> float:
    """Seconds that a run of one test takes longer: the median over rounds that take turns."""
    base = baseline_of(contestant)
    python = python_of(contestant, cache)
    longer = []
    with suite(TRIVIAL.format(tests=1)) as folder, endpoint_for(contestant) as endpoint:
        for number in range(rounds + 1):
            turns = (contestant, base) if number % 2 else (base, contestant)
            took = {one: run(python, one, folder, arguments, endpoint).seconds for one in turns}
            if number:  # the first round fills caches
                longer.append(took[contestant] - took[base])
    return statistics.median(longer)


def _run(
    contestant: Contestant, of: Suite, cache: Path, number: int = 0
) -> tuple[list[tuple[float, float]], float]:
    with suite(of.text.format(tests=of.tests)) as folder, endpoint_for(contestant) as endpoint:
        command, environment = how(RUNNER, python_of(contestant, cache), contestant, folder, endpoint)
        written = folder / "blocks"
        environment |= {
            "BENCHMARK_BLOCKS": str(written),
            "BENCHMARK_PLUGIN": "gnomon",
            "BENCHMARK_SIZE": str(of.block),
            "BENCHMARK_TURNS": str(of.turns),
            "BENCHMARK_SEED": str(number),
            "PYTHONPATH": str(REPOSITORY),
        }
        command += of.arguments
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        found = json.loads(written.read_text(encoding="utf-8"))
    return found["blocks"], found["around"]


def report(contestants: Sequence[Contestant], suites: Sequence[Suite], rounds: int, cache: Path) -> str:
    """A table of what happens outside tests, and one for each suite."""
    outside = {}
    rows = []
    for arguments in dict.fromkeys(of.arguments for of in suites):
        for contestant in contestants:
            name = " ".join((contestant.name, *arguments))
            _tell(f"{name}: start and end")
            fixed = start_and_end(contestant, rounds, arguments, cache)
            longest, one = (around(contestant, tests, arguments, cache) for tests in (10_000, 1))
            each = (longest - one) / 9_999
            outside[contestant, arguments] = fixed, each
            rows.append((name, f"{fixed * 1e3:+.0f}", f"{each * 1e6:+.1f}"))
    texts = [
        "### Outside tests\n",
        table(("", "start and end, ms", "before and behind tests, µs a test"), rows),
        "",
    ]
    for of in suites:
        found = {}
        for contestant in contestants:
            _tell(f"{contestant.name}: {of.name}")
            found[contestant] = within(contestant, of, cache)
        of_suite = {contestant: outside[contestant, of.arguments] for contestant in contestants}
        texts += [f"### {of.name.capitalize()}\n", _added(of, found, of_suite), ""]
    return "\n".join(texts)


def _added(of: Suite, found: dict[Contestant, Within], outside: dict[Contestant, tuple[float, float]]) -> str:
    rows = []
    for contestant, one in found.items():
        low, high = one.interval()
        fixed, each = outside[contestant]
        totals = [one.mean + each * 1e6 + fixed * 1e6 / size for size in of.sizes]
        rows.append(
            (
                contestant.name,
                f"{one.bare:,.0f}",
                f"{one.mean:+.1f} [{low:+.1f}, {high:+.1f}]",
                f"{len(one.added)}",
                *(f"{total:+.0f} ({total / one.bare:.2%})" for total in totals),
            )
        )
    sizes = (f"all in all, of {size:,} tests" for size in of.sizes)
    return table(("", "µs a test without it", "added within a run", "pairs", *sizes), rows)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> None:
    """Prints Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="trivial tests and few rounds")
    parser.add_argument(
        "--rounds", type=int, default=30, help="runs of one test, with and without (default 30)"
    )
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where the environments are kept")
    arguments = parser.parse_args()
    contestants = OURS[:2] if arguments.quick else OURS
    suites: tuple[Suite, ...] = (TRIVIAL_TESTS, TRIVIAL_TESTS_OF_WORKERS, SLEEPING_TESTS)
    if arguments.quick:
        suites = (TRIVIAL_TESTS, replace(TRIVIAL_TESTS_OF_WORKERS, runs=1))
    rounds = 10 if arguments.quick else arguments.rounds
    print(f"{machine()}\n")
    print(report(contestants, suites, rounds, arguments.cache))


if __name__ == "__main__":
    main()
