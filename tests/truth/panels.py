"""What each panel of the boards must show, counted from the facts of the runs that it is about.

A panel that asks Prometheus and is not named here fails the test: it is added with its truth, or to those
that count nothing, with the reason.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.truth.planted_suite import Call, Fact

Key = tuple[str, str, str]
Values = dict[tuple[str, ...], float]

DECIDED: Final = ("passed", "failed", "error", "crashed")
BAD: Final = ("failed", "error", "crashed")
CACHED, INPUT, OUTPUT = "cached", "input", "output"


@dataclass(frozen=True)
class Timed:
    """A fact with the run that it is of, and how long it took by the clock."""

    run: PlayedRun
    fact: Fact
    seconds: float


@dataclass(frozen=True, eq=False)
class PlayedRun:
    """A run that is over: when it ended, how long it and its workers were there. Unix seconds."""

    number: int
    ended: float
    seconds: float
    worker_seconds: float


Facts = Sequence[Timed]
Truth = Callable[[Facts], Values]


def one(number: float) -> Values:
    return {(): number}


def total(numbers: Iterable[float]) -> Values:
    return one(sum(numbers))


def tests(facts: Facts, *outcomes: str) -> list[Fact]:
    """The facts of tests with one of these outcomes; of all tests without any."""
    return [timed.fact for timed in facts if not outcomes or timed.fact.outcome in outcomes]


def count(facts: Iterable[Fact], *labels: str) -> Values:
    return dict(Counter(tuple(str(getattr(fact, label)) for label in labels) for fact in facts))


def percent(part: Values, whole: Values) -> Values:
    return {key: 100 * part.get(key, 0) / number for key, number in whole.items() if number}


def ratio(part: Values, whole: Values) -> Values:
    return {key: part.get(key, 0) / number for key, number in whole.items() if number}


def judged(facts: Facts) -> list[Fact]:
    return [timed.fact for timed in facts if timed.fact.correct is not None]


def right(facts: Facts) -> list[Fact]:
    return [fact for fact in judged(facts) if fact.correct]


def accuracy(facts: Facts) -> Values:
    return percent(count(right(facts)), count(judged(facts)))


def calls(facts: Facts) -> list[Call]:
    return [call for timed in facts for call in timed.fact.calls]


def cost(facts: Facts) -> Values:
    return total(call.cost or 0 for call in calls(facts))


def cost_by_model(facts: Facts) -> Values:
    found: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for call in calls(facts):
        found[call.model,] += call.cost or 0
    return dict(found)


def attempts(facts: Facts) -> Values:
    return total(len(call.statuses) for call in calls(facts))


def retries(facts: Facts, reason: str = "") -> Values:
    return total(1 for call in calls(facts) for each in call.reasons if reason in ("", each))


def retries_by_reason(facts: Facts) -> Values:
    return dict(Counter((reason,) for call in calls(facts) for reason in call.reasons))


def calls_by_error(facts: Facts) -> Values:
    return dict(Counter((call.error,) for call in calls(facts)))


def tokens(facts: Facts, *kinds: str) -> Values:
    return total(getattr(call, kind) for call in calls(facts) for kind in kinds)


def tokens_by_model(facts: Facts, kind: str) -> Values:
    found: Counter[tuple[str, ...]] = Counter()
    for call in calls(facts):
        found[call.model,] += getattr(call, kind)
    return dict(found)


def asked(facts: Facts, *, expected: bool) -> Values:
    of_kind = [fact for fact in judged(facts) if fact.question is expected]
    return percent(count(fact for fact in of_kind if fact.asked), count(of_kind))


def commands(facts: Facts, name: str, *labels: str) -> Values:
    found: Counter[tuple[str, ...]] = Counter()
    for timed in facts:
        found[tuple(getattr(timed.fact, label) for label in labels)] += getattr(timed.fact, name)
    return dict(found)


def mean_seconds(facts: Facts) -> Values:
    ran = [timed.seconds for timed in facts if timed.fact.outcome != "not_run"]
    return one(sum(ran) / len(ran)) if ran else {}


BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


def buckets(facts: Facts) -> Values:
    """Cumulative, as Prometheus has them."""
    ran = sorted(timed.seconds for timed in facts if timed.fact.outcome != "not_run")
    found: Values = {(f"{bound:g}",): bisect_right(ran, bound) for bound in BOUNDS} if ran else {}
    return found | {("+Inf",): len(ran)}


def _runs(facts: Facts) -> list[PlayedRun]:
    return list({timed.run.number: timed.run for timed in facts}.values())


def busy(facts: Facts) -> float:
    return sum(timed.seconds for timed in facts)


def worker_time(facts: Facts) -> float:
    return sum(run.worker_seconds for run in _runs(facts))


def wall(facts: Facts) -> float:
    return sum(run.seconds for run in _runs(facts))


def worker_use(facts: Facts) -> Values:
    return percent(one(busy(facts)), one(worker_time(facts)))


def newest(facts: Facts, of_run: Callable[[Facts], Values]) -> Values:
    """The highest value among the newest of each suite and environment, of runs that have one."""
    found: dict[tuple[str, str], float] = {}
    for run in sorted(_runs(facts), key=lambda run: run.ended):
        own = [timed for timed in facts if timed.run is run]
        for value in of_run(own).values():
            found[own[0].fact.suite, own[0].fact.environment] = value
    return one(max(found.values())) if found else {}


def tool_use(facts: Facts, *labels: str) -> Values:
    return percent(commands(facts, "matched", *labels), commands(facts, "tools", *labels))


E, Q, S, R = "executive", "qa_engineer", "skills_engineer", "sre_operations"

COUNTED: Final[Mapping[Key, Truth]] = {
    (E, "Overall accuracy", "A"): accuracy,
    (E, "Status", "A"): accuracy,
    (E, "Total tests", "A"): lambda facts: count(tests(facts)),
    (E, "Passed", "A"): lambda facts: count(tests(facts, "passed")),
    (E, "Failed", "A"): lambda facts: count(tests(facts, *BAD)),
    (E, "Response time", "A"): mean_seconds,
    (E, "Accuracy trend", "A"): accuracy,
    (E, "Total cost", "A"): cost,
    (E, "Monthly projected cost", "A"): lambda facts: ratio({(): 30 * cost(facts)[()]}, one(7)),
    (E, "Daily budget used", "A"): lambda facts: percent(cost(facts), one(25)),
    (E, "Cost per test", "A"): lambda facts: ratio(cost(facts), count(tests(facts))),
    (E, "Cost per right answer", "A"): lambda facts: ratio(cost(facts), count(right(facts))),
    (E, "Cost trend", "A"): cost,
    (E, "Test volume", "A"): lambda facts: count(tests(facts, "passed")),
    (E, "Test volume", "B"): lambda facts: count(tests(facts, *BAD)),
    (E, "Tests by skill", "A"): lambda facts: count(tests(facts, *DECIDED), "skill"),
    (Q, "Total tests", "A"): lambda facts: count(tests(facts)),
    (Q, "Passed", "A"): lambda facts: count(tests(facts, "passed")),
    (Q, "Failed", "A"): lambda facts: count(tests(facts, *BAD)),
    (Q, "Neither", "A"): lambda facts: count(tests(facts, "skipped", "xfailed", "xpassed", "not_run")),
    (Q, "Unanswered", "A"): lambda facts: count(
        fact
        for fact in tests(facts)
        if fact.routing and fact.correct is None and fact.outcome not in ("skipped", "not_run")
    ),
    (Q, "Reruns", "A"): lambda facts: total(fact.reruns for fact in tests(facts)),
    (Q, "Pass rate", "A"): lambda facts: percent(
        count(tests(facts, "passed")), count(tests(facts, *DECIDED))
    ),
    (Q, "Routing accuracy", "A"): accuracy,
    (Q, "Mean duration", "A"): mean_seconds,
    (Q, "Results by category", "A"): lambda facts: count(tests(facts), "category", "outcome"),
    (Q, "Pass rate by category", "A"): lambda facts: percent(
        count(tests(facts, "passed"), "category"), count(tests(facts, *DECIDED), "category")
    ),
    (Q, "Test results over time", "A"): lambda facts: count(tests(facts), "outcome"),
    (Q, "Accuracy of each run", "A"): lambda facts: newest(facts, accuracy),
    (Q, "Accuracy of each run", "B"): lambda facts: newest(facts, tool_use),
    (Q, "Routing mismatches", "A"): lambda facts: count(
        (fact for fact in judged(facts) if not fact.correct), "answer"
    ),
    (Q, "Asked when it should", "A"): lambda facts: asked(facts, expected=True),
    (Q, "Asked when it should not", "A"): lambda facts: asked(facts, expected=False),
    (Q, "Duration distribution", "A"): buckets,
    (Q, "Tool use accuracy", "A"): tool_use,
    (Q, "Commands matched", "A"): lambda facts: commands(facts, "matched"),
    (Q, "Commands missing", "A"): lambda facts: total(fact.tools - fact.matched for fact in tests(facts)),
    (Q, "Tool use by skill", "A"): lambda facts: tool_use(facts, "skill"),
    (S, "Routing accuracy by target skill", "A"): lambda facts: percent(
        count(right(facts), "skill"), count(judged(facts), "skill")
    ),
    (S, "Routing accuracy by target skill", "B"): lambda facts: count(judged(facts), "skill"),
    # Labels in the order of their names: the actual one first.
    (S, "Misroute confusion matrix", "A"): lambda facts: count(judged(facts), "answer", "skill"),
    (S, "Accuracy trend", "A"): accuracy,
    (S, "Accuracy trend by skill", "A"): lambda facts: percent(
        count(right(facts), "skill"), count(judged(facts), "skill")
    ),
    (R, "Total API cost (24h)", "A"): cost,
    (R, "Average cost per test", "A"): lambda facts: ratio(cost(facts), count(tests(facts))),
    (R, "Tests run (24h)", "A"): lambda facts: count(tests(facts)),
    (R, "Cost per passed test", "A"): lambda facts: ratio(cost(facts), count(tests(facts, "passed"))),
    (R, "Cost over time", "A"): cost_by_model,
    (R, "Cost by model", "A"): cost_by_model,
    (R, "API retry rate", "A"): lambda facts: percent(retries(facts), attempts(facts)),
    (R, "429 error rate", "A"): lambda facts: percent(retries(facts, "rate_limited"), attempts(facts)),
    (R, "Failed calls", "A"): lambda facts: percent(
        total(call.error != "none" for call in calls(facts)), one(len(calls(facts)))
    ),
    (R, "API errors by type", "A"): retries_by_reason,
    (R, "Model calls by how they ended", "A"): calls_by_error,
    (R, "Duration heatmap", "A"): buckets,
    (R, "Error rate", "A"): lambda facts: percent(count(tests(facts, *BAD)), count(tests(facts, *DECIDED))),
    (R, "Tests lost", "A"): lambda facts: count(tests(facts, "crashed", "error", "not_run"), "outcome"),
    (R, "Worker use", "A"): worker_use,
    (R, "Idle time", "A"): lambda facts: one(worker_time(facts) - busy(facts)),
    (R, "Parallelism, actual and possible", "A"): lambda facts: ratio(one(busy(facts)), one(wall(facts))),
    (R, "Parallelism, actual and possible", "B"): lambda facts: ratio(
        one(worker_time(facts)), one(wall(facts))
    ),
    (R, "Worker use over time", "A"): worker_use,
    (R, "Tokens input", "A"): lambda facts: tokens(facts, INPUT),
    (R, "Tokens output", "A"): lambda facts: tokens(facts, OUTPUT),
    (R, "Input from the cache", "A"): lambda facts: percent(tokens(facts, CACHED), tokens(facts, INPUT)),
    (R, "Tokens per test", "A"): lambda facts: ratio(tokens(facts, INPUT, OUTPUT), count(tests(facts))),
    (R, "Tokens over time", "A"): lambda facts: tokens(facts, INPUT),
    (R, "Tokens over time", "B"): lambda facts: tokens(facts, OUTPUT),
    (R, "Tokens by model", "A"): lambda facts: tokens_by_model(facts, INPUT),
    (R, "Tokens by model", "B"): lambda facts: tokens_by_model(facts, OUTPUT),
}

PER_SECOND: Final[Mapping[Key, tuple[Truth, float]]] = {
    (R, "API retries and refusals", "A"): (retries, 1),
    (R, "API retries and refusals", "B"): (lambda facts: retries(facts, "rate_limited"), 1),
    (R, "Test throughput", "A"): (lambda facts: count(tests(facts)), 60),
}
"""Panels that divide by the seconds of a step: what is divided, and what it is times."""

FLAKY: Final = tuple((Q, "Flaky tests by name", ref) for ref in "ABC")

NOT_COUNTED: Final[Mapping[str, tuple[Key, ...]]] = {
    "a quantile is estimated between the bounds of a bucket": (
        *((R, title, "A") for title in ("API latency p95", "API latency p99")),
        *((R, title, ref) for title in ("API latency percentiles", "Latency percentiles") for ref in "ABCD"),
    ),
    "a level: the newest one": ((Q, "Newest run", "A"), (R, "Workers", "A")),
    "a moment, seen ten seconds later at most: tests/promql/test_reading.py": ((Q, "Last run", "A"),),
    "needs two weeks: tests/promql/test_truth.py has them": (
        *((E, "Accuracy against the week before", ref) for ref in "AB"),
    ),
    "of changes, of which there are none here: tests/dashboards": ((S, "Changes by kind", "A"),),
    "of the rule routing_test:flaky_tests, which is compared": ((Q, "Flaky tests", "A"), *FLAKY),
    "counted by services as they run: rate() and increase() estimate the ends of a window": tuple(
        (R, title, ref)
        for title, refs in (
            ("OTLP spans received", "AB"),
            ("OTLP metrics received", "AB"),
            ("OTLP export errors", "ABCD"),
            ("Export queue", "A"),
            ("Collector memory", "A"),
            ("Collector CPU", "A"),
            ("Dropped before sending", "A"),
            ("Model calls in operation", "A"),
            ("Latency in operation", "AB"),
            ("Retries in operation", "A"),
            ("Cost in operation", "A"),
            ("Calls without a price in operation", "A"),
            ("Tokens in operation", "ABCDE"),
            ("Steps in operation", "ABCD"),
        )
        for ref in refs
    ),
}
