"""The run's numbers as run points: one sample a metric and label set, stamped with the run's end.

Which metrics there are, their units, labels and buckets, is the registry's to say.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from gnomon.otlp import encode
from gnomon.registry import Metric, metrics
from gnomon.registry import attributes as a
from gnomon.registry.values import NONE
from gnomon.runs.recorded import MODEL_CALL, figure, plain
from gnomon.runs.result import TestResult
from gnomon.runs.routing import correct

Label = tuple[str, Any]
Labels = tuple[Label, ...]

_SUITE = a.TEST_SUITE_NAME.name
_CASE = a.GNOMON_TEST_CASE_ID.name
_OUTCOME = a.GNOMON_TEST_OUTCOME.name
_CATEGORY = a.GNOMON_TEST_CATEGORY.name
_SKILL = a.GEN_AI_SKILL_NAME.name
_EXPECTED = a.GNOMON_ROUTING_EXPECTED.name
_ACTUAL = a.GNOMON_ROUTING_ACTUAL.name
_CORRECT = a.GNOMON_ROUTING_CORRECT.name
_CLARIFICATION_EXPECTED = a.GNOMON_ROUTING_CLARIFICATION_EXPECTED.name
_CLARIFICATION_ASKED = a.GNOMON_ROUTING_CLARIFICATION_ASKED.name
_MODEL = a.GEN_AI_REQUEST_MODEL.name
_PROVIDER = a.GEN_AI_PROVIDER_NAME.name
_ERROR_TYPE = a.ERROR_TYPE.name
_TOKEN_TYPE = a.GEN_AI_TOKEN_TYPE.name
_COST_SOURCE = a.GNOMON_COST_SOURCE.name


_COMMON = (a.DEPLOYMENT_ENVIRONMENT_NAME.name, a.GNOMON_DEPARTMENT.name, a.GEN_AI_AGENT_NAME.name)
_RESOURCE = (a.SERVICE_NAME.name, a.DEPLOYMENT_ENVIRONMENT_NAME.name)


def _some(values: Mapping[str, Any], names: Iterable[str]) -> Iterator[Label]:
    return ((name, values[name]) for name in names if name in values)


class _Histogram:
    """One label set of a histogram."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Counts one observation; an upper bound belongs to its bucket."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def add_all(self, values: Sequence[float]) -> None:
        """What `add` does for each of many values, with one look at each bound and not at each value."""
        ordered = sorted(values)
        ends = [*(bisect_right(ordered, bound) for bound in self.bounds), len(ordered)]
        for bucket, (start, end) in enumerate(pairwise([0, *ends])):
            self.counts[bucket] += end - start
        self.total += sum(values)


