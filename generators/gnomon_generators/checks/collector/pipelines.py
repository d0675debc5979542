"""Reading a Collector's pipelines, whatever shape they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gnomon_generators.checks.subjects import CollectorFile

SECTIONS: Final = ("receivers", "processors", "exporters")
"""The parts of a pipeline."""

_ALIASES: Final = {
    "otlp": "otlp_grpc",
    "otlphttp": "otlp_http",
    "spanmetrics": "span_metrics",
    "prometheusremotewrite": "prometheus_remote_write",
    "deltatocumulative": "delta_to_cumulative",
}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline by its name, with the names of its components."""

    name: str
    receivers: tuple[str, ...]
    processors: tuple[str, ...]
    exporters: tuple[str, ...]

    def components(self, section: str) -> tuple[str, ...]:
        """The components of one part."""
        return getattr(self, section)  # type: ignore[no-any-return]


def pipelines(file: CollectorFile) -> Iterator[Pipeline]:
    """The pipelines of a configuration."""
    service = mapping(file.document.get("service"))
    for name, raw in mapping(service.get("pipelines")).items():
        parts = mapping(raw)
        yield Pipeline(str(name), *(_names(parts.get(section)) for section in SECTIONS))


def defined(file: CollectorFile, section: str) -> Mapping[str, Any]:
    """The components of a section, `connectors` and `extensions` too."""
    return mapping(file.document.get(section))


def kind(component: str) -> str:
    """The type of a component, without the name behind the stroke."""
    return component.partition("/")[0]


def kind_of_exporter(component: str) -> str:
    """The type of an exporter under its name of today; the elder ones still load."""
    return _ALIASES.get(kind(component), kind(component))


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def _names(value: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in value) if isinstance(value, list) else ()
