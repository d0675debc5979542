"""Recording of what is long over: at once into spool files, and metrics as a scrape of then would have been.

The same steps, model calls and instruments as in a process that runs, with other hands on the clock: spans
keep the times that they are given (`Step.past`, `record_model_call`), and metrics are collected when the
caller says so, stamped with the moment that it names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricReader, MetricsData
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from gnomon.otlp import encode
from gnomon.registry.values import DROP_REASONS
from gnomon.sdk import recorder as recorders
from gnomon.sdk.assembly import instruments_of, recorder_of
from gnomon.sdk.ids import UrandomIdGenerator
from gnomon.sdk.metrics_spool import portions, temporality
from gnomon.sdk.outbox import SEGMENT_BYTES, FileNames, Segment
from gnomon.sdk.resource import describe
from gnomon.sdk.times import Moment, nanoseconds
from gnomon.settings import Settings
from gnomon.spool import files


class Backfill:
    """Records the past of one service, as a context manager; nothing is sent, dropped or waited for.

    `began` is when the service of then began: the start of its cumulative metrics. `described` are the
    arguments of `gnomon.configure` that say who it is. Times may only go forward from one `collect` to the
    next. While it is open, what this process records goes there, and what `configure` set up is not in use.
    """

    def __init__(
        self,
        spool_directory: Path,
        settings: Settings,
        *,
        began: Moment,
        described: Mapping[str, Any],
    ) -> None:
        resource = describe(described, settings)
        names = FileNames(spool_directory.absolute(), str(resource.attributes["service.name"]))
        self._spans = _Writer(names)
        self._metrics = _Collector(names, nanoseconds(began))
        self._tracer_provider = TracerProvider(
            resource=resource, id_generator=UrandomIdGenerator(), shutdown_on_exit=False
        )
        self._tracer_provider.add_span_processor(self._spans)
        self._meter_provider = MeterProvider([self._metrics], resource, shutdown_on_exit=False)
        instruments = instruments_of(self._meter_provider, settings, lambda: dict.fromkeys(DROP_REASONS, 0))
        self._recorder = recorder_of(self._tracer_provider, instruments, settings)
        self._before: recorders.Recorder | None = None

    @property
    def written(self) -> int:
        """Spans written so far."""
        return self._spans.written

    def collect(self, moment: Moment) -> None:
        """Writes one point of each series, as of this moment.

        Raises OSError where the spool cannot be written, now or since the last call.
        """
        self._spans.check()
        self._metrics.stamp = nanoseconds(moment)
        self._metrics.collect()

    def __enter__(self) -> Self:
        self._before, recorders.configured = recorders.configured, self._recorder
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        recorders.configured = self._before
        self._spans.complete()
        self._tracer_provider.shutdown()
        self._metrics.silence()
        self._meter_provider.shutdown()
        if error is None:
            self._spans.check()


class _Writer(SpanProcessor):
    """Writes each span as it ends, in the thread that ended it."""

    def __init__(self, names: FileNames) -> None:
        self._segment = Segment(names)
        self._error: OSError | None = None
        self.written = 0

    def on_end(self, span: ReadableSpan) -> None:
        """Appends the span. A disk that is full is told by `check`: nothing here may reach the steps."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        try:
            self._segment.append(span)
        except OSError as error:
            self._error = error
            return
        self.written += 1
        if self._segment.size >= SEGMENT_BYTES:
            self._segment.complete()

    def complete(self) -> None:
        """Turns what is open into spool files."""
        self._segment.complete()

    def check(self) -> None:
        """Raises what kept a span from being written."""
        if self._error is not None:
            raise self._error


class _Collector(MetricReader):
    """Collects when asked to, and writes what it got with the times of then."""

    def __init__(self, names: FileNames, began: int) -> None:
        word = os.environ.get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "")
        super().__init__(preferred_temporality=temporality(word))
        self._names = names
        self._began = self._last = self.stamp = began
        self._silent = False

    def silence(self) -> None:
        """From now on nothing is written: the provider collects once more when it is shut down."""
        self._silent = True

    def _receive_metrics(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> None:
        if self._silent:
            return
        lines = (encode.sdk_metrics(each) for each in portions(self._restamped(metrics_data)))
        files.write(self._names.next("metrics"), lines)
        self._last = self.stamp

    def _restamped(self, data: MetricsData) -> MetricsData:
        return replace(
            data,
            resource_metrics=[
                replace(
                    per_resource,
                    scope_metrics=[
                        replace(per_scope, metrics=[self._metric(metric) for metric in per_scope.metrics])
                        for per_scope in per_resource.scope_metrics
                    ],
                )
                for per_resource in data.resource_metrics
            ],
        )

    def _metric(self, metric: Any) -> Any:
        data = metric.data
        kind = getattr(data, "aggregation_temporality", AggregationTemporality.CUMULATIVE)
        since = self._last if kind == AggregationTemporality.DELTA else self._began
        points = [self._point(point, since) for point in data.data_points]
        return replace(metric, data=replace(data, data_points=points))

    def _point(self, point: Any, since: int) -> Any:
        # An exemplar was measured at some time since the collection before: that of this one will do.
        exemplars = [replace(exemplar, time_unix_nano=self.stamp) for exemplar in point.exemplars]
        return replace(point, start_time_unix_nano=since, time_unix_nano=self.stamp, exemplars=exemplars)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Nothing is open between collections."""