class RunPoints:
    """Adds up one run. Results come in one by one, model calls at the end.

    `resource` maps the run's resource attributes to plain values. Every point carries its suite
    (a test may state another), environment and, where there are any, department and agent. Of routing
    tests, `case_series` cases have points of their own: those whose ids come first, so that it is the same
    ones in every run, whichever worker is quicker.
    """

    def __init__(self, resource: Mapping[str, Any], case_series: int) -> None:
        self._suite: str = resource[_SUITE]
        self._sequence: int = resource[a.GNOMON_RUN_SEQUENCE.name]
        self._labels = tuple(_some(resource, _COMMON))
        # Prometheus makes a series of its own of a resource: a run's id in it would be one more each run.
        self._resource = encode.resource(dict(_some(resource, _RESOURCE)))
        self._values: dict[Metric, dict[Labels, float]] = defaultdict(dict)
        self._histograms: dict[Metric, dict[Labels, _Histogram]] = defaultdict(dict)
        # Seconds that tests took which passed and said nothing, by worker: whoever meets one adds it here,
        # and all are counted in one go.
        self.plain_passes: defaultdict[str, list[float]] = defaultdict(list)
        self.outcomes: Counter[str] = Counter()
        self.attempts_beyond_first = 0
        self.judged: Counter[str] = Counter()
        self.correct: Counter[str] = Counter()
        self.unanswered = 0
        self.tools_expected: Counter[str] = Counter()
        self.tools_matched: Counter[str] = Counter()
        self.calls = 0
        self.retries: Counter[str] = Counter()
        self.tokens = 0
        self.costs: defaultdict[str, float] = defaultdict(float)
        self._busy: defaultdict[str, float] = defaultdict(float)
        self._case_series = case_series
        # By case (its id, then its suite): tests by skill and outcome.
        self._cases: defaultdict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)

    @property
    def cases_left_out(self) -> int:
        """How many routing cases have no points of their own, since there are more than may have."""
        return max(0, len(self._cases) - self._case_series)

    def _add(self, metric: Metric, value: float, suite: str, *labels: Label) -> None:
        family = self._values[metric]
        key = ((_SUITE, suite), *self._labels, *labels)
        family[key] = family.get(key, 0) + value

    def _observe(self, metric: Metric, value: float, suite: str, *labels: Label) -> None:
        self._histogram(metric, suite, *labels).add(value)

    def _histogram(self, metric: Metric, suite: str, *labels: Label) -> _Histogram:
        key = ((_SUITE, suite), *self._labels, *labels)
        family = self._histograms[metric]
        if key not in family:
            family[key] = _Histogram(metric.buckets)
        return family[key]

    # Results.

    def add_result(self, result: TestResult) -> None:
        """Counts one test."""
        record = result.record
        outcome = result.outcome
        self.outcomes[outcome] += 1
        self._busy[result.worker] += result.duration
        suite = record.get("suite", self._suite)
        category = record.get("category", NONE)
        expected = (record.get("routing") or {}).get("expected") or NONE
        self._add_test(suite, category, expected, outcome)
        if outcome != "not_run" or result.duration:
            self._observe(metrics.GNOMON_RUN_TEST_DURATION, result.duration, suite, (_CATEGORY, category))
        if len(result.attempts) > 1:
            self.attempts_beyond_first += len(result.attempts) - 1
            self._add(metrics.GNOMON_RUN_RERUNS, len(result.attempts) - 1, suite)
        if record:
            self._add_routing(suite, category, record, result)

    def _add_test(self, suite: str, category: str, expected: str, outcome: str, number: int = 1) -> None:
        labels = ((_OUTCOME, outcome), (_CATEGORY, category), (_SKILL, expected))
        self._add(metrics.GNOMON_RUN_TESTS, number, suite, *labels)

    def settle(self) -> None:
        """Adds up the plain passes so far; what reads the sums calls it first."""
        for worker, durations in self.plain_passes.items():
            self.outcomes["passed"] += len(durations)
            self._busy[worker] += sum(durations)
            self._add_test(self._suite, NONE, NONE, "passed", len(durations))
            histogram = self._histogram(metrics.GNOMON_RUN_TEST_DURATION, self._suite, (_CATEGORY, NONE))
            histogram.add_all(durations)
        self.plain_passes.clear()

    def _add_routing(self, suite: str, category: str, record: Mapping[str, Any], result: TestResult) -> None:
        if "routing" in record and "expected" in record["routing"]:
            case = str(record.get("case_id") or result.node_id)
            self._cases[case, suite][record["routing"]["expected"] or NONE, result.outcome] += 1
            self._add_verdict(suite, category, record["routing"], result)
        if tools := record.get("tools"):
            expected, matched, _ = tools
            skill = (record.get("routing") or {}).get("expected") or NONE
            self.tools_expected[suite] += expected
            self.tools_matched[suite] += matched
            self._add(metrics.GNOMON_RUN_TOOL_USE_EXPECTED, expected, suite, (_SKILL, skill))
            self._add(metrics.GNOMON_RUN_TOOL_USE_MATCHED, matched, suite, (_SKILL, skill))

    def _add_verdict(self, suite: str, category: str, said: Mapping[str, Any], result: TestResult) -> None:
        verdict = correct(said)
        if verdict is None:
            # A skipped test was never asked, and one that did not run could not answer.
            if result.outcome not in ("skipped", "not_run"):
                self.unanswered += 1
                self._add(metrics.GNOMON_RUN_ROUTING_UNANSWERED, 1, suite)
            return
        self.judged[suite] += 1
        self.correct[suite] += verdict
        self._add(
            metrics.GNOMON_RUN_ROUTING_VERDICTS,
            1,
            suite,
            (_EXPECTED, said["expected"] or NONE),
            (_ACTUAL, said["actual"] or NONE),
            (_CATEGORY, category),
            (_CORRECT, verdict),
        )
        self._add(
            metrics.GNOMON_RUN_CLARIFICATIONS,
            1,
            suite,
            (_CLARIFICATION_EXPECTED, said["clarification"]),
            (_CLARIFICATION_ASKED, said["clarified"]),
        )

    # Model calls, read from the spans that the executing processes wrote.

    def add_spans(self, spans: Iterable[Mapping[str, Any]]) -> None:
        """Counts the model calls among the spans (OTLP/JSON objects)."""
        for span in spans:
            values = plain(span.get("attributes", ()))
            if MODEL_CALL in values:
                attempts = [
                    plain(event.get("attributes", ()))
                    for event in span.get("events", ())
                    if event.get("name") == "gnomon.model_call.attempt"
                ]
                self._add_call(values, attempts)

    def _add_call(self, call: Mapping[str, Any], attempts: list[dict[str, Any]]) -> None:
        suite = call.get("test.suite.name", self._suite)
        who = ((_MODEL, call.get(_MODEL) or NONE), (_PROVIDER, call.get(_PROVIDER) or NONE))
        self.calls += 1
        self._add(
            metrics.GNOMON_RUN_MODEL_CALLS, 1, suite, *who, (_ERROR_TYPE, call.get(_ERROR_TYPE) or NONE)
        )
        self._add_retries(suite, who, call, attempts)
        for attempt in attempts:
            latency = figure(attempt, "gnomon.model_call.attempt.latency") or 0.0
            self._observe(metrics.GNOMON_RUN_API_LATENCY, latency, suite, *who)
        for kind, attribute in _TOKENS.items():
            if (tokens := figure(call, attribute)) is not None:
                self._add(metrics.GNOMON_RUN_TOKENS, tokens, suite, (_TOKEN_TYPE, kind), *who)
                self.tokens += int(tokens) if kind in ("input", "output") else 0
        if (cost := figure(call, "gnomon.cost.usd")) is not None:
            source = call.get("gnomon.cost.source") or NONE
            self.costs[source] += cost
            self._add(metrics.GNOMON_RUN_COST_USD, cost, suite, *who, (_COST_SOURCE, source))

    def _add_retries(
        self, suite: str, who: Labels, call: Mapping[str, Any], attempts: list[dict[str, Any]]
    ) -> None:
        count = max(0, int(figure(call, MODEL_CALL) or 1) - 1)
        # The reason of a retry is how the attempt before it ended.
        reasons = Counter(attempt.get("error.type") or "other" for attempt in attempts[:-1])
        reasons["other"] += count - reasons.total()
        for reason, number in reasons.items():
            if number > 0:
                self.retries[reason] += number
                self._add(metrics.GNOMON_RUN_RETRIES, number, suite, *who, (_ERROR_TYPE, reason))

    # The end.

    def line(
        self,
        scope: Mapping[str, Any],
        *,
        started: float,
        ended: float,
        worker_seconds: Mapping[str, float],
    ) -> str:
        """The run's MetricsData line. Times are Unix seconds; `worker_seconds` is each worker's life."""
        self.settle()
        self._add_cases()
        self._add_run(ended - started, worker_seconds)
        stamp = stamp_of(ended)
        families = [
            _gauge(
                metric, [encode.gauge_point(value, stamp, dict(labels)) for labels, value in values.items()]
            )
            for metric, values in self._values.items()
        ]
        families += [
            _histogram(
                metric,
                [
                    encode.histogram_point(
                        bounds=family.bounds,
                        counts=family.counts,
                        total=family.total,
                        start_unix_nano=int(started * 1e9),
                        time_unix_nano=stamp,
                        labels=dict(labels),
                    )
                    for labels, family in members.items()
                ],
            )
            for metric, members in self._histograms.items()
        ]
        return encode.metrics_line(self._resource, scope, families)

    def _add_cases(self) -> None:
        for case, suite in sorted(self._cases)[: self._case_series]:
            for (skill, outcome), number in self._cases[case, suite].items():
                labels = ((_CASE, case), (_OUTCOME, outcome), (_SKILL, skill))
                self._add(metrics.GNOMON_RUN_CASE_TESTS, number, suite, *labels)

    def _add_run(self, duration: float, worker_seconds: Mapping[str, float]) -> None:
        suite = self._suite
        self._add(metrics.GNOMON_RUN_FINISHED, 1, suite)
        self._add(metrics.GNOMON_RUN_SEQUENCE_NUMBER, self._sequence, suite)
        self._add(metrics.GNOMON_RUN_DURATION, duration, suite)
        self._add(metrics.GNOMON_RUN_WORKERS, len(worker_seconds), suite)
        self._add(metrics.GNOMON_RUN_WORKER_BUSY_TIME, sum(self._busy.values()), suite)
        self._add(metrics.GNOMON_RUN_WORKER_TIME, float(sum(worker_seconds.values())), suite)
        for name, judged in self.judged.items():
            self._add(metrics.ROUTING_ACCURACY, 100.0 * self.correct[name] / judged, name)
        for name, commands in self.tools_expected.items():
            if commands:
                self._add(metrics.TOOL_USE_ACCURACY, 100.0 * self.tools_matched[name] / commands, name)

    def busy(self, worker: str) -> float:
        """Seconds that a worker spent in tests."""
        return self._busy[worker]


_TOKENS = {
    "input": "gen_ai.usage.input_tokens",
    "output": "gen_ai.usage.output_tokens",
    "cache_read": "gen_ai.usage.cache_read.input_tokens",
    "cache_write": "gen_ai.usage.cache_write.input_tokens",
    "reasoning": "gen_ai.usage.reasoning.output_tokens",
}


def stamp_of(ended: float) -> int:
    """Where the points of a run stand: its end in nanoseconds at millisecond grain, never a whole second.

    Prometheus keeps milliseconds, and before version 3 a range counted a sample on its edge twice;
    ranges end on whole seconds.
    """
    milliseconds = int(ended * 1000)
    return (milliseconds + (milliseconds % 1000 == 0)) * 1_000_000


def _gauge(metric: Metric, points: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": metric.name,
        "unit": metric.unit,
        "description": metric.brief,
        "gauge": {"dataPoints": points},
    }


def _histogram(metric: Metric, points: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": metric.name,
        "unit": metric.unit,
        "description": metric.brief,
        # The stream begins and ends with the run, so its one point is cumulative over it.
        "histogram": {"dataPoints": points, "aggregationTemporality": encode.CUMULATIVE},
    }
