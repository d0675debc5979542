"""One OTLP request over HTTP or gRPC, and what its answer means for the data."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, cast

from gnomon.otlp.endpoint import Target
from gnomon.record import Record

if TYPE_CHECKING:
    import ssl

    import grpc


class Verdict(Enum):
    """`ACCEPTED`: the backend has it. `REFUSED`: it never will. `LATER`: keep it and try again."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATER = "later"


class Answer(Record):
    """What a backend said to one request; `why` is empty where it accepted everything.

    `retry_after` is the number of seconds that the backend asked to be left alone.
    """

    verdict: Verdict
    why: str = ""
    retry_after: float = 0.0


class Sender(Protocol):
    """An open connection to one target."""

    def send(self, line: bytes, timeout: float) -> Answer:
        """Sends one OTLP/JSON line and waits at most `timeout` seconds for each step of the exchange."""

    def close(self) -> None:
        """Frees the connection."""


Connections = dict[tuple[str | None, ...], http.client.HTTPConnection]
"""Open HTTP connections by what they were opened with: server and certificates."""


def connect(target: Target, connections: Connections | None = None) -> Sender:
    """A sender for the target; connects at the first `send`.

    HTTP senders that are given the same `connections` share the one to their server.
    """
    if target.protocol == "grpc":
        return GrpcSender(target)
    return HttpSender(target, {} if connections is None else connections)


# OTLP specification, "Failures" of OTLP/HTTP: only these may be sent again.
_RETRYABLE_STATUS = frozenset({429, 502, 503, 504})
# The data are fine and the address or the key is not: a person mends it and the data are still there.
_MISCONFIGURED_STATUS = frozenset({401, 403, 404, 405, 407})


