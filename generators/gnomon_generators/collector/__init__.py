"""The vocabulary of Collector configurations.

A configuration is its pipelines; a pipeline is its components, which are objects and know their options.
`render` writes the file that the Collector reads. Options are those of the version that
`gnomon_generators.programs` pins.
"""

from gnomon_generators.collector import ottl
from gnomon_generators.collector.component import Component, Reference, env, file
from gnomon_generators.collector.config import CollectorConfig, Pipeline, Telemetry
from gnomon_generators.collector.connectors import SpanMetrics
from gnomon_generators.collector.exporters import Batch, OtlpGrpc, OtlpHttp, Queue
from gnomon_generators.collector.extensions import FileStorage, HealthCheck
from gnomon_generators.collector.processors import (
    DeltaToCumulative,
    Filter,
    MemoryLimiter,
    Redaction,
    Statements,
    Transform,
)
from gnomon_generators.collector.receivers import OtlpReceiver
from gnomon_generators.collector.rendering import render
from gnomon_generators.collector.security import BearerToken, ClientTls, ServerTls

__all__ = [
    "Batch",
    "BearerToken",
    "ClientTls",
    "CollectorConfig",
    "Component",
    "DeltaToCumulative",
    "FileStorage",
    "Filter",
    "HealthCheck",
    "MemoryLimiter",
    "OtlpGrpc",
    "OtlpHttp",
    "OtlpReceiver",
    "Pipeline",
    "Queue",
    "Redaction",
    "Reference",
    "ServerTls",
    "SpanMetrics",
    "Statements",
    "Telemetry",
    "Transform",
    "env",
    "file",
    "ottl",
    "render",
]
