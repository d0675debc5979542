"""What the pytest plugin adds to a suite, beside its peers.

`python -m benchmarks.plugin_overhead` runs suites of trivial tests and of 10 ms tests, alone and with
`-n 2`, in interleaved rounds, and prints the medians: seconds, ratio to the same environment without
the plugin, microseconds added a test by the clock and of processor time, and peak memory added. What is
added is told with an interval of at least 95 % from six rounds on: the same suite takes a few per cent more
or less from run to run, which is more than the plugin.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from scipy.stats import quantile_test

from benchmarks.contestants import (
    BARE_PYTEST,
    GNOMON_GRPC,
    OPENTELEMETRY_GRPC,
    OTEL_HTTP,
    OURS,
    PEERS,
    Contestant,
    baseline_of,
)
from benchmarks.environments import default_cache
from benchmarks.measure import Measure, endpoint_for, machine, run, suite, table

TRIVIAL = """
import pytest
@pytest.mark.parametrize("n", range({tests}))
def test_n(n): pass
"""
TEN_MILLISECONDS = """
import time, pytest
@pytest.mark.parametrize("n", range({tests}))
def test_n(n): time.sleep(0.01)
"""


@dataclass(frozen=True)
class Scenario:
    """A suite of `tests` tests and how it is run."""

    name: str
    text: str
    tests: int
    arguments: tuple[str, ...] = ()


SCENARIOS = (
    Scenario("1,000 trivial tests", TRIVIAL, 1_000),
    Scenario("1,000 trivial tests, -n 2", TRIVIAL, 1_000, ("-n", "2")),
    Scenario("10,000 trivial tests", TRIVIAL, 10_000),
    Scenario("10,000 trivial tests, -n 2", TRIVIAL, 10_000, ("-n", "2")),
    Scenario("500 tests of 10 ms", TEN_MILLISECONDS, 500),
    Scenario("500 tests of 10 ms, -n 2", TEN_MILLISECONDS, 500, ("-n", "2")),
)
QUICK = (
    Scenario("1,000 trivial tests", TRIVIAL, 1_000),
    Scenario("1,000 trivial tests, -n 2", TRIVIAL, 1_000, ("-n", "2")),
)
QUICK_CONTESTANTS = (*OURS, PEERS[0], OPENTELEMETRY_GRPC, PEERS[3], OTEL_HTTP)


def measure(
    scenario: Scenario, contestants: Sequence[Contestant], cache: Path, rounds: int
) -> dict[Contestant, list[Measure]]:
    """Runs each contestant once a round, each round beginning with another of them."""
    pythons = {contestant: python_of(contestant, cache) for contestant in contestants}
    measures: dict[Contestant, list[Measure]] = {contestant: [] for contestant in contestants}
    with suite(scenario.text.format(tests=scenario.tests)) as folder:
        for number in range(-1, rounds):  # the round before the first fills caches and is not counted
            shift = number % len(contestants)
            for contestant in (*contestants[shift:], *contestants[:shift]):
                with endpoint_for(contestant) as endpoint:
                    found = run(pythons[contestant], contestant, folder, scenario.arguments, endpoint)
                if number >= 0:
                    measures[contestant].append(found)
                print(
                    f"{scenario.name}: round {number + 1}/{rounds}: {contestant.name}: {found.seconds:.2f} s",
                    file=sys.stderr,
                )
    return measures


_PYTHONS: dict[str, Path] = {}


def python_of(contestant: Contestant, cache: Path) -> Path:
    """The interpreter for a contestant; each environment is prepared once a process."""
    environment = contestant.environment
    if environment.name not in _PYTHONS:
        _PYTHONS[environment.name] = environment.python(cache)
    return _PYTHONS[environment.name]


def report(scenario: Scenario, measures: dict[Contestant, list[Measure]]) -> str:
    """One scenario as a table. A ratio and a difference are medians over the rounds of one run."""
    rows = []
    for contestant, found in measures.items():
        base = measures[baseline_of(contestant)]
        seconds = statistics.median(one.seconds for one in found)
        if contestant.baseline:
            rows.append((contestant.name, f"{seconds:.2f}", "1", "", "", "", "", ""))
            continue
        pairs = list(zip(found, base, strict=True))
        ratio = statistics.median(one.seconds / other.seconds for one, other in pairs)
        processor = statistics.median(one.processor / other.processor for one, other in pairs)
        added = [(one.seconds - other.seconds) / scenario.tests * 1e6 for one, other in pairs]
        computed = [(one.processor - other.processor) / scenario.tests * 1e6 for one, other in pairs]
        controller = statistics.median(one.controller - other.controller for one, other in pairs)
        child = statistics.median(one.child - other.child for one, other in pairs)
        rows.append(
            (
                contestant.name,
                f"{seconds:.2f}",
                f"{ratio:.3f}",
                f"{processor:.3f}",
                _with_interval(added),
                _with_interval(computed),
                f"{controller:+.1f}",
                f"{child:+.1f}" if scenario.arguments else "",
            )
        )
    head = (
        *("", "s", "ratio", "CPU ratio", "µs a test", "CPU µs a test"),
        *("MB, controller", "MB, largest worker"),
    )
    return f"### {scenario.name}\n\n{table(head, rows)}\n"


def _with_interval(values: Sequence[float]) -> str:
    """The median; from six values on with its distribution-free interval of at least 95 %."""
    median = f"{statistics.median(values):+.0f}"
    # Its stubs take this pair for a number.
    low, high = cast("tuple[float, float]", quantile_test(values, p=0.5).confidence_interval(0.95))
    return median if math.isnan(low) or math.isnan(high) else f"{median} [{low:+.0f}, {high:+.0f}]"


def main() -> None:
    """Prints a Markdown table for each scenario."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 tests, three rounds, fewer peers")
    parser.add_argument("--rounds", type=int, help="counted rounds (default 5, quick 3)")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where the environments are kept")
    parser.add_argument("--ours-only", action="store_true", help="leave the peers out")
    parser.add_argument("--scenario", help="only scenarios whose name contains this")
    arguments = parser.parse_args()
    scenarios = QUICK if arguments.quick else SCENARIOS
    contestants: tuple[Contestant, ...] = (
        QUICK_CONTESTANTS if arguments.quick else (BARE_PYTEST, *OURS, GNOMON_GRPC, *PEERS)
    )
    if arguments.ours_only:
        contestants = (*OURS, GNOMON_GRPC)
    rounds = arguments.rounds or (3 if arguments.quick else 5)
    print(f"{machine()}; medians of {rounds} interleaved rounds\n")
    for scenario in scenarios:
        if arguments.scenario is None or arguments.scenario in scenario.name:
            print(report(scenario, measure(scenario, contestants, arguments.cache, rounds)), flush=True)


if __name__ == "__main__":
    main()
