"""What must hold of the registry, said of whatever tables are given: ours, or ours with additions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from itertools import chain
from typing import Final

from gnomon.record import Record
from gnomon.registry import attributes, events, metrics, resources, spans
from gnomon.registry.attribute import Attribute, Source
from gnomon.registry.model import Event, Metric, Resource, Span
from gnomon.registry.prometheus import label_of, series_names
from gnomon.registry.sources import GNOMON

# OpenTelemetry's rule for names, and the first parts of names that are its own to give away.
_NAME: Final = re.compile(r"[a-z][a-z0-9]*([._][a-z0-9]+)*")
_PREFIXES: Final = """
a2a android app artifact aspnetcore aws az azure browser cassandra cicd cli client cloud cloudevents
cloudfoundry code container cpu cpython db deployment destination device disk dns dotnet elasticsearch
enduser error event exception faas feature_flag file gcp gen_ai geo go graphql heroku host http hw ios
jsonrpc jvm k8s kestrel linux log mainframe mcp message messaging net network nfs nodejs oci onc_rpc
openai openshift opentracing oracle oracle_cloud oracledb os otel peer pool pprof process profile rpc
security_rule server service session signalr source state system telemetry test thread tls url user
user_agent v8js vcs webengine zos
"""
OPENTELEMETRY_PREFIXES: Final = frozenset(_PREFIXES.split())
_COUNTED_BY: Final = {
    "run_point": {"gauge", "histogram"},
    "ledger": {"counter", "histogram"},
    "counter": {"counter"},
    "histogram": {"histogram"},
    "gauge": {"gauge", "updowncounter"},
}


class Tables(Record):
    """A registry as a whole."""

    attributes: Sequence[Attribute] = field(default=attributes.ALL)
    resources: Sequence[Resource] = field(default=resources.ALL)
    spans: Sequence[Span] = field(default=spans.ALL)
    events: Sequence[Event] = field(default=events.ALL)
    metrics: Sequence[Metric] = field(default=metrics.ALL)


def problems(tables: Tables | None = None) -> list[str]:
    """Everything that is wrong with the tables, one sentence each; nothing when they are sound."""
    tables = tables or Tables()
    return list(
        chain(
            _wrong_names(tables),
            _duplicates(tables),
            _shadowed_attributes(tables.attributes),
            _unknown_attributes(tables),
            *(_wrong_attribute(row) for row in tables.attributes),
            *(_wrong_metric(row) for row in tables.metrics),
        )
    )


def _wrong_names(tables: Tables) -> Iterator[str]:
    named: Iterable[tuple[str, str, Source | None]] = chain(
        (("attribute", row.name, row.source) for row in tables.attributes),
        (("event", row.name, row.source) for row in tables.events),
        (("metric", row.name, row.source) for row in tables.metrics),
    )
    for what, name, source in named:
        if not _NAME.fullmatch(name):
            yield f"{what} {name!r} is not lower-case words joined by dots or underscores"
        if source is None:
            yield f"{what} {name!r} does not say which convention it follows"
        elif source is GNOMON and name.partition(".")[0] in OPENTELEMETRY_PREFIXES:
            yield f"{what} {name!r} is ours but stands under a prefix of OpenTelemetry"
        elif source is not GNOMON and name.partition(".")[0] not in OPENTELEMETRY_PREFIXES:
            yield f"{what} {name!r} is said to be OpenTelemetry's but stands under none of its prefixes"


def _duplicates(tables: Tables) -> Iterator[str]:
    for what, names in (
        ("attribute", [row.name for row in tables.attributes]),
        ("Prometheus label", [label_of(row) for row in tables.attributes]),
        ("resource", [row.id for row in tables.resources]),
        ("span", [row.id for row in tables.spans]),
        ("event", [row.name for row in tables.events]),
        ("metric", [row.name for row in tables.metrics]),
        ("Prometheus series", [name for row in tables.metrics for name in series_names(row)]),
    ):
        yield from (f"{what} {name!r} stands twice" for name, times in Counter(names).items() if times > 1)


def _shadowed_attributes(rows: Iterable[Attribute]) -> Iterator[str]:
    """OpenTelemetry forbids a name that is also the first part of another: stores nest them."""
    names = {row.name for row in rows}
    for name in sorted(names):
        parts = name.split(".")
        for length in range(1, len(parts)):
            shorter = ".".join(parts[:length])
            if shorter in names:
                yield f"attribute {shorter!r} is also the beginning of {name!r}"


def _unknown_attributes(tables: Tables) -> Iterator[str]:
    known = set(tables.attributes)
    users: Iterable[tuple[str, Sequence[Attribute]]] = chain(
        ((f"resource {row.id!r}", row.attributes) for row in tables.resources),
        ((f"span {row.id!r}", row.attributes) for row in tables.spans),
        ((f"event {row.name!r}", row.attributes) for row in tables.events),
        ((f"metric {row.name!r}", row.attributes) for row in tables.metrics),
    )
    for user, used in users:
        for attribute, times in Counter(used).items():
            if attribute not in known:
                yield f"{user} uses attribute {attribute.name!r}, which is not in the table"
            if times > 1:
                yield f"{user} names attribute {attribute.name!r} twice"
    span_ids = {row.id for row in tables.spans}
    for span in tables.spans:
        yield from (
            f"span {span.id!r} stands under {parent!r}, which is not in the table"
            for parent in span.parents
            if parent not in span_ids
        )
        yield from (
            f"span {span.id!r} has event {event.name!r}, which is not in the table"
            for event in span.events
            if event not in tables.events
        )


def _wrong_attribute(row: Attribute) -> Iterator[str]:
    if row.type == "string" and row.values is None and not row.examples and not row.content:
        yield f"attribute {row.name!r} has neither values nor examples"
    if row.values is not None and row.type != "string":
        yield f"attribute {row.name!r} has named values but is of type {row.type}"
    kinds = {"string": str, "int": int, "double": float, "boolean": bool, "string[]": tuple, "int[]": tuple}
    kind = kinds.get(row.type)
    for example in row.examples:
        if kind is not None and type(example) is not kind:
            yield f"attribute {row.name!r} is of type {row.type} but has the example {example!r}"


def _wrong_metric(row: Metric) -> Iterator[str]:
    if row.instrument not in _COUNTED_BY[row.counting]:
        yield f"metric {row.name!r} is a {row.instrument}, which is not counted as {row.counting}"
    if (row.instrument == "histogram") != bool(row.buckets):
        yield f"metric {row.name!r} is a {row.instrument} with {len(row.buckets)} buckets"
    if list(row.buckets) != sorted(set(row.buckets)):
        yield f"metric {row.name!r} has buckets that do not rise"
    for attribute in row.attributes:
        if attribute.content:
            yield f"metric {row.name!r} is labelled with {attribute.name!r}, which holds content"
        elif not attribute.bounded:
            yield f"metric {row.name!r} is labelled with {attribute.name!r}, which nothing bounds"
