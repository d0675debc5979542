"""What is encoded arrives: measured by protobuf's own parser and by OpenTelemetry's own encoder."""

from __future__ import annotations

import enum
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData
from opentelemetry.sdk.metrics.view import (
    ExponentialBucketHistogramAggregation,
    View,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from gnomon.otlp import encode, protobuf
from gnomon.otlp.endpoint import Signal
from tests.otlp.reference import same, serialized

# Every character there is, lone surrogates with it: Python strings may hold what UTF-8 cannot.
TEXT = st.text(st.characters(), max_size=20)
SCALARS = (
    TEXT | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.binary(max_size=20) | st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
ATTRIBUTES = st.dictionaries(TEXT, VALUES, max_size=5)
NANOSECONDS = st.integers(0, 2**63 - 1)
TRACE_IDS = st.integers(1, 2**128 - 1).map(lambda number: f"{number:032x}")
SPAN_IDS = st.integers(1, 2**64 - 1).map(lambda number: f"{number:016x}")


def clean(value: str) -> str:
    return value.encode("utf-8", "replace").decode()


def expected(value: Any) -> Any:
    """What must arrive of a value."""
    if isinstance(value, str):
        return clean(value)
    if value is None or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        return str(value)
    if isinstance(value, list):
        return [expected(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): expected(item) for key, item in value.items() if item is not None}
    return value


def arrived(value: Any) -> Any:
    """A protobuf AnyValue as the plain value that it holds."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [arrived(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: arrived(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind)


def identical(one: Any, other: Any) -> bool:
    """Equal in type and value, a NaN to a NaN."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and bool(one == other)


def a_line(attributes: dict[str, Any]) -> str:
    span = encode.dumps(
        {
            "traceId": "1" * 32,
            "spanId": "2" * 16,
            "name": "s",
            "startTimeUnixNano": "1",
            "endTimeUnixNano": "2",
            "attributes": encode.attributes(attributes),
        }
    )
    return encode.traces_line(encode.resource(attributes), encode.scope(), [span])


@given(ATTRIBUTES)
def test_every_attribute_arrives(attributes: dict[str, Any]) -> None:
    """A value of any kind reaches the backend as itself; a lone surrogate costs itself alone."""
    message: Any = same("traces", a_line(attributes))
    received = message.resource_spans[0].scope_spans[0].spans[0].attributes
    wanted = [(clean(key), expected(value)) for key, value in attributes.items() if value is not None]
    assert [pair.key for pair in received] == [key for key, _ in wanted]
    for pair, (_, value) in zip(received, wanted, strict=True):
        assert identical(arrived(pair.value), value)


class Level(int, enum.Enum):
    HIGH = 3


class Colour(enum.IntEnum):
    RED = 1


class Name(str, enum.Enum):  # noqa: UP042 - what older programs have
    FIRST = "first"


@pytest.mark.parametrize(
    ("value", "received"),
    [
        (Level.HIGH, 3),
        (Colour.RED, 1),
        (Name.FIRST, "first"),
        (-(2**63), -(2**63)),
        (2**63, str(2**63)),
        pytest.param(10**5000, hex(10**5000), id="too long to print"),
        (True, True),
        (-0.0, -0.0),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (5e-324, 5e-324),
        ((1, "a", None), [1, "a", "None"]),
        (1 + 2j, "(1+2j)"),
    ],
)
def test_odd_values(value: object, received: object) -> None:
    """Enums are their values, what 64 bits cannot hold is text, and so is what OTLP has no kind for."""
    message: Any = same("traces", a_line({"key": value}))
    (pair,) = message.resource_spans[0].resource.attributes
    assert identical(arrived(pair.value), received)


OTLP_ATTRIBUTES = ATTRIBUTES.map(encode.attributes)
OTLP_EVENTS = st.fixed_dictionaries(
    {"timeUnixNano": NANOSECONDS.map(str), "name": TEXT.map(clean)},
    optional={"attributes": OTLP_ATTRIBUTES, "droppedAttributesCount": st.integers(0, 2**32 - 1)},
)
OTLP_LINKS = st.fixed_dictionaries(
    {"traceId": TRACE_IDS, "spanId": SPAN_IDS},
    optional={
        "traceState": TEXT.map(clean),
        "attributes": OTLP_ATTRIBUTES,
        "droppedAttributesCount": st.integers(0, 2**32 - 1),
        "flags": st.integers(0, 2**10),
    },
)
OTLP_SPANS = st.fixed_dictionaries(
    {
        "traceId": TRACE_IDS,
        "spanId": SPAN_IDS,
        "name": TEXT.map(clean),
        "startTimeUnixNano": NANOSECONDS.map(str),
        "endTimeUnixNano": NANOSECONDS.map(str),
    },
    optional={
        "parentSpanId": SPAN_IDS,
        "traceState": TEXT.map(clean),
        "kind": st.integers(0, 5),
        "attributes": OTLP_ATTRIBUTES,
        "flags": st.integers(0, 2**10),
        "events": st.lists(OTLP_EVENTS, max_size=3),
        "links": st.lists(OTLP_LINKS, max_size=3),
        "status": st.fixed_dictionaries({}, optional={"code": st.integers(0, 2), "message": TEXT.map(clean)}),
        "droppedAttributesCount": st.integers(0, 9),
        "droppedEventsCount": st.integers(0, 9),
        "droppedLinksCount": st.integers(0, 9),
    },
)
NUMBERS = st.one_of(
    st.fixed_dictionaries({"asInt": st.integers(-(2**63), 2**63 - 1).map(str)}),
    st.fixed_dictionaries({"asDouble": st.floats().map(encode.double)}),
)
TIMES = {"timeUnixNano": NANOSECONDS.map(str)}
EXEMPLARS = st.lists(
    st.builds(
        lambda fields, number: fields | number,
        st.fixed_dictionaries(
            TIMES, optional={"traceId": TRACE_IDS, "spanId": SPAN_IDS, "filteredAttributes": OTLP_ATTRIBUTES}
        ),
        NUMBERS,
    ),
    max_size=2,
)
COMMON = {"startTimeUnixNano": NANOSECONDS.map(str), "attributes": OTLP_ATTRIBUTES, "exemplars": EXEMPLARS}
NUMBER_POINTS = st.builds(
    lambda fields, number: fields | number, st.fixed_dictionaries(TIMES, optional=COMMON), NUMBERS
)
DOUBLES = st.floats().map(encode.double)
COUNTS = st.lists(NANOSECONDS.map(str), max_size=4)
SPREAD = {"count": NANOSECONDS.map(str), "sum": DOUBLES}
EXTREMES = {"min": DOUBLES, "max": DOUBLES}
HISTOGRAM_POINTS = st.fixed_dictionaries(
    TIMES | SPREAD,
    optional=COMMON | EXTREMES | {"bucketCounts": COUNTS, "explicitBounds": st.lists(DOUBLES, max_size=4)},
)
BUCKETS = st.fixed_dictionaries({}, optional={"offset": st.integers(-99, 99), "bucketCounts": COUNTS})
EXPONENTIAL_POINTS = st.fixed_dictionaries(
    TIMES | SPREAD,
    optional=COMMON
    | EXTREMES
    | {
        "scale": st.integers(-10, 20),
        "zeroCount": NANOSECONDS.map(str),
        "positive": BUCKETS,
        "negative": BUCKETS,
    },
)


def _family(points: st.SearchStrategy[Any], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"dataPoints": st.lists(points, max_size=2), **more})


TEMPORALITY = st.integers(0, 2)
FAMILIES = st.one_of(
    st.fixed_dictionaries({"gauge": _family(NUMBER_POINTS)}),
    st.fixed_dictionaries(
        {"sum": _family(NUMBER_POINTS, aggregationTemporality=TEMPORALITY, isMonotonic=st.booleans())}
    ),
    st.fixed_dictionaries({"histogram": _family(HISTOGRAM_POINTS, aggregationTemporality=TEMPORALITY)}),
    st.fixed_dictionaries(
        {"exponentialHistogram": _family(EXPONENTIAL_POINTS, aggregationTemporality=TEMPORALITY)}
    ),
)
OTLP_METRICS = st.builds(
    lambda names, family: names | family,
    st.fixed_dictionaries(
        {"name": TEXT.map(clean)}, optional={"unit": TEXT.map(clean), "description": TEXT.map(clean)}
    ),
    FAMILIES,
)
OTLP_LOGS = st.fixed_dictionaries(
    {},
    optional={
        "timeUnixNano": NANOSECONDS.map(str),
        "observedTimeUnixNano": NANOSECONDS.map(str),
        "severityNumber": st.integers(0, 24),
        "severityText": TEXT.map(clean),
        "body": VALUES.map(encode.any_value),
        "attributes": OTLP_ATTRIBUTES,
        "traceId": TRACE_IDS,
        "spanId": SPAN_IDS,
        "flags": st.integers(0, 1),
        "droppedAttributesCount": st.integers(0, 9),
        "eventName": TEXT.map(clean),
    },
)
SCOPES = st.fixed_dictionaries(
    {},
    optional={"name": TEXT.map(clean), "version": TEXT.map(clean), "attributes": OTLP_ATTRIBUTES},
)
NAMES: dict[Signal, tuple[str, str, str]] = {
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
}


def lines(signal: Signal, records: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """Whole lines of a signal with any number of resources and scopes."""
    outer, middle, inner = NAMES[signal]
    schema: dict[str, st.SearchStrategy[Any]] = {"schemaUrl": TEXT.map(clean)}
    resource: dict[str, st.SearchStrategy[Any]] = {
        "resource": st.fixed_dictionaries({"attributes": OTLP_ATTRIBUTES})
    }
    scope: dict[str, st.SearchStrategy[Any]] = {"scope": SCOPES}
    scopes = st.fixed_dictionaries({inner: st.lists(records, max_size=2)}, optional=scope | schema)
    resources = st.fixed_dictionaries(
        {middle: st.lists(scopes, max_size=2)},
        optional=resource | schema,
    )
    return st.fixed_dictionaries({outer: st.lists(resources, max_size=2)}).map(encode.dumps)


@given(lines("traces", OTLP_SPANS))
def test_traces_lose_nothing_in_protobuf(line: str) -> None:
    """Every field of a traces line is in the request that http/protobuf and gRPC carry."""
    same("traces", line)


@given(lines("metrics", OTLP_METRICS))
def test_metrics_lose_nothing_in_protobuf(line: str) -> None:
    """Every field of a metrics line is in the request that http/protobuf and gRPC carry."""
    same("metrics", line)


@given(lines("logs", OTLP_LOGS))
def test_logs_lose_nothing_in_protobuf(line: str) -> None:
    """Every field of a logs line is in the request that http/protobuf and gRPC carry."""
    same("logs", line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"resourceSpans": 5}',
        '{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "no ids"}]}]}]}',
        '{"resourceSpans": [{"resource": {"attributes": [{"key": "k", "value": {"intValue": "x"}}]}}]}',
        '{"resourceSpans": [{"resource": {"attributes": [{"key": 5, "value": {}}]}}]}',
        '{"resourceSpans": [{"resource": {"attributes": [{"key": "\\ud800", "value": {}}]}}]}',
    ],
)
def test_what_is_no_otlp(line: str) -> None:
    """A damaged line is a ValueError, which delivery takes as refused; nothing else escapes."""
    with pytest.raises(ValueError, match=r"."):
        protobuf.request("traces", line)


