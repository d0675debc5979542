"""Which numbers a search looks at, and how they are read from results."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from gnomon.errors import UserError


class Result(NamedTuple):
    """One test of one run, with the sums of its model calls; None where something is not known."""

    run_id: str
    case_id: str
    case_name: str
    skill: str | None
    outcome: str
    correct: bool | None
    clarification_expected: bool | None
    clarification_asked: bool | None
    tools_expected: int | None
    tools_matched: int | None
    attempts: int
    duration: float | None
    own_duration: float | None
    retries: int | None
    tokens: int | None
    cost: float | None
    latency: float | None


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by the name it has everywhere.

    Attributes:
        name: Its name in findings and on the command line.
        unit: UCUM unit.
        more_is_better: Whether more of it is better.
        is_rate: Whether a result is a success or a failure. Else it is a positive number whose log counts.
        value: A result's number: between 0 and 1 for a rate; None where the result says nothing of it.
    """

    name: str
    unit: str
    more_is_better: bool
    is_rate: bool
    value: Callable[[Result], float | None]


def _passed(result: Result) -> float | None:
    # An error outside the test itself, or a dead worker, is trouble of the machinery and says nothing.
    return {"passed": 1.0, "failed": 0.0}.get(result.outcome)


def _correct(result: Result) -> float | None:
    return None if result.correct is None else float(result.correct)


def _tools(result: Result) -> float | None:
    if not result.tools_expected or result.tools_matched is None:
        return None
    return result.tools_matched / result.tools_expected


def _asked(result: Result) -> float | None:
    if result.clarification_asked is None or result.clarification_expected:
        return None
    return float(result.clarification_asked)


def _positive(value: float | None) -> float | None:
    return math.log(value) if value is not None and value > 0 else None


def _latency(result: Result) -> float | None:
    return _positive(result.latency if result.latency is not None else result.own_duration)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("routing_accuracy", "%", True, True, _correct),
        Metric("pass_rate", "%", True, True, _passed),
        Metric("tool_use_accuracy", "%", True, True, _tools),
        Metric("clarification_rate", "%", False, True, _asked),
        Metric("latency", "s", False, False, _latency),
        Metric("cost", "USD", False, False, lambda result: _positive(result.cost)),
        Metric("tokens", "{token}", False, False, lambda result: _positive(result.tokens)),
        Metric("attempts", "{attempt}", False, False, lambda result: _positive(result.attempts)),
        Metric(
            "retries",
            "{retry}",
            False,
            False,
            lambda result: None if result.retries is None else math.log1p(result.retries),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is searched for: a metric of a suite in an environment, of one skill or of some cases of it."""

    metric: Metric
    suite: str
    environment: str
    skill: str | None = None
    cases: tuple[str, ...] = ()

    def concerns(self, result: Result) -> bool:
        """Whether a result belongs to it."""
        if self.cases and result.case_id not in self.cases:
            return False
        return self.skill is None or result.skill == self.skill

    @property
    def words(self) -> str:
        """It in a phrase: `routing_accuracy of suite routing, skill refunds`."""
        parts = [f"{self.metric.name} of suite {self.suite}"]
        if self.skill is not None:
            parts.append(f"skill {self.skill}")
        if self.cases:
            few = ", ".join(self.cases[:3])
            parts.append(
                f"case{'s' if len(self.cases) > 1 else ''} {few}{' …' if len(self.cases) > 3 else ''}"
            )
        return ", ".join(parts)


def metric_named(name: str) -> Metric:
    """The metric of a name; raises UserError for none."""
    if name not in METRICS:
        raise UserError(f"there is no metric {name!r} to search for; name one of {', '.join(METRICS)}")
    return METRICS[name]
