"""Processors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gnomon_generators.collector.component import Options, Processor, seconds

ErrorMode = Literal["ignore", "silent", "propagate"]
"""What becomes of a statement that fails: noted and left out, left out, or the data are given up."""


@dataclass(frozen=True, kw_only=True)
class MemoryLimiter(Processor):
    """Refuses data when memory runs short, so that senders keep them; first in a pipeline.

    The limits are percentages of the memory that the Collector may use.
    """

    type: ClassVar[str] = "memory_limiter"
    check_interval: float = 1.0
    limit_percentage: int = 75
    spike_limit_percentage: int = 20

    def options(self) -> Options:
        """Interval and limits."""
        return {
            "check_interval": seconds(self.check_interval),
            "limit_percentage": self.limit_percentage,
            "spike_limit_percentage": self.spike_limit_percentage,
        }


@dataclass(frozen=True, kw_only=True)
class Redaction(Processor):
    """Masks values of attributes: whole ones by patterns of their keys, parts of others by their form.

    The patterns are RE2's.
    """

    type: ClassVar[str] = "redaction"
    blocked_keys: tuple[str, ...] = ()
    blocked_values: tuple[str, ...] = ()
    ignored_keys: tuple[str, ...] = ()
    summary: Literal["debug", "info", "silent"] = "info"

    def options(self) -> Options:
        """Every key is allowed through; what is blocked is masked."""
        return {
            "allow_all_keys": True,
            "redact_all_types": True,
            "ignored_keys": list(self.ignored_keys),
            "blocked_key_patterns": list(self.blocked_keys),
            "blocked_values": list(self.blocked_values),
            "summary": self.summary,
        }


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements of OTTL, the Collector's transformation language, each run once for every `context`.

    The context is stated, for a Collector that has to guess it takes one for the whole list: statements on
    spans beside statements on events of spans run only for spans that have events.
    """

    context: Literal["resource", "scope", "span", "spanevent", "metric", "datapoint"]
    statements: tuple[str, ...]

    def options(self) -> Options:
        """The statements with their context."""
        return {"context": self.context, "statements": list(self.statements)}


@dataclass(frozen=True, kw_only=True)
class Transform(Processor):
    """Changes spans and metric points by statements, list after list."""

    type: ClassVar[str] = "transform"
    traces: tuple[Statements, ...] = ()
    metrics: tuple[Statements, ...] = ()
    error_mode: ErrorMode = "ignore"

    def options(self) -> Options:
        """The statements of each signal."""
        options: Options = {"error_mode": self.error_mode}
        if self.traces:
            options["trace_statements"] = [each.options() for each in self.traces]
        if self.metrics:
            options["metric_statements"] = [each.options() for each in self.metrics]
        return options


@dataclass(frozen=True, kw_only=True)
class Filter(Processor):
    """Drops what fulfils one of the conditions, which are OTTL's."""

    type: ClassVar[str] = "filter"
    spans: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    error_mode: ErrorMode = "ignore"

    def options(self) -> Options:
        """The conditions of each signal."""
        options: Options = {"error_mode": self.error_mode}
        if self.spans:
            options["trace_conditions"] = list(self.spans)
        if self.metrics:
            options["metric_conditions"] = list(self.metrics)
        return options


@dataclass(frozen=True, kw_only=True)
class DeltaToCumulative(Processor):
    """Adds up what senders report as differences; streams silent for `max_stale` seconds are forgotten."""

    type: ClassVar[str] = "delta_to_cumulative"
    max_stale: float
    max_streams: int

    def options(self) -> Options:
        """The bounds of what is kept in memory."""
        return {"max_stale": seconds(self.max_stale), "max_streams": self.max_streams}