class HttpSender:
    """OTLP/HTTP with JSON or protobuf bodies over one kept-alive connection."""

    def __init__(self, target: Target, connections: Connections) -> None:
        url = target.url
        self._target = target
        self._connections = connections
        self._server = (
            *(url.scheme, url.netloc),
            *(target.certificate, target.client_certificate, target.client_key),
        )

    def send(self, line: bytes, timeout: float) -> Answer:
        """See `Sender.send`."""
        target = self._target
        try:
            body, headers = self._body(line)
        except ValueError as error:
            return Answer(Verdict.REFUSED, f"not OTLP: {error}")
        path = (target.url.path or "/") + (f"?{target.url.query}" if target.url.query else "")
        try:
            connection = self._connected(timeout)
            connection.request("POST", path, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read(65536)
            if not response.isclosed():
                self.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            # ValueError: a header or host that HTTP cannot carry, for a person to mend.
            self.close()
            return Answer(Verdict.LATER, f"{target.authority}: {_reason(error)}")
        if 200 <= response.status < 300 and _is_page(response):
            # A login page, the start page of another server: the data have not arrived anywhere.
            return Answer(
                Verdict.LATER, f"{target.authority} answered with a web page: it is no OTLP endpoint"
            )
        return _http_answer(target, response.status, response.getheader("Retry-After"), content)

    def _body(self, line: bytes) -> tuple[bytes, dict[str, str]]:
        if self._target.protocol == "http/json":
            body, kind = line, "application/json"
        else:
            from gnomon.otlp import protobuf  # noqa: PLC0415 - protobuf is only loaded for those who chose it

            body = protobuf.request(self._target.signal, line).SerializeToString()
            kind = "application/x-protobuf"
        headers = {"Content-Type": kind, "User-Agent": "gnomon", **self._target.headers}
        if self._target.gzip:
            import gzip  # noqa: PLC0415

            body = gzip.compress(body, compresslevel=5)
            headers["Content-Encoding"] = "gzip"
        return body, headers

    def _connected(self, timeout: float) -> http.client.HTTPConnection:
        connection = self._connections.get(self._server)
        if connection is None:
            connection = self._connections[self._server] = self._made(timeout)
            connection.connect()
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection

    def _made(self, timeout: float) -> http.client.HTTPConnection:
        url = self._target.url
        host = url.hostname or "localhost"
        if url.scheme == "https":
            return http.client.HTTPSConnection(host, url.port, timeout=timeout, context=_tls(self._target))
        return http.client.HTTPConnection(host, url.port, timeout=timeout)

    def close(self) -> None:
        """See `Sender.close`."""
        if (connection := self._connections.pop(self._server, None)) is not None:
            connection.close()


def _tls(target: Target) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415

    context = ssl.create_default_context(cafile=target.certificate)
    if target.client_certificate:
        context.load_cert_chain(target.client_certificate, target.client_key)
    return context


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__


def _is_page(response: http.client.HTTPResponse) -> bool:
    return (response.getheader("Content-Type") or "").strip().lower().startswith("text/html")


def _http_answer(target: Target, status: int, retry_after: str | None, content: bytes) -> Answer:
    if 200 <= status < 300:
        return _partial_success(target, content)
    why = f"{target.authority} answered {status}"
    if status in _RETRYABLE_STATUS:
        return Answer(Verdict.LATER, why, _seconds(retry_after))
    if status in _MISCONFIGURED_STATUS or 300 <= status < 400 or status >= 500:
        return Answer(Verdict.LATER, why)
    return Answer(Verdict.REFUSED, why)


def _seconds(retry_after: str | None) -> float:
    """`Retry-After` in seconds; its date form is rare enough to be read as "at once"."""
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        return 0.0


def _partial_success(target: Target, content: bytes) -> Answer:
    if target.protocol == "http/json" or content[:1] == b"{":
        return _accepted(target, *_json_partial_success(content))
    from gnomon.otlp import protobuf  # noqa: PLC0415

    return _accepted(target, *protobuf.partial_success(target.signal, content))


def _json_partial_success(content: bytes) -> tuple[int, str]:
    try:
        partial = json.loads(content or b"{}").get("partialSuccess") or {}
        rejected = next((value for key, value in partial.items() if key.startswith("rejected")), 0)
        return int(rejected), str(partial.get("errorMessage", ""))
    except (ValueError, TypeError, AttributeError):
        return 0, ""  # an answer that cannot be read is still a success


def _accepted(target: Target, rejected: int, message: str) -> Answer:
    """A success, whole or partial; what a partial one rejected must not be sent again."""
    if rejected:
        return Answer(Verdict.REFUSED, f"{target.authority} refused {rejected} of a request: {message}")
    return Answer(Verdict.ACCEPTED)


# The data themselves are wrong; every other code leaves them in the spool (OTLP, "Failures" of OTLP/gRPC).
_REFUSING_CODES = frozenset({"INVALID_ARGUMENT", "FAILED_PRECONDITION"})


class GrpcSender:
    """OTLP/gRPC; `grpcio` and protobuf are loaded here and nowhere else."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._channel: grpc.Channel | None = None
        self._stub: Any = None

    def send(self, line: bytes, timeout: float) -> Answer:
        """See `Sender.send`."""
        import grpc  # noqa: PLC0415 - costs 150 ms, paid only by those who chose gRPC

        from gnomon.otlp import protobuf  # noqa: PLC0415

        started = time.monotonic()
        try:
            message = protobuf.request(self._target.signal, line)
        except ValueError as error:
            return Answer(Verdict.REFUSED, f"not OTLP: {error}")
        try:
            if self._stub is None:
                self._open(grpc)
            reply = self._stub.Export(
                message,
                timeout=max(0.001, timeout - (time.monotonic() - started)),
                metadata=tuple(self._target.headers.items()),
                compression=grpc.Compression.Gzip if self._target.gzip else None,
            )
        except grpc.RpcError as error:
            call = cast("grpc.Call", error)
            code = call.code().name
            why = f"{self._target.authority} answered {code}: {(call.details() or '').strip()[:200]}"
            return Answer(Verdict.REFUSED if code in _REFUSING_CODES else Verdict.LATER, why)
        except (OSError, ValueError) as error:  # ValueError: a header that gRPC cannot carry
            return Answer(Verdict.LATER, f"{self._target.authority}: {_reason(error)}")
        return _accepted(self._target, *protobuf.rejected(reply))

    def _open(self, grpc_module: Any) -> None:
        from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs  # noqa: PLC0415
        from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics  # noqa: PLC0415
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces  # noqa: PLC0415

        target = self._target
        if target.url.scheme == "https":
            credentials = grpc_module.ssl_channel_credentials(
                _content(target.certificate), _content(target.client_key), _content(target.client_certificate)
            )
            self._channel = grpc_module.secure_channel(target.authority, credentials)
        else:
            self._channel = grpc_module.insecure_channel(target.authority)
        stubs: Mapping[str, Any] = {
            "traces": traces.TraceServiceStub,
            "metrics": metrics.MetricsServiceStub,
            "logs": logs.LogsServiceStub,
        }
        self._stub = stubs[target.signal](self._channel)

    def close(self) -> None:
        """See `Sender.close`."""
        if self._channel is not None:
            self._channel.close()
            self._channel = self._stub = None


def _content(path: str | None) -> bytes | None:
    if path is None:
        return None
    with open(path, "rb") as file:  # noqa: PTH123 - grpc wants bytes, and the path may be anything open() takes
        return file.read()
