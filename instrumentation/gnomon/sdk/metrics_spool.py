"""Metrics of a configured process: collected from time to time, each time into one spool file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics import (
    Counter,
    Histogram,
    ObservableCounter,
    ObservableUpDownCounter,
    UpDownCounter,
)
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)

from gnomon.otlp import encode
from gnomon.sdk.guard import failed
from gnomon.sdk.outbox import FileNames
from gnomon.sdk.recorder import SCOPE
from gnomon.spool import files

# A line is one request to a backend. With 16 buckets a point has some 300 bytes in protobuf and 1 kB in JSON,
# and gRPC servers refuse 4 MiB by default.
_POINTS_OF_A_LINE = 1_000
_TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"


class SpoolMetricExporter(MetricExporter):
    """Writes what a reader collected as a spool file. Files are local: there is nothing to wait for."""

    def __init__(
        self, names: FileNames, environ: Mapping[str, str], on_file: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(preferred_temporality=temporality(environ.get(_TEMPORALITY, "")))
        self._names = names
        self._on_file = on_file
        self._pid = os.getpid()

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        """Writes the file; a failure is noted and the next collection has the totals again."""
        try:
            if os.getpid() != self._pid:
                metrics_data = _of_others(metrics_data)
            if not any(
                scope.metrics for each in metrics_data.resource_metrics for scope in each.scope_metrics
            ):
                return MetricExportResult.SUCCESS
            lines = (encode.sdk_metrics(portion) for portion in portions(metrics_data))
            files.write(self._names.next("metrics"), lines)
            self._on_file()
        except Exception as error:
            failed("writing metrics to the spool", error)
            return MetricExportResult.FAILURE
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Every export is on disk when it returns."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Nothing is open between exports."""


def _of_others(data: MetricsData) -> MetricsData:
    """Without our own instruments: those of a forked child are in another provider, see `Measuring`."""
    return MetricsData(
        [
            replace(each, scope_metrics=[scope for scope in each.scope_metrics if scope.scope.name != SCOPE])
            for each in data.resource_metrics
        ]
    )


def portions(data: MetricsData, points: int = _POINTS_OF_A_LINE) -> Iterator[MetricsData]:
    """The same points in as many parts as it takes for none to have more than so many."""
    for per_resource in data.resource_metrics:
        for per_scope in per_resource.scope_metrics:
            part: list[Any] = []
            room = points
            for piece in _pieces(per_scope.metrics, points):
                size = len(piece.data.data_points)
                if size > room:
                    yield _one(per_resource, per_scope, part)
                    part, room = [], points
                part.append(piece)
                room -= size
            if part:
                yield _one(per_resource, per_scope, part)


def _pieces(metrics: Iterable[Any], points: int) -> Iterator[Any]:
    """Each metric, in several pieces where it has too many points."""
    for metric in metrics:
        found = metric.data.data_points
        for start in range(0, len(found), points):
            few = found[start : start + points]
            yield (
                metric
                if len(few) == len(found)
                else replace(metric, data=replace(metric.data, data_points=few))
            )


def _one(per_resource: Any, per_scope: Any, metrics: list[Any]) -> MetricsData:
    return MetricsData([replace(per_resource, scope_metrics=[replace(per_scope, metrics=metrics)])])


def temporality(preference: str) -> dict[type, AggregationTemporality]:
    """The temporality of each instrument by OpenTelemetry's preference: cumulative, delta or lowmemory."""
    delta, cumulative = AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE
    word = preference.strip().lower()
    return {
        Counter: delta if word in ("delta", "lowmemory") else cumulative,
        Histogram: delta if word in ("delta", "lowmemory") else cumulative,
        ObservableCounter: delta if word == "delta" else cumulative,
        UpDownCounter: cumulative,
        ObservableUpDownCounter: cumulative,
    }
