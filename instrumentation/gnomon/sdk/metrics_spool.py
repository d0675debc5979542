"""Metrics of a configured process: collected from time to time, each time into one spool file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from gnomon.spool import files

_TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"


class SpoolMetricExporter(MetricExporter):
    """Writes what a reader collected as a spool file. Files are local: there is nothing to wait for."""

    def __init__(
        self, names: FileNames, environ: Mapping[str, str], on_file: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(preferred_temporality=temporality(environ.get(_TEMPORALITY, "")))
        self._names = names
        self._on_file = on_file

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        """Writes the file; a failure is noted and the next collection has the totals again."""
        try:
            if not any(
                scope.metrics for each in metrics_data.resource_metrics for scope in each.scope_metrics
            ):
                return MetricExportResult.SUCCESS
            files.write(self._names.next("metrics"), [encode.sdk_metrics(metrics_data)])
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
