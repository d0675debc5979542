"""Reads Gnomon's spool back into plain records, with no code of the package under test.

The reader is strict about the OTLP file format (lower-case hex ids, 64-bit integers as strings,
enums as numbers, one payload a line, one signal a file): a line that a Collector would refuse fails
the test that reads it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ENVELOPES: Final = {"traces": "resourceSpans", "metrics": "resourceMetrics", "logs": "resourceLogs"}
TEST_SPANS: Final = re.compile(r"test_case$|routing_test_", re.DOTALL)


class FormatError(AssertionError):
    """A line of the spool that is not OTLP/JSON."""


@dataclass(frozen=True)
class Event:
    name: str
    time: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Span:
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    start: int
    end: int
    status: int
    attributes: Mapping[str, Any]
    events: tuple[Event, ...]
    resource: Mapping[str, Any]

    def __getitem__(self, attribute: str) -> Any:
        return self.attributes[attribute]

    def get(self, attribute: str, default: Any = None) -> Any:
        return self.attributes.get(attribute, default)

    @property
    def node_id(self) -> str:
        return str(self["test.case.name"])

    @property
    def outcome(self) -> str:
        return str(self["gnomon.test.outcome"])


@dataclass(frozen=True)
class Point:
    metric: str
    unit: str
    shape: str
    time: int
    attributes: Mapping[str, Any]
    value: float
    count: int
    resource: Mapping[str, Any]


@dataclass
class Run:
    """Everything the spool holds of one test run."""

    id: str
    spans: list[Span] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)

    @property
    def root(self) -> Span:
        (root,) = (span for span in self.spans if span.name == "test_run")
        return root

    @property
    def resource(self) -> Mapping[str, Any]:
        return self.spans[0].resource

    @property
    def sequence(self) -> int:
        return int(self.resource["gnomon.run.sequence"])

    @property
    def tests(self) -> list[Span]:
        return [span for span in self.spans if TEST_SPANS.match(span.name)]

    @property
    def attempts(self) -> list[Span]:
        return [span for span in self.spans if span.name == "test_attempt"]

    @property
    def workers(self) -> list[Span]:
        return [span for span in self.spans if span.name == "test_worker"]

    @property
    def model_calls(self) -> list[Span]:
        return [span for span in self.spans if "gen_ai.request.model" in span.attributes]

    @property
    def outcomes(self) -> Counter[tuple[str, str]]:
        """(node id, outcome) of every test."""
        return Counter((span.node_id, span.outcome) for span in self.tests)

    def test(self, node_id: str) -> Span:
        (span,) = (span for span in self.tests if span.node_id == node_id)
        return span

    def attempts_of(self, test: Span) -> list[Span]:
        spans = [span for span in self.attempts if span.parent_id == test.span_id]
        return sorted(spans, key=lambda span: int(span["gnomon.test.attempt.number"]))

    def total(self, metric: str, **labels: Any) -> float:
        """Sum of a metric's points whose labels (dots written as `__`) have these values."""
        wanted = {key.replace("__", "."): value for key, value in labels.items()}
        return sum(
            point.value
            for point in self.points
            if point.metric == metric
            and all(point.attributes.get(key) == value for key, value in wanted.items())
        )

    def by(self, metric: str, label: str) -> dict[Any, float]:
        """A metric's points, summed by one label; zeros left out."""
        sums: Counter[Any] = Counter()
        for point in self.points:
            if point.metric == metric:
                sums[point.attributes.get(label)] += point.value  # type: ignore[assignment]
        return {key: value for key, value in sums.items() if value}


def read_runs(spool: Path) -> list[Run]:
    """All runs of a spool in the order of their sequence numbers, delivered or not."""
    runs: dict[str, Run] = {}
    for span in read_spans(spool):
        run_id = str(span.resource["gnomon.run.id"])
        runs.setdefault(run_id, Run(run_id)).spans.append(span)
    # The points' resource has no run id, which would make a series a run: the file's name has.
    for path in files(spool, "metrics"):
        for run in runs.values():
            if run.id[:12] in path.name:
                run.points += (
                    point for payload in read_file(path, "metrics") for point in points_of(payload)
                )
    return sorted(runs.values(), key=lambda run: run.sequence)


def read_spans(spool: Path) -> list[Span]:
    return [span for payload in payloads(spool, "traces") for span in spans_of(payload)]


def read_points(spool: Path) -> list[Point]:
    return [point for payload in payloads(spool, "metrics") for point in points_of(payload)]


def files(spool: Path, signal: str) -> list[Path]:
    """Complete files of one signal, whatever became of their delivery."""
    endings = (f".{signal}.jsonl", f".{signal}.jsonl.sent", f".{signal}.jsonl.rejected")
    return sorted(path for path in spool.glob("*") if path.name.endswith(endings))


