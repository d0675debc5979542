"""OTLP/JSON text from plain values and from the SDK's spans and metrics.

The encoding is that of the OTLP specification ("JSON Protobuf Encoding"): ids as lower-case hex,
64-bit integers as decimal strings, enum values as numbers, keys in lowerCamelCase.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Link, SpanContext

_dumps = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=True, allow_nan=False, check_circular=False
).encode


def dumps(value: object) -> str:
    """JSON text without white space, one line, ASCII only."""
    return _dumps(value)


def text(value: str) -> str:
    """The string with lone surrogates replaced: OTLP strings are UTF-8, which has none."""
    if value.isascii():
        return value
    return value.encode("utf-8", "replace").decode("utf-8")


def quoted(value: str) -> str:
    """The string as JSON text, quotes included; what the hot paths use."""
    return encode_basestring_ascii(text(value))


def double(value: float) -> float | str:
    """A double as ProtoJSON writes it: the three values that JSON lacks become strings."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def any_value(value: object) -> dict[str, Any]:  # noqa: PLR0911 - one return a kind
    """An OTLP AnyValue. What has no kind of its own is written as its `str`."""
    if isinstance(value, str):
        return {"stringValue": text(value)}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return {"doubleValue": double(value)}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": attributes(value)}}
    if isinstance(value, (Sequence, set, frozenset)):
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    return {"stringValue": text(str(value))}


def _integer(value: int) -> dict[str, str]:
    """An integer by its digits; an enum that is one would print its name."""
    if -(2**63) <= value < 2**63:
        return {"intValue": int.__repr__(value)}
    try:
        return {"stringValue": int.__repr__(value)}
    except ValueError:  # Python prints no decimal number of more than some thousand digits
        return {"stringValue": hex(value)}


def attributes(mapping: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """OTLP KeyValues in the mapping's order. `None` means "not known" and is left out."""
    if not mapping:
        return []
    return [
        {"key": text(str(key)), "value": any_value(value)}
        for key, value in mapping.items()
        if value is not None
    ]


def resource(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """An OTLP Resource."""
    return {"attributes": attributes(mapping)}


def scope(
    name: str = "gnomon", version: str | None = None, values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """An OTLP InstrumentationScope; `values` are its attributes."""
    fields: dict[str, Any] = {"name": text(name)}
    if version:
        fields["version"] = text(version)
    if values:
        fields["attributes"] = attributes(values)
    return fields


def traces_line(resource_json: Mapping[str, Any], scope_json: Mapping[str, Any], spans: Iterable[str]) -> str:
    """One TracesData line from spans that are JSON text already."""
    return (
        f'{{"resourceSpans":[{{"resource":{dumps(resource_json)},"scopeSpans":[{{"scope":{dumps(scope_json)},'
        f'"spans":[{",".join(spans)}]}}]}}]}}'
    )


def span(readable: ReadableSpan) -> str:
    """One span of the SDK as OTLP/JSON text."""
    context = readable.get_span_context()
    if context is None:
        raise ValueError("a span without a context cannot be exported")
    fields: dict[str, Any] = {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "name": text(readable.name),
        "kind": readable.kind.value + 1,
        "startTimeUnixNano": str(readable.start_time or 0),
        "endTimeUnixNano": str(readable.end_time or readable.start_time or 0),
        "attributes": attributes(readable.attributes),
        "status": _status(readable),
        "flags": int(context.trace_flags) | _flags(readable.parent),
    }
    if readable.parent is not None:
        fields["parentSpanId"] = f"{readable.parent.span_id:016x}"
    if trace_state := context.trace_state.to_header():
        fields["traceState"] = trace_state
    if readable.events:
        fields["events"] = [_event(event) for event in readable.events]
    if readable.links:
        fields["links"] = [_link(link) for link in readable.links]
    dropped = {
        "droppedAttributesCount": readable.dropped_attributes,
        "droppedEventsCount": readable.dropped_events,
        "droppedLinksCount": readable.dropped_links,
    }
    fields |= {key: count for key, count in dropped.items() if count}
    return dumps(fields)


def _event(event: Event) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "timeUnixNano": str(event.timestamp),
        "name": text(event.name),
        "attributes": attributes(event.attributes),
    }
    if dropped := event.dropped_attributes:
        fields["droppedAttributesCount"] = dropped
    return fields


def _link(link: Link) -> dict[str, Any]:
    context = link.context
    fields: dict[str, Any] = {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "attributes": attributes(link.attributes),
        "flags": int(context.trace_flags) | _flags(context),
    }
    if trace_state := context.trace_state.to_header():
        fields["traceState"] = trace_state
    if dropped := link.dropped_attributes:
        fields["droppedAttributesCount"] = dropped
    return fields


# Bits 8 and 9 of the flags: it is known whether the context came from another process, and it did.
_REMOTE_IS_KNOWN, _REMOTE = 0x100, 0x200


def _flags(remote: SpanContext | None) -> int:
    return _REMOTE_IS_KNOWN | (_REMOTE if remote is not None and remote.is_remote else 0)


def _status(readable: ReadableSpan) -> dict[str, Any]:
    status = readable.status
    code = status.status_code.value
    if status.description:
        return {"code": code, "message": text(status.description)}
    return {"code": code} if code else {}


def gauge_point(value: float, time_unix_nano: int, labels: Mapping[str, Any]) -> dict[str, Any]:
    """One OTLP NumberDataPoint; an `int` stays an integer."""
    return {"timeUnixNano": str(time_unix_nano), "attributes": attributes(labels), **_number(value)}


def histogram_point(
    *,
    bounds: Sequence[float],
    counts: Sequence[int],
    total: float,
    start_unix_nano: int,
    time_unix_nano: int,
    labels: Mapping[str, Any],
) -> dict[str, Any]:
    """One OTLP HistogramDataPoint; `counts` has one entry more than `bounds`."""
    return {
        "startTimeUnixNano": str(start_unix_nano),
        "timeUnixNano": str(time_unix_nano),
        "count": str(sum(counts)),
        "sum": double(total),
        "bucketCounts": [str(count) for count in counts],
        "explicitBounds": list(bounds),
        "attributes": attributes(labels),
    }


CUMULATIVE = 2


def metrics_line(
    resource_json: Mapping[str, Any], scope_json: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]]
) -> str:
    """One MetricsData line from OTLP Metric objects."""
    return dumps(
        {
            "resourceMetrics": [
                {"resource": resource_json, "scopeMetrics": [{"scope": scope_json, "metrics": metrics}]}
            ]
        }
    )


