"""What the same names mean where others emit them: read in others' files only, never in our own."""

from __future__ import annotations

from typing import Final

from gnomon_generators.promql import Label, StackMetric
from gnomon_generators.stack_metrics import SPAN_KIND, SPAN_NAME, STATUS_CODE

# Tempo's metrics-generator writes span metrics of its own; `service`, `span_name`, `span_kind` and
# `status_code` are its intrinsic dimensions, all others must be configured.
_TEMPO: Final = ("Grafana Tempo", "2.8")
_SPAN: Final = (
    Label("service", "Service that the span is from."),
    SPAN_NAME,
    SPAN_KIND,
    STATUS_CODE,
    Label("status_message", "Message of the status, where that dimension is switched on."),
)

SPAN_METRICS: Final = (
    StackMetric(
        "traces_spanmetrics_calls_total", "counter", "{span}", "Spans that Tempo saw.", *_TEMPO, _SPAN
    ),
    StackMetric("traces_spanmetrics_latency", "histogram", "s", "Duration of spans.", *_TEMPO, _SPAN),
    StackMetric("traces_spanmetrics_size_total", "counter", "By", "Size of spans.", *_TEMPO, _SPAN),
)
"""Span metrics as Tempo's metrics-generator writes them."""