# The SDK's own records, against OpenTelemetry's own encoder.


def recorded(make: Any, **options: Any) -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "s"}), shutdown_on_exit=False, **options)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    make(provider.get_tracer("gnomon"))
    return list(exporter.get_finished_spans())


def carried(spans: list[ReadableSpan]) -> Any:
    texts = [encode.span(span) for span in spans]
    resource = encode.resource(spans[0].resource.attributes)
    return same("traces", encode.traces_line(resource, encode.scope(), texts))


def assert_like_the_sdks(spans: list[ReadableSpan]) -> None:
    ours = carried(spans).resource_spans[0].scope_spans[0].spans
    reference = encode_spans(spans).resource_spans[0].scope_spans[0].spans
    assert len(ours) == len(spans)
    for one, other in zip(ours, reference, strict=True):
        # The SDK's encoder leaves out what W3C says of sampling, and a link's trace state.
        assert one.flags & 1
        one.flags &= ~0xFF
        for link in one.links:
            assert link.trace_state == ("vendor=x" if link.flags & 0x200 else "")
            link.trace_state = ""
            link.flags &= ~0xFF
        assert serialized(one) == serialized(other)


REMOTE = SpanContext(
    0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("vendor", "x")])
)


def test_spans_of_the_sdk() -> None:
    """Events, links, status, parents, kinds and trace state come out as OpenTelemetry encodes them."""

    def make(tracer: trace.Tracer) -> None:
        around = trace.set_span_in_context(trace.NonRecordingSpan(REMOTE))
        with tracer.start_as_current_span("root", around, SpanKind.SERVER, links=[Link(REMOTE, {"l": 1})]):
            for kind in SpanKind:
                with tracer.start_as_current_span(f"{kind.name} ünï 日本", kind=kind) as span:
                    span.set_attributes(
                        {"s": "x", "i": 2, "f": 0.5, "b": True, "many": ["a", "b"], "n": [1, 2]}
                    )
                    span.add_event("happened", {"why": "because"}, 1_700_000_000_000_000_001)
        with pytest.raises(KeyError), tracer.start_as_current_span("fails"):
            raise KeyError("k")
        done = tracer.start_span("done", links=[Link(SpanContext(1, 2, is_remote=False))])
        done.set_status(Status(StatusCode.OK))
        done.end()

    spans = recorded(make)
    assert len(spans) == 8
    assert_like_the_sdks(spans)


