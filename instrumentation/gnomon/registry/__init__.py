"""The one table of truth for telemetry: every metric, span, attribute and event by name.

Everything else is derived from it: instruments of the SDK, names in Prometheus, what a query may
name, the reference page and the export in OpenTelemetry's registry format. The tables are plain
modules (`attributes`, `values`, `resources`, `spans`, `events`, `metrics`) so that a process pays
only for the one it reads.
"""

from gnomon.registry.model import Attribute, Event, Metric, Resource, Source, Span

__all__ = ["Attribute", "Event", "Metric", "Resource", "Source", "Span"]
