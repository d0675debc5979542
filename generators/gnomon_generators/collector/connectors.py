"""Connectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gnomon.registry.attribute import Attribute
from gnomon_generators.collector.component import Connector, Options, seconds


@dataclass(frozen=True, kw_only=True)
class SpanMetrics(Connector):
    """Counts spans and measures their durations, in seconds.

    `calls_dimensions` and `duration_dimensions` are the labels beside service, name, kind and status of
    the span. `identity` are the resource attributes by which sources are told apart. Of one source at
    most `limit` label sets are kept, each until no span came for `expiry` seconds; further ones share a
    series that bears the label `otel_metric_overflow`. `flush_interval` is in seconds.
    """

    type: ClassVar[str] = "span_metrics"
    namespace: str
    buckets: tuple[float, ...]
    identity: tuple[Attribute, ...]
    calls_dimensions: tuple[Attribute, ...]
    duration_dimensions: tuple[Attribute, ...]
    limit: int
    expiry: float
    flush_interval: float
    exemplars: int = 5

    def options(self) -> Options:
        """Everything that defaults have changed for is stated."""
        return {
            "namespace": self.namespace,
            "histogram": {
                "unit": "s",
                "explicit": {"buckets": [seconds(bound) for bound in self.buckets]},
                "dimensions": [{"name": row.name} for row in self.duration_dimensions],
            },
            "calls_dimensions": [{"name": row.name} for row in self.calls_dimensions],
            "resource_metrics_key_attributes": [row.name for row in self.identity],
            "aggregation_temporality": "AGGREGATION_TEMPORALITY_CUMULATIVE",
            "aggregation_cardinality_limit": self.limit,
            "series_expiration": seconds(self.expiry),
            "metrics_flush_interval": seconds(self.flush_interval),
            "exemplars": {"enabled": self.exemplars > 0, "max_per_data_point": self.exemplars},
        }
