"""The whole configuration: pipelines, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gnomon.errors import UserError
from gnomon_generators.collector.component import (
    Component,
    Connector,
    Exporter,
    Extension,
    Options,
    Processor,
    Receiver,
)
from gnomon_generators.collector.processors import MemoryLimiter

Signal = Literal["traces", "metrics", "logs"]


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """One way through the Collector. Components are named by themselves, so none can be undefined."""

    signal: Signal
    name: str = ""
    about: str = ""
    receivers: Sequence[Receiver | Connector]
    processors: Sequence[Processor] = ()
    exporters: Sequence[Exporter | Connector]

    @property
    def id(self) -> str:
        """The pipeline's id: `signal` or `signal/name`."""
        return f"{self.signal}/{self.name}" if self.name else self.signal

    @property
    def components(self) -> Iterator[Component]:
        """All components in the order in which data pass them."""
        yield from self.receivers
        yield from self.processors
        yield from self.exporters


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """What the Collector tells of itself: metrics for Prometheus at `host` and `port`."""

    host: str
    port: int
    level: Literal["none", "basic", "normal", "detailed"] = "normal"

    def options(self) -> Options:
        """Names without suffixes, as the Collector's own documentation and dashboards write them."""
        prometheus = {
            "host": self.host,
            "port": self.port,
            "without_scope_info": True,
            "without_type_suffix": True,
            "without_units": True,
        }
        return {
            "metrics": {
                "level": self.level,
                "readers": [{"pull": {"exporter": {"prometheus": prometheus}}}],
            }
        }


@dataclass(frozen=True, kw_only=True)
class CollectorConfig:
    """A Collector's configuration: its pipelines, whose components need not be listed again.

    Nor need the extensions that a component uses; `extensions` are the others.

    Raises `UserError` when two components or pipelines share an id, a pipeline lacks a receiver or an
    exporter, the memory limiter is not first where data come in, or a connector has only one end.
    """

    pipelines: Sequence[Pipeline]
    extensions: Sequence[Extension] = ()
    telemetry: Telemetry | None = None
    about: str = ""

    def __post_init__(self) -> None:
        ids = [pipeline.id for pipeline in self.pipelines]
        for twice in sorted({name for name in ids if ids.count(name) > 1}):
            raise UserError(f"pipeline {twice} is defined twice; give one of them another name")
        for pipeline in self.pipelines:
            _check_ends(pipeline)
            _check_limiter(pipeline)
        self._check_components()
        self._check_connectors()

    @property
    def components(self) -> list[Component]:
        """All components, each once: those of the pipelines, in their order, then the extensions."""
        ways = [each for pipeline in self.pipelines for each in pipeline.components]
        needed = [extension for each in ways for extension in each.needs]
        return list(dict.fromkeys((*ways, *self.extensions, *needed)))

    def _check_components(self) -> None:
        seen = set()
        for component in self.components:
            # A receiver and an exporter may share an id, as in the Collector.
            key = (component.kind, component.id)
            if key in seen:
                raise UserError(f"two {key[0]} of different options are called {key[1]}; name one of them")
            seen.add(key)

    def _check_connectors(self) -> None:
        for connector in (each for each in self.components if isinstance(each, Connector)):
            ends = [
                (connector in pipeline.exporters, connector in pipeline.receivers)
                for pipeline in self.pipelines
            ]
            if not (any(end for end, _ in ends) and any(start for _, start in ends)):
                raise UserError(
                    f"connector {connector.id} joins nothing; let one pipeline export to it and another "
                    "receive from it"
                )


def _check_ends(pipeline: Pipeline) -> None:
    for what in ("receivers", "exporters"):
        if not getattr(pipeline, what):
            raise UserError(f"pipeline {pipeline.id} has no {what}; name at least one")


def _check_limiter(pipeline: Pipeline) -> None:
    from_outside = any(isinstance(each, Receiver) for each in pipeline.receivers)
    first = pipeline.processors[0] if pipeline.processors else None
    if from_outside and not isinstance(first, MemoryLimiter):
        raise UserError(
            f"pipeline {pipeline.id} takes data in, and does not begin with a memory_limiter; put one there"
        )
