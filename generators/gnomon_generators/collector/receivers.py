"""Receivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gnomon_generators.collector.component import Options, Receiver


@dataclass(frozen=True, kw_only=True)
class OtlpReceiver(Receiver):
    """OTLP by gRPC and by HTTP, at these addresses (`host:port`)."""

    type: ClassVar[str] = "otlp"
    grpc: str
    http: str
    max_message_mib: int = 16

    def options(self) -> Options:
        """Both protocols."""
        return {
            "protocols": {
                "grpc": {"endpoint": self.grpc, "max_recv_msg_size_mib": self.max_message_mib},
                "http": {"endpoint": self.http, "max_request_body_size": self.max_message_mib * 2**20},
            }
        }