def test_what_the_sdk_dropped_is_told() -> None:
    """Attributes, events and links beyond the SDK's limits are counted in what is sent."""
    limits = SpanLimits(max_attributes=1, max_events=1, max_links=1, max_event_attributes=1)

    def make(tracer: trace.Tracer) -> None:
        with tracer.start_as_current_span("s", links=[Link(REMOTE, {"a": 1, "b": 2}), Link(REMOTE)]) as span:
            span.set_attributes({"a": 1, "b": 2, "c": 3})
            span.add_event("one", {"a": 1, "b": 2})
            span.add_event("two", {"a": 1, "b": 2})

    spans = recorded(make, span_limits=limits)
    assert_like_the_sdks(spans)
    (span,) = carried(spans).resource_spans[0].scope_spans[0].spans
    assert span.dropped_attributes_count == 2
    assert (span.dropped_events_count, span.dropped_links_count) == (1, 1)
    assert span.events[0].dropped_attributes_count == 1


@given(TEXT, TEXT, TEXT)
def test_odd_texts_in_spans(name: str, event: str, message: str) -> None:
    """Names, events and descriptions that UTF-8 cannot hold cost no span."""

    def make(tracer: trace.Tracer) -> None:
        with tracer.start_as_current_span(name) as span:
            span.add_event(event)
            span.set_status(Status(StatusCode.ERROR, message))

    (span,) = carried(recorded(make)).resource_spans[0].scope_spans[0].spans
    assert span.name == clean(name)
    assert span.events[0].name == clean(event)
    assert span.status.message == clean(message)


