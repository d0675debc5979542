"""OTLP/JSON lines as the protobuf messages that `http/protobuf` and gRPC carry.

The messages are put together field by field: protobuf's own JSON parser takes six times as long, and
would need the ids rewritten first, which OTLP/JSON has in hex and plain ProtoJSON in base64.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1 import logs_pb2 as logs
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2 as traces

from gnomon.otlp.endpoint import Signal

Json = Mapping[str, Any]


def request(signal: Signal, line: bytes | str) -> Message:
    """The export request of one line.

    Raises:
        ValueError: the line is no OTLP/JSON of that signal.
    """
    try:
        return _REQUESTS[signal](json.loads(line))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def partial_success(signal: Signal, content: bytes) -> tuple[int, str]:
    """How much of a request the backend rejected, by its protobuf answer, and why."""
    reply = _RESPONSES[signal]()
    try:
        reply.ParseFromString(content)
    except DecodeError:
        return 0, ""  # an answer that cannot be read is still a success
    return rejected(reply)


def rejected(reply: Any) -> tuple[int, str]:
    """How much of a request a response message says was rejected, and why."""
    partial = reply.partial_success
    count = next((value for field, value in partial.ListFields() if field.name.startswith("rejected")), 0)
    return count, partial.error_message


# Values.


def _any_value(value: Json) -> AnyValue:
    for kind, content in value.items():
        if kind == "stringValue":
            return AnyValue(string_value=content)
        if kind == "intValue":
            return AnyValue(int_value=int(content))
        return _rarer_value(kind, content)
    return AnyValue()


def _rarer_value(kind: str, content: Any) -> AnyValue:
    if kind == "boolValue":
        return AnyValue(bool_value=content)
    if kind == "doubleValue":
        return AnyValue(double_value=float(content))
    if kind == "arrayValue":
        return AnyValue(array_value=ArrayValue(values=map(_any_value, content.get("values", ()))))
    if kind == "kvlistValue":
        return AnyValue(kvlist_value=KeyValueList(values=_attributes(content.get("values", ()))))
    return AnyValue(bytes_value=base64.b64decode(content))


def _attributes(pairs: Iterable[Json]) -> list[KeyValue]:
    return [KeyValue(key=pair["key"], value=_any_value(pair["value"])) for pair in pairs]


def _resource(value: Json) -> Resource:
    return Resource(attributes=_attributes(value.get("attributes", ())))


def _scope(value: Json) -> InstrumentationScope:
    return InstrumentationScope(
        name=value.get("name", ""),
        version=value.get("version", ""),
        attributes=_attributes(value.get("attributes", ())),
    )


def _number(value: Json, key: str) -> int:
    return int(value.get(key, 0))


def _id(value: Json, key: str) -> bytes:
    return bytes.fromhex(value.get(key, ""))


# Traces.


def _traces(value: Json) -> Message:
    return ExportTraceServiceRequest(
        resource_spans=[
            traces.ResourceSpans(
                resource=_resource(per_resource.get("resource", {})),
                scope_spans=[
                    traces.ScopeSpans(
                        scope=_scope(per_scope.get("scope", {})),
                        spans=map(_span, per_scope.get("spans", ())),
                        schema_url=per_scope.get("schemaUrl", ""),
                    )
                    for per_scope in per_resource.get("scopeSpans", ())
                ],
                schema_url=per_resource.get("schemaUrl", ""),
            )
            for per_resource in value["resourceSpans"]
        ]
    )


def _span(value: Json) -> traces.Span:
    status = value.get("status", {})
    span = traces.Span(
        trace_id=bytes.fromhex(value["traceId"]),
        span_id=bytes.fromhex(value["spanId"]),
        parent_span_id=_id(value, "parentSpanId"),
        trace_state=value.get("traceState", ""),
        name=value["name"],
        kind=value.get("kind", 0),
        start_time_unix_nano=int(value["startTimeUnixNano"]),
        end_time_unix_nano=int(value["endTimeUnixNano"]),
        attributes=_attributes(value.get("attributes", ())),
        flags=value.get("flags", 0),
        dropped_attributes_count=value.get("droppedAttributesCount", 0),
        dropped_events_count=value.get("droppedEventsCount", 0),
        dropped_links_count=value.get("droppedLinksCount", 0),
        status=traces.Status(code=status.get("code", 0), message=status.get("message", "")),
    )
    if "events" in value:
        span.events.extend(map(_event, value["events"]))
    if "links" in value:
        span.links.extend(map(_link, value["links"]))
    return span


def _event(value: Json) -> traces.Span.Event:
    return traces.Span.Event(
        time_unix_nano=_number(value, "timeUnixNano"),
        name=value["name"],
        attributes=_attributes(value.get("attributes", ())),
        dropped_attributes_count=value.get("droppedAttributesCount", 0),
    )


def _link(value: Json) -> traces.Span.Link:
    return traces.Span.Link(
        trace_id=bytes.fromhex(value["traceId"]),
        span_id=bytes.fromhex(value["spanId"]),
        trace_state=value.get("traceState", ""),
        attributes=_attributes(value.get("attributes", ())),
        dropped_attributes_count=value.get("droppedAttributesCount", 0),
        flags=value.get("flags", 0),
    )


# Metrics.


def _metrics(value: Json) -> Message:
    return ExportMetricsServiceRequest(
        resource_metrics=[
            metrics.ResourceMetrics(
                resource=_resource(per_resource.get("resource", {})),
                scope_metrics=[
                    metrics.ScopeMetrics(
                        scope=_scope(per_scope.get("scope", {})),
                        metrics=map(_metric, per_scope.get("metrics", ())),
                        schema_url=per_scope.get("schemaUrl", ""),
                    )
                    for per_scope in per_resource.get("scopeMetrics", ())
                ],
                schema_url=per_resource.get("schemaUrl", ""),
            )
            for per_resource in value["resourceMetrics"]
        ]
    )


def _metric(value: Json) -> metrics.Metric:
    metric = metrics.Metric(
        name=value["name"], unit=value.get("unit", ""), description=value.get("description", "")
    )
    if "gauge" in value:
        metric.gauge.data_points.extend(map(_number_point, value["gauge"]["dataPoints"]))
    elif "sum" in value:
        data = value["sum"]
        metric.sum.data_points.extend(map(_number_point, data["dataPoints"]))
        metric.sum.aggregation_temporality = data["aggregationTemporality"]
        metric.sum.is_monotonic = data.get("isMonotonic", False)
    elif "histogram" in value:
        data = value["histogram"]
        metric.histogram.data_points.extend(map(_histogram_point, data["dataPoints"]))
        metric.histogram.aggregation_temporality = data["aggregationTemporality"]
    else:
        data = value["exponentialHistogram"]
        metric.exponential_histogram.data_points.extend(map(_exponential_point, data["dataPoints"]))
        metric.exponential_histogram.aggregation_temporality = data["aggregationTemporality"]
    return metric


def _number_point(value: Json) -> metrics.NumberDataPoint:
    point = metrics.NumberDataPoint(
        attributes=_attributes(value.get("attributes", ())),
        start_time_unix_nano=_number(value, "startTimeUnixNano"),
        time_unix_nano=_number(value, "timeUnixNano"),
        exemplars=map(_exemplar, value.get("exemplars", ())),
    )
    _set_number(point, value)
    return point


def _set_number(point: metrics.NumberDataPoint | metrics.Exemplar, value: Json) -> None:
    if "asInt" in value:
        point.as_int = int(value["asInt"])
    else:
        point.as_double = float(value["asDouble"])


def _exemplar(value: Json) -> metrics.Exemplar:
    exemplar = metrics.Exemplar(
        filtered_attributes=_attributes(value.get("filteredAttributes", ())),
        time_unix_nano=_number(value, "timeUnixNano"),
        trace_id=_id(value, "traceId"),
        span_id=_id(value, "spanId"),
    )
    _set_number(exemplar, value)
    return exemplar


def _histogram_point(value: Json) -> metrics.HistogramDataPoint:
    point = metrics.HistogramDataPoint(
        attributes=_attributes(value.get("attributes", ())),
        start_time_unix_nano=_number(value, "startTimeUnixNano"),
        time_unix_nano=_number(value, "timeUnixNano"),
        count=_number(value, "count"),
        sum=float(value.get("sum", 0.0)),
        bucket_counts=map(int, value.get("bucketCounts", ())),
        explicit_bounds=map(float, value.get("explicitBounds", ())),
        exemplars=map(_exemplar, value.get("exemplars", ())),
    )
    _set_extremes(point, value)
    return point


def _exponential_point(value: Json) -> metrics.ExponentialHistogramDataPoint:
    point = metrics.ExponentialHistogramDataPoint(
        attributes=_attributes(value.get("attributes", ())),
        start_time_unix_nano=_number(value, "startTimeUnixNano"),
        time_unix_nano=_number(value, "timeUnixNano"),
        count=_number(value, "count"),
        sum=float(value.get("sum", 0.0)),
        scale=_number(value, "scale"),
        zero_count=_number(value, "zeroCount"),
        positive=_buckets(value.get("positive", {})),
        negative=_buckets(value.get("negative", {})),
        exemplars=map(_exemplar, value.get("exemplars", ())),
    )
    _set_extremes(point, value)
    return point


def _set_extremes(
    point: metrics.HistogramDataPoint | metrics.ExponentialHistogramDataPoint, value: Json
) -> None:
    if "min" in value:
        point.min = float(value["min"])
    if "max" in value:
        point.max = float(value["max"])


def _buckets(value: Json) -> metrics.ExponentialHistogramDataPoint.Buckets:
    return metrics.ExponentialHistogramDataPoint.Buckets(
        offset=_number(value, "offset"), bucket_counts=map(int, value.get("bucketCounts", ()))
    )


# Logs.


def _logs(value: Json) -> Message:
    return ExportLogsServiceRequest(
        resource_logs=[
            logs.ResourceLogs(
                resource=_resource(per_resource.get("resource", {})),
                scope_logs=[
                    logs.ScopeLogs(
                        scope=_scope(per_scope.get("scope", {})),
                        log_records=map(_log_record, per_scope.get("logRecords", ())),
                        schema_url=per_scope.get("schemaUrl", ""),
                    )
                    for per_scope in per_resource.get("scopeLogs", ())
                ],
                schema_url=per_resource.get("schemaUrl", ""),
            )
            for per_resource in value["resourceLogs"]
        ]
    )


def _log_record(value: Json) -> logs.LogRecord:
    return logs.LogRecord(
        time_unix_nano=_number(value, "timeUnixNano"),
        observed_time_unix_nano=_number(value, "observedTimeUnixNano"),
        severity_number=value.get("severityNumber", 0),
        severity_text=value.get("severityText", ""),
        body=_any_value(value.get("body", {})),
        attributes=_attributes(value.get("attributes", ())),
        trace_id=_id(value, "traceId"),
        span_id=_id(value, "spanId"),
        flags=value.get("flags", 0),
        dropped_attributes_count=value.get("droppedAttributesCount", 0),
        event_name=value.get("eventName", ""),
    )


_REQUESTS: dict[Signal, Callable[[Json], Message]] = {"traces": _traces, "metrics": _metrics, "logs": _logs}
_RESPONSES: dict[Signal, type[Message]] = {
    "traces": ExportTraceServiceResponse,
    "metrics": ExportMetricsServiceResponse,
    "logs": ExportLogsServiceResponse,
}