def payloads(spool: Path, signal: str) -> Iterator[dict[str, Any]]:
    for path in files(spool, signal):
        yield from read_file(path, signal)


def read_file(path: Path, signal: str) -> Iterator[dict[str, Any]]:
    """The payloads of one file, a line each."""
    text = path.read_text(encoding="utf-8")
    if not text.endswith("\n"):
        raise FormatError(f"{path.name}: the last line has no end")
    for number, line in enumerate(text[:-1].split("\n"), 1):
        payload = json.loads(line)
        if not isinstance(payload, dict) or list(payload) != [ENVELOPES[signal]]:
            raise FormatError(f"{path.name}:{number}: not a {signal} payload: {line[:80]}")
        yield payload


def spans_of(payload: Mapping[str, Any]) -> Iterator[Span]:
    for resource_spans in payload.get("resourceSpans", ()):
        resource = attributes_of(resource_spans.get("resource", {}).get("attributes", ()))
        for scope_spans in resource_spans.get("scopeSpans", ()):
            for span in scope_spans.get("spans", ()):
                yield _span(span, resource)


def points_of(payload: Mapping[str, Any]) -> Iterator[Point]:
    for resource_metrics in payload.get("resourceMetrics", ()):
        resource = attributes_of(resource_metrics.get("resource", {}).get("attributes", ()))
        for scope_metrics in resource_metrics.get("scopeMetrics", ()):
            for metric in scope_metrics.get("metrics", ()):
                yield from _points(metric, resource)


def attributes_of(pairs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for pair in pairs:
        if pair["key"] in result:
            raise FormatError(f"attribute {pair['key']!r} is given twice")
        result[pair["key"]] = _value(pair["value"])
    return result


def _value(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "stringValue" if isinstance(content, str):
            return content
        case "boolValue" if isinstance(content, bool):
            return content
        case "intValue" if isinstance(content, str):
            return int(content)
        case "doubleValue" if isinstance(content, int | float) and not isinstance(content, bool):
            return float(content)
        case "arrayValue":
            return [_value(item) for item in content.get("values", ())]
        case "kvlistValue":
            return attributes_of(content.get("values", ()))
    raise FormatError(f"not an attribute value: {value!r}")


def _nanoseconds(record: Mapping[str, Any], key: str) -> int:
    text = record[key]
    if not isinstance(text, str) or not text.isdigit():
        raise FormatError(f"{key} must be a string of digits, not {text!r}")
    return int(text)


def _identifier(record: Mapping[str, Any], key: str, digits: int) -> str:
    text = record.get(key, "")
    if not re.fullmatch(rf"[0-9a-f]{{{digits}}}", text) or set(text) == {"0"}:
        raise FormatError(f"{key} must be {digits} lower-case hex digits, not {text!r}")
    return str(text)


def _span(span: Mapping[str, Any], resource: Mapping[str, Any]) -> Span:
    status = span.get("status", {}).get("code", 0)
    kind = span.get("kind", 0)
    if not isinstance(status, int) or not isinstance(kind, int):
        raise FormatError(f"enums are numbers: kind {kind!r}, status {status!r}")
    return Span(
        trace_id=_identifier(span, "traceId", 32),
        span_id=_identifier(span, "spanId", 16),
        parent_id=_identifier(span, "parentSpanId", 16) if span.get("parentSpanId") else "",
        name=span["name"],
        kind=kind,
        start=_nanoseconds(span, "startTimeUnixNano"),
        end=_nanoseconds(span, "endTimeUnixNano"),
        status=status,
        attributes=attributes_of(span.get("attributes", ())),
        events=tuple(
            Event(
                event["name"],
                _nanoseconds(event, "timeUnixNano"),
                attributes_of(event.get("attributes", ())),
            )
            for event in span.get("events", ())
        ),
        resource=resource,
    )


def _points(metric: Mapping[str, Any], resource: Mapping[str, Any]) -> Iterator[Point]:
    (shape,) = set(metric) & {"gauge", "sum", "histogram", "exponentialHistogram"}
    for point in metric[shape]["dataPoints"]:
        if "asInt" in point:
            if not isinstance(point["asInt"], str):
                raise FormatError(f"{metric['name']}: asInt must be a string, not {point['asInt']!r}")
            value = float(int(point["asInt"]))
        else:
            value = float(point.get("asDouble", point.get("sum", 0.0)))
        yield Point(
            metric=metric["name"],
            unit=metric.get("unit", ""),
            shape=shape,
            time=_nanoseconds(point, "timeUnixNano"),
            attributes=attributes_of(point.get("attributes", ())),
            value=value,
            count=int(point.get("count", 1)),
            resource=resource,
        )
