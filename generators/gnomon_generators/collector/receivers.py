"""Receivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gnomon_generators.collector.component import Extension, Options, Receiver
from gnomon_generators.collector.security import BearerToken, ServerTls


@dataclass(frozen=True, kw_only=True)
class OtlpReceiver(Receiver):
    """OTLP by gRPC and by HTTP, at these addresses (`host:port`), to whom `tls` and `token` let in."""

    type: ClassVar[str] = "otlp"
    grpc: str
    http: str
    max_message_mib: int = 16
    tls: ServerTls | None = None
    token: BearerToken | None = None

    @property
    def needs(self) -> tuple[Extension, ...]:
        """What looks at tokens."""
        return (self.token,) if self.token else ()

    def options(self) -> Options:
        """Both protocols."""
        guard: Options = {}
        if self.tls:
            guard["tls"] = self.tls.options()
        if self.token:
            guard["auth"] = {"authenticator": self.token.id}
        grpc = {"endpoint": self.grpc, "max_recv_msg_size_mib": self.max_message_mib, **guard}
        http = {"endpoint": self.http, "max_request_body_size": self.max_message_mib * 2**20, **guard}
        return {"protocols": {"grpc": grpc, "http": http}}