def sdk_metrics(data: MetricsData) -> str:
    """What an SDK metric reader collected, as one MetricsData line.

    Sums, gauges and explicit-bucket histograms are written; exponential histograms too.
    """
    return dumps(
        {
            "resourceMetrics": [
                {
                    "resource": resource(per_resource.resource.attributes),
                    "scopeMetrics": [
                        {
                            "scope": scope(
                                per_scope.scope.name, per_scope.scope.version, per_scope.scope.attributes
                            ),
                            "metrics": [_sdk_metric(metric) for metric in per_scope.metrics],
                            **_schema(per_scope.schema_url),
                        }
                        for per_scope in per_resource.scope_metrics
                    ],
                    **_schema(per_resource.schema_url),
                }
                for per_resource in data.resource_metrics
            ]
        }
    )


def _schema(url: str | None) -> dict[str, str]:
    return {"schemaUrl": text(url)} if url else {}


def _sdk_metric(metric: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": text(metric.name),
        "unit": text(metric.unit or ""),
        "description": text(metric.description or ""),
    }
    data = metric.data
    points = [_sdk_point(point) for point in data.data_points]
    temporality = getattr(data, "aggregation_temporality", None)
    if temporality is None:
        fields["gauge"] = {"dataPoints": points}
    elif hasattr(data, "is_monotonic"):
        fields["sum"] = {
            "dataPoints": points,
            "aggregationTemporality": int(temporality),
            "isMonotonic": data.is_monotonic,
        }
    else:
        kind = "exponentialHistogram" if points and "scale" in points[0] else "histogram"
        fields[kind] = {"dataPoints": points, "aggregationTemporality": int(temporality)}
    return fields


def _sdk_point(point: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "attributes": attributes(point.attributes),
        "timeUnixNano": str(point.time_unix_nano),
    }
    if point.start_time_unix_nano is not None:
        fields["startTimeUnixNano"] = str(point.start_time_unix_nano)
    if point.exemplars:
        fields["exemplars"] = [_exemplar(exemplar) for exemplar in point.exemplars]
    if hasattr(point, "explicit_bounds"):
        fields |= {
            "count": str(point.count),
            "sum": double(point.sum),
            "bucketCounts": [str(count) for count in point.bucket_counts],
            "explicitBounds": [double(bound) for bound in point.explicit_bounds],
            **_extremes(point),
        }
    elif hasattr(point, "scale"):
        fields |= {
            "count": str(point.count),
            "sum": double(point.sum),
            "scale": point.scale,
            "zeroCount": str(point.zero_count),
            "positive": _exponential_buckets(point.positive),
            "negative": _exponential_buckets(point.negative),
            **_extremes(point),
        }
    else:
        fields |= _number(point.value)
    return fields


def _number(value: float) -> dict[str, Any]:
    """A point's value; an integer that OTLP's 64 bits cannot hold is written as a double."""
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return {"asInt": int.__repr__(value)}
    return {"asDouble": double(float(value))}


def _exemplar(exemplar: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "filteredAttributes": attributes(exemplar.filtered_attributes),
        "timeUnixNano": str(exemplar.time_unix_nano),
        **_number(exemplar.value),
    }
    if exemplar.trace_id and exemplar.span_id:
        fields |= {"traceId": f"{exemplar.trace_id:032x}", "spanId": f"{exemplar.span_id:016x}"}
    return fields


def _extremes(point: Any) -> dict[str, Any]:
    return {"min": double(point.min), "max": double(point.max)} if point.count else {}


def _exponential_buckets(buckets: Any) -> dict[str, Any]:
    return {"offset": buckets.offset, "bucketCounts": [str(count) for count in buckets.bucket_counts]}
