"""What a search for a commit takes, and how often it is right, beside the ways it is done elsewhere.

`python -m benchmarks.bisection` plays searches among 32 commits whose culprit is known, for tests that pass
at some rate before and at another after it. Known beforehand are 40 runs at the good end and 10 at the bad
end; they are not counted. Beside Gnomon's search stand a plain bisection, bisections with several runs a
step, and Gnomon's own with rates that are estimated once and taken for true. Then whole suites and durations.

Each line has the share of searches that end at the right commit, the mean number of runs, and the mean
confidence that was stated, which should be the share right. The process ends with 1 if a bar is not met.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.measure import machine, table
from gnomon_analysis.bisection.evidence import Evidence, Floats, LevelEvidence, RateEvidence
from gnomon_analysis.bisection.search import Posterior, Price, next_steps, posterior

LAST = 32
SURE = 0.95
MOST_RUNS = 2000
RATES = ((1.0, 0.0), (0.95, 0.0), (0.95, 0.3), (0.95, 0.6), (0.95, 0.75), (0.9, 0.7))
BARRED = (0.95, 0.6)
BARS = {"right": 0.94, "runs": 95.0}


@dataclass
class Played:
    """One search: whether it was right, its runs, its price in runs of the whole suite, what it stated."""

    right: bool
    runs: int
    price: float
    stated: float


@dataclass
class Truth:
    """Rates of the cases before and after the culprit, and all chance."""

    culprit: int
    before: Floats
    after: Floats
    rng: np.random.Generator
    runs: int = 0

    def run(self, position: int, cases: np.ndarray, times: int = 1) -> Floats:
        """Passes of some cases in some runs."""
        self.runs += times
        rate = (self.after if position >= self.culprit else self.before)[cases]
        passed: Floats = self.rng.binomial(times, rate).astype(float)
        return passed

    def known(self, good: int, bad: int) -> RateEvidence:
        """What is there before the search, at both ends."""
        successes, trials = np.zeros((2, len(self.before), LAST + 1))
        trials[:, 0], trials[:, LAST] = good, bad
        successes[:, 0] = self.rng.binomial(good, self.before)
        successes[:, LAST] = self.rng.binomial(bad, self.after)
        return RateEvidence(successes, trials)


@dataclass
class Search:
    """Gnomon's search. `chooses` says whether it may run some cases alone."""

    prior: Floats = field(default_factory=lambda: np.ones(LAST + 1))
    chooses: bool = True
    cases_in_run: int = 1

    def play(self, truth: Truth, evidence: RateEvidence) -> Played:
        """Until it is sure."""
        count = self.cases_in_run
        divided = Price(0.0, 0.1, np.full(count, 0.9 / count))
        price = divided if count > 1 else Price(0.0, 1.0, np.zeros(1))
        spent = 0.0
        while True:
            believed = posterior(evidence, self.prior)
            steps = next_steps(believed, price, runnable=np.ones(LAST + 1, bool))
            if believed.confidence >= SURE or not steps or truth.runs >= MOST_RUNS:
                return _played(believed, truth, spent)
            step = steps[0]
            cases = step.cases if self.chooses else np.arange(count)
            passed = truth.run(step.position, cases, step.repeats)
            evidence.add(step.position, cases, passed, np.full(len(cases), float(step.repeats)))
            spent += step.repeats * (price.run + price.cases[cases].sum())


def _played(believed: Posterior, truth: Truth, spent: float) -> Played:
    right = believed.likeliest == truth.culprit and believed.nothing < 0.5
    return Played(right, truth.runs, spent, believed.confidence)


def gnomon(truth: Truth, evidence: RateEvidence) -> Played:
    """All commits alike."""
    return Search().play(truth, evidence)


def gnomon_with_paths(truth: Truth, evidence: RateEvidence) -> Played:
    """One commit in four touched a skill, and of culprits nine in ten did."""
    touched = truth.rng.random(LAST + 1) < 0.25
    touched[truth.culprit] = truth.rng.random() < 0.9
    return Search(np.where(touched, 1.0, 0.05)).play(truth, evidence)


def plugged_in(truth: Truth, evidence: RateEvidence) -> Played:
    """Rates estimated from 20 runs at each end and taken for true; the next run at the posterior's median."""
    good, bad = (truth.run(position, np.zeros(1, int), 20)[0] for position in (0, LAST))
    before, after = (good + 0.5) / 21, (bad + 0.5) / 21
    logs = np.zeros(LAST + 1)
    logs[0] = -np.inf
    while True:
        mass = np.exp(logs - logs.max())
        mass /= mass.sum()
        if mass.max() >= SURE or truth.runs >= MOST_RUNS:
            return Played(int(mass.argmax()) == truth.culprit, truth.runs, 0.0, float(mass.max()))
        position = int(np.abs(np.cumsum(mass) - 0.5).argmin())
        passed = bool(truth.run(position, np.zeros(1, int))[0])
        is_after = np.arange(LAST + 1) <= position
        logs += np.log(np.where(is_after, after if passed else 1 - after, before if passed else 1 - before))


def bisection(runs: int, is_bad: Callable[[float, float], bool]) -> Callable[[Truth, RateEvidence], Played]:
    """Halving, with so many runs a step."""

    def play(truth: Truth, evidence: RateEvidence) -> Played:
        rates = evidence.successes[0, [0, LAST]] / evidence.trials[0, [0, LAST]]
        low, high = 0, LAST
        while high - low > 1:
            middle = (low + high) // 2
            passed = truth.run(middle, np.zeros(1, int), runs)[0] / runs
            low, high = (low, middle) if is_bad(passed, float(rates.mean())) else (middle, high)
        return Played(high == truth.culprit, truth.runs, 0.0, 1.0)

    return play


