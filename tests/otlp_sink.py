"""OTLP backends on the loopback interface that behave, or misbehave, as told.

What arrives is kept as OTLP/JSON payloads, so that `spool_reader` reads it like a spool file. Run as
a program (`python -m tests.otlp_sink --behaviour hang`), a sink prints its port, serves until its
standard input closes, and then prints how many spans and points arrived.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import functools
import gzip
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.spool_reader import Point, Span, points_of, spans_of

BEHAVIOURS: Final = ("accept", "slow", "drip", "hang", "close", "status", "partial")
SLOW_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Request:
    """One request as it came; decoded when somebody looks, so that a sink answers at once.

    Names of headers are in lower case.
    """

    signal: str
    decode: Callable[[], dict[str, Any]]
    headers: Mapping[str, str]

    @functools.cached_property
    def payload(self) -> dict[str, Any]:
        return self.decode()


@dataclass
class Sink:
    """What arrived, and how the next requests are answered.

    `behaviour`: `accept`; `slow` answers after a second; `drip` sends its answer a byte at a time
    for ever; `hang` never answers; `close` closes the connection without an answer; `status`
    answers `status` with `headers`; `partial` accepts with a partial success. After `limit`
    accepted requests the behaviour becomes `afterwards`.
    """

    behaviour: str = "accept"
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    afterwards: str = "close"
    accepted: list[Request] = field(default_factory=list)
    refused: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spans(self) -> list[Span]:
        return [span for request in self.accepted for span in spans_of(request.payload)]

    @property
    def points(self) -> list[Point]:
        return [point for request in self.accepted for point in points_of(request.payload)]

    def decide(self, request: Request) -> str:
        """Files the request under what becomes of it, and says how to answer."""
        with self.lock:
            behaviour = self.behaviour
            if self.limit is not None and len(self.accepted) >= self.limit:
                behaviour = self.afterwards
            kept = self.accepted if behaviour in {"accept", "slow", "partial"} else self.refused
            kept.append(request)
            return behaviour


@contextlib.contextmanager
def http_sink(**options: Any) -> Iterator[Sink]:
    """Serves OTLP/HTTP, JSON and protobuf, on a free port of the loopback interface."""
    sink = Sink(**options)
    server = _Server(("127.0.0.1", sink.port), _Handler)
    server.sink = sink
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        sink.closing.set()
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A port on which nobody listens, kept from others while in use."""
    with socket.socket() as keeper:
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    sink: Sink


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer's two small writes would otherwise wait 40 ms for the client's delayed acknowledgement.
    wbufsize = 65536
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        assert isinstance(self.server, _Server)
        with self.server.sink.lock:
            self.server.sink.connections += 1

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        sink = server.sink
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        signal = self.path.rsplit("/", 1)[-1]
        json_body = self.headers["Content-Type"].startswith("application/json")
        decode = (
            functools.partial(json.loads, body)
            if json_body
            else functools.partial(from_protobuf, signal, body)
        )
        behaviour = sink.decide(
            Request(signal, decode, {name.lower(): value for name, value in self.headers.items()})
        )
        if behaviour in {"hang", "close"}:
            if behaviour == "hang":
                sink.closing.wait(600)
            self.close_connection = True
            return
        if behaviour == "drip":
            self._drip(sink)
            return
        if behaviour == "slow":
            sink.closing.wait(SLOW_SECONDS)
        status = sink.status if behaviour == "status" else 200
        answer = _answer(signal, json_body, behaviour == "partial")
        self.send_response(status)
        for name, value in (sink.headers if behaviour == "status" else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", self.headers["Content-Type"])
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.wfile.flush()

    def _drip(self, sink: Sink) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            for letter in b"HTTP/1.1 200 OK\r\n" + b"X-Filler: x\r\n" * 100_000:
                self.wfile.write(bytes([letter]))
                self.wfile.flush()
                if sink.closing.wait(0.1):
                    return

    def log_message(self, *_: object) -> None:
        """A sink that misbehaves as told has nothing to say."""


_REJECTED: Final = {
    "traces": "rejectedSpans",
    "metrics": "rejectedDataPoints",
    "logs": "rejectedLogRecords",
}


def _answer(signal: str, json_body: bool, partial: bool) -> bytes:
    answer: dict[str, Any] = {}
    if partial:
        answer = {"partialSuccess": {_REJECTED[signal]: "1", "errorMessage": "one was too old"}}
    if json_body:
        return json.dumps(answer).encode()
    from google.protobuf import json_format
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    kinds: dict[str, Any] = {
        "traces": ExportTraceServiceResponse,
        "metrics": ExportMetricsServiceResponse,
        "logs": ExportLogsServiceResponse,
    }
    encoded: bytes = json_format.ParseDict(answer, kinds[signal]()).SerializeToString()
    return encoded


def from_protobuf(signal: str, body: bytes) -> dict[str, Any]:
    """A binary OTLP request as the OTLP/JSON payload that it stands for."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    kinds: dict[str, Any] = {
        "traces": ExportTraceServiceRequest,
        "metrics": ExportMetricsServiceRequest,
        "logs": ExportLogsServiceRequest,
    }
    return as_payload(kinds[signal].FromString(body))


def as_payload(message: Any) -> dict[str, Any]:
    """A protobuf message as OTLP/JSON: ProtoJSON but for the ids, which OTLP writes in hex."""
    from google.protobuf import json_format

    payload: dict[str, Any] = json_format.MessageToDict(message, use_integers_for_enums=True)
    _ids_to_hex(payload)
    return payload


def _ids_to_hex(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _ids_to_hex(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in {"traceId", "spanId", "parentSpanId"}:
                node[key] = base64.b64decode(value).hex()
            else:
                _ids_to_hex(value)


@contextlib.contextmanager
def grpc_sink(**options: Any) -> Iterator[Sink]:
    """Serves OTLP/gRPC; `status` is then a gRPC status code by number (14 is UNAVAILABLE)."""
    import grpc
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_grpc

    sink = Sink(**options)
    codes = {code.value[0]: code for code in grpc.StatusCode}

    def export(signal: str, response: Any) -> Any:
        def serve(_: Any, request: Any, context: Any) -> Any:
            headers = {str(key): str(value) for key, value in context.invocation_metadata()}
            behaviour = sink.decide(Request(signal, functools.partial(as_payload, request), headers))
            if behaviour in {"hang", "drip"}:
                sink.closing.wait(600)
            if behaviour == "slow":
                sink.closing.wait(SLOW_SECONDS)
            if behaviour not in {"accept", "slow", "partial"}:
                context.abort(codes[sink.status if behaviour == "status" else 14], "as told")
            answer = response()
            if behaviour == "partial":
                rejected = {"traces": "rejected_spans", "metrics": "rejected_data_points"}[signal]
                setattr(answer.partial_success, rejected, 1)
                answer.partial_success.error_message = "one was too old"
            return answer

        return serve

    services: tuple[tuple[Any, type, str, Any], ...] = (
        (
            trace_grpc.add_TraceServiceServicer_to_server,
            trace_grpc.TraceServiceServicer,
            "traces",
            trace.ExportTraceServiceResponse,
        ),
        (
            metrics_grpc.add_MetricsServiceServicer_to_server,
            metrics_grpc.MetricsServiceServicer,
            "metrics",
            metrics.ExportMetricsServiceResponse,
        ),
        (
            logs_grpc.add_LogsServiceServicer_to_server,
            logs_grpc.LogsServiceServicer,
            "logs",
            logs.ExportLogsServiceResponse,
        ),
    )
    server = grpc.server(ThreadPoolExecutor(8))
    for register, base, signal, response in services:
        register(type(f"{signal}_sink", (base,), {"Export": export(signal, response)})(), server)
    sink.port = server.add_insecure_port(f"127.0.0.1:{sink.port}")
    server.start()
    try:
        yield sink
    finally:
        sink.closing.set()
        server.stop(grace=0.2).wait(5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", choices=["http", "grpc"], default="http")
    parser.add_argument("--behaviour", choices=BEHAVIOURS, default="accept")
    parser.add_argument("--status", type=int, default=503)
    arguments = parser.parse_args()
    serve = grpc_sink if arguments.protocol == "grpc" else http_sink
    with serve(behaviour=arguments.behaviour, status=arguments.status) as sink:
        sys.stdout.write(f"{sink.port}\n")
        sys.stdout.flush()
        sys.stdin.read()
        time.sleep(0.05)
        counts = {"spans": len(sink.spans), "points": len(sink.points), "refused": len(sink.refused)}
        sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    main()
