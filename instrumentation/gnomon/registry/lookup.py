"""Finding a row of the registry by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Protocol, TypeVar

from gnomon.errors import UserError
from gnomon.registry import attributes, events, metrics, resources, spans
from gnomon.registry.attribute import Attribute
from gnomon.registry.model import Event, Metric, Resource, Span
from gnomon.registry.prometheus import name_of, series_names


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_Row = TypeVar("_Row")
_NamedRow = TypeVar("_NamedRow", bound=_Named)


def attribute(name: str) -> Attribute:
    """The attribute of that name; raises `UserError` that proposes the nearest names."""
    return _find(_attributes(), name, "attribute")


def metric(name: str) -> Metric:
    """The metric of that OpenTelemetry name; raises `UserError` that proposes the nearest names."""
    return _find(_metrics(), name, "metric")


def prometheus_metric(name: str) -> Metric:
    """The metric of that Prometheus name.

    A histogram is found by its base name and by its `_bucket`, `_sum` and `_count` series. Raises
    `UserError` that proposes the nearest names.
    """
    return _find(_prometheus_metrics(), name, "Prometheus metric")


def event(name: str) -> Event:
    """The event of that name; raises `UserError` that proposes the nearest names."""
    return _find(_events(), name, "event")


def span(identity: str) -> Span:
    """The kind of span of that id; raises `UserError` that proposes the nearest ids."""
    return _find(_spans(), identity, "span")


def resource(identity: str) -> Resource:
    """The kind of resource of that id; raises `UserError` that proposes the nearest ids."""
    return _find(_resources(), identity, "resource")


def _find(rows: Mapping[str, _Row], name: str, what: str) -> _Row:
    row = rows.get(name)
    if row is None:
        near = get_close_matches(name, rows, n=3)
        advice = f"write {' or '.join(near)}" if near else "docs/telemetry.md lists the names"
        raise UserError(f"the registry has no {what} {name!r}: {advice}")
    return row


def _by_name(rows: Iterable[_NamedRow]) -> Mapping[str, _NamedRow]:
    return MappingProxyType({row.name: row for row in rows})


@cache
def _attributes() -> Mapping[str, Attribute]:
    return _by_name(attributes.ALL)


@cache
def _metrics() -> Mapping[str, Metric]:
    return _by_name(metrics.ALL)


@cache
def _prometheus_metrics() -> Mapping[str, Metric]:
    return MappingProxyType({name: row for row in metrics.ALL for name in (name_of(row), *series_names(row))})


@cache
def _events() -> Mapping[str, Event]:
    return _by_name(events.ALL)


@cache
def _spans() -> Mapping[str, Span]:
    return MappingProxyType({row.id: row for row in spans.ALL})


@cache
def _resources() -> Mapping[str, Resource]:
    return MappingProxyType({row.id: row for row in resources.ALL})
