"""Test runs of known outcome, counted by the code that counts real ones, put into a real Prometheus."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gnomon.otlp import encode
from gnomon.registry.prometheus import HISTOGRAM_SUFFIXES, label_name, metric_name
from gnomon.runs.points import RunPoints
from gnomon.runs.result import MAIN_WORKER, Attempt, TestResult
from tests.promql import servers
from tests.spool_reader import attributes_of

OUTCOMES = ("passed", "passed", "passed", "failed", "error", "crashed", "skipped", "xfailed", "not_run")
SKILLS = ("search", "create", "delete")
MODELS = ("small", "large")


@dataclass(frozen=True)
class Test:
    """What became of one test; `right` is None without an answer, `case` is None for no routing test."""

    __test__ = False

    outcome: str
    seconds: float
    case: str | None = None
    expected: str = "none"
    right: bool | None = None


@dataclass(frozen=True)
class Call:
    """One model call."""

    model: str
    attempts: int
    cost: float | None
    tokens: int


@dataclass(frozen=True)
class PlantedRun:
    """A run and all that it did; `ended` is in Unix seconds."""

    suite: str
    ended: float
    seconds: float
    tests: Sequence[Test] = ()
    calls: Sequence[Call] = ()
    owner: Mapping[str, str] = field(default_factory=dict)

    @property
    def stamp(self) -> float:
        """The time of the run's points: its end, which is never on a whole second."""
        return self.ended + 0.001 if self.ended.is_integer() else self.ended

    def line(self) -> str:
        """The run's points, written by Gnomon."""
        resource = {
            "test.suite.name": self.suite,
            "gnomon.run.sequence": 1,
            "deployment.environment.name": "test",
            "service.name": "planted",
            **self.owner,
        }
        points = RunPoints(resource, 2000)
        for number, test in enumerate(self.tests):
            points.add_result(self._result(test, number))
        points.add_spans([_span(call) for call in self.calls])
        started = self.ended - self.seconds
        lives = {MAIN_WORKER: self.seconds}
        return points.line({}, started=started, ended=self.ended, worker_seconds=lives)

    def _result(self, test: Test, number: int) -> TestResult:
        record: dict[str, Any] = {}
        if test.case is not None:
            routing: dict[str, Any] = {"expected": test.expected, "alternates": [], "clarification": False}
            routing["not_skill"] = []
            if test.right is not None:
                routing |= {"actual": test.expected if test.right else "other", "clarified": False}
            record = {"routing": routing, "case_id": test.case}
        return TestResult(
            node_id=f"test_planted.py::test_{number}",
            worker=MAIN_WORKER,
            execution=1,
            outcome=test.outcome,
            phase=None,
            start=self.ended - self.seconds,
            stop=self.ended,
            duration=test.seconds,
            call_duration=test.seconds,
            attempts=[Attempt(test.outcome, self.ended - self.seconds, self.ended)],
            error_type=None,
            message=None,
            path="test_planted.py",
            line=1,
            record=record,
        )


def _span(call: Call) -> dict[str, Any]:
    values = {
        "gnomon.model_call.attempts": call.attempts,
        "gen_ai.request.model": call.model,
        "gen_ai.provider.name": "anthropic",
        "gen_ai.usage.input_tokens": call.tokens,
        "gnomon.cost.usd": call.cost,
        "gnomon.cost.source": "estimated" if call.cost is not None else None,
    }
    attempt = {"gnomon.model_call.attempt.latency": 0.25, "error.type": "rate_limited"}
    events = [
        {"name": "gnomon.model_call.attempt", "attributes": encode.attributes(attempt)}
        for _ in range(call.attempts)
    ]
    return {"attributes": encode.attributes(values), "events": events}


