"""Names of components and settings that newer Collectors call otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.collector.pipelines import defined, kind, mapping
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import CollectorFile

ID = "collector/names"
SEVERITY = Severity.WARNING
BRIEF = "A component or setting has a name that the Collector of today only still accepts."

_RENAMED: Final = {
    ("exporters", "otlp"): "otlp_grpc",
    ("exporters", "otlphttp"): "otlp_http",
    ("exporters", "prometheusremotewrite"): "prometheus_remote_write",
    ("connectors", "spanmetrics"): "span_metrics",
    ("processors", "deltatocumulative"): "delta_to_cumulative",
    ("exporters", "logging"): "debug",
}
"""By section and type. `logging` is gone since 0.111; the others load as deprecated aliases."""


def check(file: CollectorFile) -> Iterator[Finding]:
    """Reports elder types of components, and the address of the Collector's own metrics."""
    for (section, old), new in _RENAMED.items():
        for name in defined(file, section):
            if kind(name) == old:
                yield file.finding(
                    ID,
                    SEVERITY,
                    f"{old} is called {new} by now; the elder name will be refused one day, or is already.",
                    f"write {new}{name.removeprefix(old)}, in the pipelines too",
                    part=f"{section}.{name}",
                    line=file.line_of(section, name),
                )
    metrics = mapping(mapping(mapping(file.document.get("service")).get("telemetry")).get("metrics"))
    if "address" in metrics:
        yield file.finding(
            ID,
            SEVERITY,
            "`service.telemetry.metrics.address` gave way to readers with Collector 0.111 and is ignored by "
            "newer ones.",
            "write `readers: [{pull: {exporter: {prometheus: {host: …, port: …}}}}]`",
            part="service.telemetry.metrics.address",
            line=file.line_of("service", "telemetry", "metrics", "address"),
        )