def collected(record: Any, *views: View) -> MetricsData:
    reader = InMemoryMetricReader()
    provider = MeterProvider(
        [reader],
        Resource({"service.name": "s"}, schema_url="https://example.com/resource"),
        AlwaysOnExemplarFilter(),
        shutdown_on_exit=False,
        views=views,
    )
    record(provider.get_meter("meter", "1.2", "https://example.com/scope", {"scope": "attribute"}))
    data = reader.get_metrics_data()
    assert data is not None
    return data


def assert_like_the_sdks_metrics(data: MetricsData) -> Any:
    message = same("metrics", encode.sdk_metrics(data))
    assert serialized(message) == serialized(encode_metrics(data))
    return message


def test_metrics_of_the_sdk() -> None:
    """Counters, up-down counters, gauges and histograms with every field, as OpenTelemetry encodes them."""

    def record(meter: Any) -> None:
        with trace.use_span(trace.NonRecordingSpan(REMOTE)):
            meter.create_counter("ints", "1", "Counts.").add(3, {"a": "x", "b": 2})
            meter.create_counter("floats").add(0.25)
            meter.create_up_down_counter("level").add(-7)
            meter.create_gauge("gauge").set(1.5, {"ünï": "日本"})
            meter.create_gauge("whole").set(4)
            histogram = meter.create_histogram("histogram", "s")
            for value in (0.001, 3, 70_000):
                histogram.record(value, {"k": True})

    message = assert_like_the_sdks_metrics(collected(record))
    scope_metrics = message.resource_metrics[0].scope_metrics[0]
    assert len(scope_metrics.metrics) == 6
    assert scope_metrics.scope.attributes[0].key == "scope"
    counter = scope_metrics.metrics[0].sum.data_points[0]
    assert (counter.as_int, len(counter.exemplars)) == (3, 1)
    assert counter.exemplars[0].trace_id == bytes.fromhex(f"{0xABC:032x}")