WAYS: dict[str, Callable[[Truth, RateEvidence], Played]] = {
    "Gnomon": gnomon,
    "Gnomon, with what commits touched": gnomon_with_paths,
    "rates estimated and plugged in": plugged_in,
    "bisect, 1 run a step": bisection(1, lambda passed, middle: passed == 0),
    "bisect, 10 runs a step, bad if all fail": bisection(10, lambda passed, middle: passed == 0),
    "bisect, 10 runs a step, bad below the middle": bisection(10, lambda passed, middle: passed < middle),
    "bisect, 20 runs a step, bad below the middle": bisection(20, lambda passed, middle: passed < middle),
}


def one_test(way: str, rates: tuple[float, float], seed: int, count: int) -> list[Played]:
    """Searches for what moved one test."""
    played = []
    for number in range(count):
        rng = np.random.default_rng([seed, RATES.index(rates), number])
        before, after = (np.array([rate]) for rate in rates)
        truth = Truth(int(rng.integers(1, LAST + 1)), before, after, rng)
        played.append(WAYS[way](truth, truth.known(40, 10)))
    return played


def suites(moved: int, points: float, seed: int, count: int, *, chooses: bool) -> list[Played]:
    """Searches for what moved some of 70 tests by so many points; three runs at each end."""
    played = []
    for number in range(count):
        rng = np.random.default_rng([seed, moved, number])
        before = rng.beta(4, 1, 70)
        after = before.copy()
        after[:moved] = np.clip(before[:moved] - points / 100, 0, 1)
        truth = Truth(int(rng.integers(1, LAST + 1)), before, after, rng)
        search = Search(chooses=chooses, cases_in_run=70)
        played.append(search.play(truth, truth.known(3, 3)))
    return played


def durations(rise: float, seed: int, count: int) -> list[Played]:
    """Searches for what made runs slower; logs scatter by 0.2, ten runs at the good end, five at the bad."""
    played = []
    for number in range(count):
        rng = np.random.default_rng([seed, int(100 * rise), number])
        truth = Truth(int(rng.integers(1, LAST + 1)), np.zeros(1), np.zeros(1), rng)
        positions = np.repeat([0, LAST], [10, 5])

        def measured(position: int, truth: Truth = truth) -> float:
            slower = np.log1p(rise) if position >= truth.culprit else 0.0
            return float(slower + 0.2 * truth.rng.standard_normal())

        evidence: Evidence = LevelEvidence(positions, np.array([measured(place) for place in positions]))
        assert isinstance(evidence, LevelEvidence)
        while True:
            believed = posterior(evidence, np.ones(LAST + 1))
            steps = next_steps(believed, Price(0.0, 1.0, np.zeros(1)), runnable=np.ones(LAST + 1, bool))
            if believed.confidence >= SURE or not steps or truth.runs >= 400:
                break
            evidence.add(steps[0].position, measured(steps[0].position))
            truth.runs += 1
        played.append(_played(believed, truth, float(truth.runs)))
    return played


def row(what: str, played: list[Played]) -> tuple[str, ...]:
    """Share right with its standard error, mean runs, mean stated confidence."""
    right = float(np.mean([one.right for one in played]))
    error = float(np.sqrt(right * (1 - right) / len(played)))
    stated = float(np.mean([one.stated for one in played]))
    return (
        what,
        f"{right:.3f} ± {error:.3f}",
        f"{np.mean([one.runs for one in played]):.1f}",
        f"{stated:.3f}",
    )


def main() -> None:
    """Plays, prints, holds the bars."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seed", type=int, default=5)
    options.add_argument("--searches", type=int, default=400)
    chosen = options.parse_args()
    write = sys.stdout.write
    write(f"# {machine()}\n\n{chosen.searches} searches a line, seed {chosen.seed}\n")
    head = ("way", "right", "runs", "stated")
    met = True
    for rates in RATES:
        write(f"\n## One test, {rates[0]:g} to {rates[1]:g}, 32 commits\n\n")
        rows = []
        for way in WAYS:
            played = one_test(way, rates, chosen.seed, chosen.searches)
            rows.append(row(way, played))
            if rates == BARRED and way == "Gnomon":
                right = float(np.mean([one.right for one in played]))
                runs = float(np.mean([one.runs for one in played]))
                met = right >= BARS["right"] and runs <= BARS["runs"]
                bar = f"bar: right {right:.3f} >= {BARS['right']}, runs {runs:.1f} <= {BARS['runs']}: "
                bar += "met" if met else "NOT MET"
        write(table(head, rows) + "\n")
        if rates == BARRED:
            write(f"\n{bar}\n")
    few = max(10, chosen.searches // 8)
    write(f"\n## A suite of 70 tests, 32 commits ({few} searches; price in runs of the whole suite)\n\n")
    rows = []
    for moved, points in ((1, 90), (8, 50)):
        for chooses in (True, False):
            played = suites(moved, points, chosen.seed, few, chooses=chooses)
            what = f"{moved} tests fall by {points} points, {'some' if chooses else 'all'} cases run"
            rows.append((*row(what, played), f"{np.mean([one.price for one in played]):.1f}"))
    write(table((*head, "price"), rows) + "\n")
    write(f"\n## Durations, 32 commits ({few} searches)\n\n")
    rows = [row(f"{rise:+.0%}", durations(rise, chosen.seed, few)) for rise in (0.25, 0.5, 1.0)]
    write(table(head, rows) + "\n")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
