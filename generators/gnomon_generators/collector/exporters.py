"""Exporters, and the queue that they send from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gnomon_generators.collector.component import Exporter, Extension, Options, Reference, seconds
from gnomon_generators.collector.extensions import FileStorage
from gnomon_generators.collector.security import BearerToken, ClientTls


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Requests are put together until there are `least` items or `wait` seconds are over."""

    wait: float = 1.0
    least: int = 2048
    most: int = 8192

    def options(self) -> Options:
        """Time and sizes."""
        return {
            "flush_timeout": seconds(self.wait),
            "sizer": "items",
            "min_size": self.least,
            "max_size": self.most,
        }


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What waits to be sent, in files. A full queue refuses, so that the sender keeps what it has.

    With one consumer things are sent in the order in which they came. Without `batch` each request is
    sent as it came in.
    """

    storage: FileStorage
    requests: int = 5000
    consumers: int = 10
    batch: Batch | None = None

    def options(self) -> Options:
        """The queue as it stands under `sending_queue`."""
        options: Options = {
            "storage": self.storage.id,
            "queue_size": self.requests,
            "num_consumers": self.consumers,
        }
        return options | ({"batch": self.batch.options()} if self.batch else {})


@dataclass(frozen=True, kw_only=True)
class _Otlp(Exporter):
    """What both protocols have: an endpoint, headers by reference, TLS, a queue, and no end of trying."""

    endpoint: str
    headers: tuple[tuple[str, Reference], ...] = ()
    insecure: bool = False
    tls: ClientTls | None = None
    token: BearerToken | None = None
    queue: Queue

    @property
    def needs(self) -> tuple[Extension, ...]:
        """The storage of the queue, and what sends the token."""
        return (self.queue.storage, *((self.token,) if self.token else ()))

    def options(self) -> Options:
        """What was not delivered is tried again for ever: giving up after minutes is the default."""
        options: Options = {"endpoint": self.endpoint}
        if self.tls:
            options["tls"] = self.tls.options()
        elif self.insecure:
            options["tls"] = {"insecure": True}
        if self.token:
            options["auth"] = {"authenticator": self.token.id}
        if self.headers:
            options["headers"] = {name: str(value) for name, value in self.headers}
        return options | {
            "retry_on_failure": {"enabled": True, "max_elapsed_time": seconds(0)},
            "sending_queue": self.queue.options(),
        }


@dataclass(frozen=True, kw_only=True)
class OtlpGrpc(_Otlp):
    """OTLP by gRPC to `host:port`; `insecure` sends in clear where there is no `tls`."""

    type: ClassVar[str] = "otlp_grpc"


@dataclass(frozen=True, kw_only=True)
class OtlpHttp(_Otlp):
    """OTLP by HTTP to a URL, under which the paths of the signals lie; its scheme says whether in clear.

    With `json` it writes JSON.
    """

    type: ClassVar[str] = "otlp_http"

    json: bool = False

    def options(self) -> Options:
        """Protobuf is the default."""
        return {**super().options(), **({"encoding": "json"} if self.json else {})}
