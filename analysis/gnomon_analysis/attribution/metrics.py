"""The metrics that a change can move: their names, units, directions, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass

from gnomon_analysis.statistics.model import Kind


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as the store and a reader know it.

    Attributes:
        name: Its name in the store.
        title: Its name in a sentence.
        unit: UCUM unit of its values in the store.
        kind: What kind of number it is.
        more_is_better: Whether more of it is better.
        scale: The store's unit divided by that of the series: 100 for shares that are stored in percent.
        offset: Added to the scaled value. Attempts are one more than the reruns that are counted.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    more_is_better: bool
    scale: float = 1.0
    offset: float = 0.0

    @property
    def short(self) -> str:
        """Its name in a table, without article."""
        return self.title.removeprefix("the ").removeprefix("rate of ")


ROUTING_ACCURACY = Metric("routing_accuracy", "routing accuracy", "%", Kind.PROPORTION, True, 100.0)
TOOL_USE_ACCURACY = Metric("tool_use_accuracy", "tool-use accuracy", "%", Kind.PROPORTION, True, 100.0)
CLARIFICATION_RATE = Metric(
    "clarification_rate", "the rate of needless questions", "%", Kind.PROPORTION, False, 100.0
)
PASS_RATE = Metric("pass_rate", "the pass rate", "%", Kind.PROPORTION, True, 100.0)
LATENCY = Metric("latency", "latency", "s", Kind.DURATION, False)
ATTEMPTS = Metric("attempts", "attempts a test", "{attempt}", Kind.COUNT, False, offset=1.0)
RETRIES = Metric("retries", "retries a test", "{retry}", Kind.COUNT, False)
TOKENS = Metric("tokens", "tokens a test", "{token}", Kind.COST, False)
COST = Metric("cost", "the cost a test", "USD", Kind.COST, False)

METRICS = {
    metric.name: metric
    for metric in (
        *(ROUTING_ACCURACY, TOOL_USE_ACCURACY, CLARIFICATION_RATE, PASS_RATE),
        *(LATENCY, ATTEMPTS, RETRIES, TOKENS, COST),
    )
}

# What is measured of agents outside of tests, by the names that it shares with the metrics of tests. Latency
# is that of requests, from the question to the answer; only what was answered has one.
SUCCESS_RATE = Metric("success_rate", "the success rate", "%", Kind.PROPORTION, True, 100.0)
REQUEST_LATENCY = Metric("latency", "latency", "s", Kind.DURATION, False)
CALL_LATENCY = Metric("call_latency", "latency of model calls", "s", Kind.DURATION, False)
CALL_RETRIES = Metric("retries", "retries a model call", "{retry}", Kind.COUNT, False)
CALL_TOKENS = Metric("tokens", "tokens a model call", "{token}", Kind.COST, False)
REQUEST_COST = Metric("cost", "the cost a request", "USD", Kind.COST, False)

FLEET_METRICS = {
    metric.name: metric
    for metric in (SUCCESS_RATE, REQUEST_LATENCY, CALL_LATENCY, CALL_RETRIES, CALL_TOKENS, REQUEST_COST)
}
FLEET_SCOPES = frozenset({"agent", "department", "model"})


def metric_of(scope_kind: str, name: str) -> Metric:
    """The metric of a name in a scope."""
    return FLEET_METRICS[name] if scope_kind in FLEET_SCOPES else METRICS[name]


# From the widest to the narrowest. A finding in a wider scope speaks for those of narrower ones.
SCOPE_KINDS = ("suite", "department", "agent", "model", "skill", "category", "case")
