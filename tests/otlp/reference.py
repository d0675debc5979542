"""OTLP/JSON lines as protobuf's own parser reads them: what our conversion is measured by."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gnomon.otlp import protobuf
from gnomon.otlp.endpoint import Signal

_REQUESTS: dict[Signal, type[Message]] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}


def parsed(signal: Signal, line: str) -> Message:
    """The line by protobuf's JSON parser, which raises for every field that OTLP does not have."""
    return json_format.ParseDict(_in_base64(json.loads(line)), _REQUESTS[signal]())


def same(signal: Signal, line: str) -> Message:
    """Asserts that our conversion of a line is protobuf's, bit for bit, and gives the message."""
    assert "\n" not in line
    assert line.isascii()
    ours, theirs = protobuf.request(signal, line), parsed(signal, line)
    assert serialized(ours) == serialized(theirs)
    return ours


def serialized(message: Message) -> bytes:
    """The message's bytes: unlike the messages themselves, equal where both hold a NaN."""
    return message.SerializeToString(deterministic=True)


def _in_base64(node: Any, within: str = "") -> Any:
    """The same JSON with the ids as ProtoJSON has them (OTLP writes hex) and absent messages empty."""
    if isinstance(node, list):
        return [_in_base64(item, within) for item in node]
    if not isinstance(node, dict):
        return base64.b64encode(bytes.fromhex(node)).decode() if within in _IDS else node
    empty: dict[str, Any] = {name: {} for name in _MESSAGES.get(within, ())}
    return empty | {
        key: _in_base64(value, f"{within}Points" if key == "dataPoints" else key)
        for key, value in node.items()
    }


_IDS = {"traceId", "spanId", "parentSpanId"}
_MESSAGES = {
    **dict.fromkeys(("resourceSpans", "resourceMetrics", "resourceLogs"), ("resource",)),
    **dict.fromkeys(("scopeSpans", "scopeMetrics", "scopeLogs"), ("scope",)),
    "spans": ("status",),
    "logRecords": ("body",),
    "exponentialHistogramPoints": ("positive", "negative"),
}