def test_exponential_histograms_of_the_sdk() -> None:
    """Scale, zero count and both halves of an exponential histogram arrive."""

    def record(meter: Any) -> None:
        histogram = meter.create_histogram("spread")
        for value in (0, 0.001, 1, 1.5, 2, 1e9):
            histogram.record(value)

    view = View(instrument_name="spread", aggregation=ExponentialBucketHistogramAggregation())
    message = assert_like_the_sdks_metrics(collected(record, view))
    (metric,) = message.resource_metrics[0].scope_metrics[0].metrics
    (point,) = metric.exponential_histogram.data_points
    assert (point.count, point.zero_count, point.max) == (6, 1, 1e9)


def test_a_sum_beyond_64_bits() -> None:
    """An integer that OTLP cannot hold reaches the backend as the nearest double."""

    def record(meter: Any) -> None:
        counter = meter.create_counter("huge")
        counter.add(2**63 - 1)
        counter.add(2**63 - 1)

    message: Any = same("metrics", encode.sdk_metrics(collected(record)))
    (metric,) = message.resource_metrics[0].scope_metrics[0].metrics
    assert metric.sum.data_points[0].as_double == 2.0**64


@given(st.lists(st.floats(0, 1e12), max_size=30), st.lists(st.floats(0, 1e9), max_size=5, unique=True))
def test_points_written_by_hand(values: list[float], bounds: list[float]) -> None:
    """The points that a run writes itself hold what was counted."""
    bounds = sorted(bounds)
    counts = [sum(1 for value in values if value > 0)] + [1] * len(bounds)
    point = encode.histogram_point(
        bounds=bounds, counts=counts, total=sum(values), start_unix_nano=1, time_unix_nano=2, labels={"a": 1}
    )
    line = encode.metrics_line(
        encode.resource({}),
        encode.scope(version="1"),
        [
            {"name": "h", "histogram": {"dataPoints": [point], "aggregationTemporality": encode.CUMULATIVE}},
            {"name": "g", "gauge": {"dataPoints": [encode.gauge_point(value, 3, {}) for value in values]}},
        ],
    )
    assert json.loads(line)
    message: Any = same("metrics", line)
    histogram, gauge = message.resource_metrics[0].scope_metrics[0].metrics
    assert histogram.histogram.data_points[0].count == sum(counts)
    assert list(histogram.histogram.data_points[0].explicit_bounds) == bounds
    assert [point.as_double for point in gauge.gauge.data_points] == values
