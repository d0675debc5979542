"""The one table of truth for telemetry: every metric, span, attribute and event by name.

Everything else is derived from it: instruments of the SDK, names in Prometheus, what a query may
name, the reference page and the export in OpenTelemetry's registry format. The tables are plain
modules (`attributes`, `values`, `resources`, `spans`, `events`, `metrics`) so that a process pays
only for the one it reads; `lookup` finds a row by its name, `prometheus` says its name there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnomon.registry.attribute import Attribute, Source
    from gnomon.registry.model import Event, Metric, Resource, Span

__all__ = ["Attribute", "Event", "Metric", "Resource", "Source", "Span"]

_HOMES = {
    "Attribute": "attribute",
    "Event": "model",
    "Metric": "model",
    "Resource": "model",
    "Source": "attribute",
    "Span": "model",
}


def __getattr__(name: str) -> object:
    """Loads the module of a kind of row when it is first asked for."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gnomon.registry' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only for those who ask

    return getattr(import_module(f"gnomon.registry.{home}"), name)