def some_runs(now: float, ages: Sequence[float], seed: int) -> list[PlantedRun]:
    """A run of each suite at about each age (seconds, a minute more at most), drawn by the seed."""
    draw = random.Random(seed)
    runs = []
    for age in ages:
        for suite, owner in (("shop", {"gnomon.department": "sales"}), ("desk", {})):
            # Some ends are on whole seconds, the edges of windows; runs on them are counted once, too.
            ended = round(now - age) - draw.randint(0, 59) + draw.choice([0.0, 0.001, 0.25, 0.999])
            tests = [_a_test(draw, suite, number) for number in range(draw.randint(20, 40))]
            calls = [
                Call(draw.choice(MODELS), draw.choice([1, 1, 1, 2, 4]), draw.choice([None, 0.25, 1.5]), 100)
                for _ in range(draw.randint(5, 30))
            ]
            runs.append(PlantedRun(suite, ended, draw.uniform(5, 300), tests, calls, owner))
    return runs


def _a_test(draw: random.Random, suite: str, number: int) -> Test:
    outcome = draw.choice(OUTCOMES)
    if number >= 20:
        return Test(outcome, draw.uniform(0, 20))
    answered = outcome in ("passed", "failed", "xfailed")
    # The first suite routes well, the second does not; so each case has its own share.
    right = draw.random() < (0.95 if suite == "shop" else 0.7) if answered else None
    return Test(outcome, draw.uniform(0, 20), f"case-{number}", SKILLS[number % 3], right)


def store(runs: Sequence[PlantedRun], directory: Path) -> Path:
    """A Prometheus' data directory that holds the runs."""
    # promtool quietly leaves out what is older than what it has already seen of a series.
    ordered = sorted(runs, key=lambda run: run.ended)
    return store_samples((line for run in ordered for line in samples(run)), directory)


def store_samples(lines: Iterable[str], directory: Path) -> Path:
    """A Prometheus' data directory that holds samples in OpenMetrics' text, each series in its order."""
    text = directory / "planted.txt"
    text.write_text("\n".join([*lines, "# EOF\n"]))
    data = directory / "data"
    answer = servers.promtool("tsdb", "create-blocks-from", "openmetrics", text, data)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return data


def samples(run: PlantedRun) -> Iterator[str]:
    """The run's points in OpenMetrics' text."""
    return samples_in(run.line())


def samples_in(line: str) -> Iterator[str]:
    """The points of a metrics file's line in OpenMetrics' text, under their names in Prometheus."""
    for resource in json.loads(line)["resourceMetrics"]:
        for metric in resource["scopeMetrics"][0]["metrics"]:
            kind: Literal["histogram", "gauge"] = "histogram" if "histogram" in metric else "gauge"
            name = metric_name(metric["name"], kind, metric["unit"])
            for point in metric[kind]["dataPoints"]:
                yield from _histogram(name, point) if kind == "histogram" else [_gauge(name, point)]


def _gauge(name: str, point: Mapping[str, Any]) -> str:
    value = point["asInt"] if "asInt" in point else point["asDouble"]
    return _sample(name, _labels(point), value, point)


def _histogram(name: str, point: Mapping[str, Any]) -> Iterator[str]:
    labels, seen = _labels(point), 0
    bounds = [f"{bound:g}" for bound in point["explicitBounds"]]
    bucket, total, count = (name + suffix for suffix in HISTOGRAM_SUFFIXES)
    for bound, number in zip([*bounds, "+Inf"], point["bucketCounts"], strict=True):
        seen += int(number)
        yield _sample(bucket, {**labels, "le": bound}, seen, point)
    yield _sample(total, labels, point["sum"], point)
    yield _sample(count, labels, point["count"], point)


def _sample(name: str, labels: Mapping[str, str], value: object, point: Mapping[str, Any]) -> str:
    inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
    milliseconds = int(point["timeUnixNano"]) // 1_000_000
    return f"{name}{{{inside}}} {value} {milliseconds // 1000}.{milliseconds % 1000:03d}"


def _labels(point: Mapping[str, Any]) -> dict[str, str]:
    return {
        label_name(name): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in attributes_of(point["attributes"]).items()
    }
