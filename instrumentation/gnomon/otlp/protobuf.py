"""OTLP/JSON lines as the protobuf messages that `http/protobuf` and gRPC carry."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gnomon.otlp.endpoint import Signal

_REQUESTS: dict[Signal, type[Message]] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}

_IDS = frozenset({"traceId", "spanId", "parentSpanId"})


def request(signal: Signal, line: str) -> Message:
    """The export request of one line.

    Raises:
        ValueError: the line is no OTLP/JSON of that signal.
    """
    try:
        return json_format.ParseDict(_with_base64_ids(json.loads(line)), _REQUESTS[signal]())
    except json_format.ParseError as error:
        raise ValueError(str(error)) from error


def _with_base64_ids(value: Any) -> Any:
    """OTLP/JSON writes ids as hex where plain ProtoJSON has base64: the one difference between them."""
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode("ascii")
            if key in _IDS
            else _with_base64_ids(item)
            for key, item in value.items()
        }
    return value
