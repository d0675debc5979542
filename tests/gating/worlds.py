"""Comparisons whose truth is known: `python -m tests.gating.worlds 2000` prints the table of docs/gate.md."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import click
import numpy as np

from gnomon.settings.model import Gate
from gnomon_analysis.gating.judging import MetricComparison, Sample, Verdict, adjusted, judge
from gnomon_analysis.gating.measures import MEASURES, Value

LOOKED_AT = tuple(one for one in MEASURES if one.name in {"routing_accuracy", "cost", "latency"})

# With these limits every loss is one too many, so that chance has the best of it.
NO_LOSS = Gate(accuracy_drop_points=0, cost_rise_percent=0, latency_rise_percent=0)


@dataclass(frozen=True)
class World:
    """Tests that pass at their own rates and cost and take what they do; each run has a good or bad day.

    `drop` is what every test's rate loses, `dearer` and `slower` are factors; `day` is the deviation of the
    logarithm of a whole run's latency.
    """

    title: str = "one run a side"
    cases: int = 70
    runs_before: int = 1
    runs_after: int = 1
    past: int = 8
    drop: float = 0.0
    dearer: float = 1.0
    slower: float = 1.0
    day: float = 0.1

    def compare(self, generator: np.random.Generator, gate: Gate) -> list[MetricComparison]:
        rates = generator.beta(4, 1, self.cases)
        latencies = generator.lognormal(0, 0.7, self.cases)
        costs = generator.lognormal(-5, 1.0, self.cases)
        names = [f"C{at}" for at in range(self.cases)]

        def run(drop: float = 0.0, dearer: float = 1.0, slower: float = 1.0) -> dict[str, dict[str, Value]]:
            day = generator.normal(0, self.day)
            drawn = {
                "routing_accuracy": (generator.random(self.cases) < rates - drop).astype(float),
                "latency": slower * latencies * np.exp(generator.normal(day, 0.3, self.cases)),
                "cost": dearer * costs * np.exp(generator.normal(0, 0.15, self.cases)),
            }
            return {
                metric: dict(zip(names, map(Value, found.tolist()), strict=True))
                for metric, found in drawn.items()
            }

        base = [run() for _ in range(self.runs_before)]
        head = [run(self.drop, self.dearer, self.slower) for _ in range(self.runs_after)]
        past = [run() for _ in range(self.past)]
        judged = []
        for measure in LOOKED_AT:
            assert measure.limit is not None
            of_base, of_head, of_past = ([one[measure.name] for one in runs] for runs in (base, head, past))
            sample = Sample(of_base, of_head, [[one] for one in of_past])
            found = judge(measure, sample, measure.limit(gate))
            assert found is not None
            judged.append(found)
        return adjusted(judged)

    def verdicts(self, gate: Gate, seed: int, trials: int) -> Counter[Verdict]:
        generator = np.random.default_rng(seed)
        return Counter(worst(self.compare(generator, gate)) for _ in range(trials))


def worst(metrics: Sequence[MetricComparison]) -> Verdict:
    verdicts = {metric.verdict for metric in metrics}
    return next(one for one in (Verdict.FAIL, Verdict.UNSURE, Verdict.PASS) if one in verdicts)


EQUAL = (
    World(),
    World("one run a side, nothing known of the past", past=0),
    World("20 cases, five runs a side", cases=20, runs_before=5, runs_after=5, past=0),
    World("ten runs of the base, one of the head", runs_before=10, past=0),
    World("three runs a side, restless machines", runs_before=3, runs_after=3, day=0.3),
)
WORSE = (
    World("accuracy down 30 points, one run a side", drop=0.3),
    World("accuracy down 20 points, one run against ten", drop=0.2, runs_before=10),
    World("accuracy down 10 points, five runs a side", drop=0.1, runs_before=5, runs_after=5),
    World("accuracy down 20 points, five runs a side", drop=0.2, runs_before=5, runs_after=5),
    World("a third dearer, one run a side", dearer=1.35),
    World("a third dearer, three runs a side", dearer=1.35, runs_before=3, runs_after=3),
    World("twice as slow, one run a side, 20 before", slower=2.0, past=20),
    World("twice as slow, three runs a side", slower=2.0, runs_before=3, runs_after=3),
)


def main(trials: int) -> None:
    for worlds, gate in ((EQUAL, Gate()), (EQUAL, NO_LOSS), (WORSE, Gate())):
        click.echo(f"\n{gate.accuracy_drop_points:g} points, +{gate.cost_rise_percent:g} % cost")
        for world in worlds:
            found = world.verdicts(gate, seed=20, trials=trials)
            shares = " | ".join(f"{100 * found[one] / trials:.1f} %" for one in Verdict)
            click.echo(f"| {world.title} | {shares} |")


if __name__ == "__main__":
    main(int(sys.argv[1]))
