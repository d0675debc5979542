"""What a row of the tables of resources, events, spans and metrics says."""

from __future__ import annotations

from typing import Literal

from gnomon.record import Record
from gnomon.registry.attribute import Attribute, Source, Stability
from gnomon.registry.values import NONE

Instrument = Literal["counter", "updowncounter", "histogram", "gauge"]

Counting = Literal["run_point", "ledger", "counter", "histogram", "gauge"]
"""How a window's total is read.

`run_point`: one sample a run and label set, summed with `sum_over_time`. `ledger`: a monotonic total
kept in the results store, read by recorded delta. `counter` and `histogram`: ordinary instruments of
a long-running process, read with `increase` or `rate`. `gauge`: a level, read as it stands.
"""

SpanKind = Literal["internal", "client", "server", "producer", "consumer"]


class Resource(Record, eq=False):
    """What describes a source of telemetry as a whole; `required` is always present."""

    id: str
    brief: str
    required: tuple[Attribute, ...]
    optional: tuple[Attribute, ...]

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """All of them, the required ones first."""
        return self.required + self.optional


class Event(Record, eq=False):
    """A moment on a span, or a log record with an event name."""

    name: str
    brief: str
    required: tuple[Attribute, ...]
    optional: tuple[Attribute, ...] = ()
    stability: Stability = "development"
    source: Source | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """All of them, the required ones first."""
        return self.required + self.optional


class Span(Record, eq=False):
    """A kind of span.

    `name` is the span's name with the parts that vary in braces, named by their attribute; `parents`
    are ids of the kinds of span that it may stand under (none: a root, or a span of the host's).
    """

    id: str
    name: str
    kind: SpanKind
    brief: str
    required: tuple[Attribute, ...]
    optional: tuple[Attribute, ...] = ()
    events: tuple[Event, ...] = ()
    parents: tuple[str, ...] = ()
    stability: Stability = "development"
    source: Source | None = None

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """All of them, the required ones first."""
        return self.required + self.optional


class Metric(Record, eq=False):
    """A metric by its OpenTelemetry name; `gnomon.registry.prometheus` says its Prometheus name.

    `unit` is UCUM, with annotation units (`{test}`) for counts of things; `buckets` are a histogram's
    upper bounds in that unit; `seed` marks the names that users were promised from the start. Adding
    the values of a metric that is not `additive` up over runs or label sets means nothing.
    """

    name: str
    instrument: Instrument
    unit: str
    brief: str
    counting: Counting
    required: tuple[Attribute, ...] = ()
    optional: tuple[Attribute, ...] = ()
    buckets: tuple[float, ...] = ()
    stability: Stability = "development"
    source: Source | None = None
    seed: bool = False
    additive: bool = True

    def __str__(self) -> str:
        return self.name

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """All of the metric's labels, the ones that are always present first."""
        return self.required + self.optional

    def values_of(self, attribute: Attribute) -> tuple[str, ...] | None:
        """All that a label of the metric may say; None where that is open.

        Where nothing is to be said run points say `none`; a service's series are without the label then.
        """
        told = attribute.label_values
        if told is None or attribute.values_on_metrics is None or self.counting == "run_point":
            return told
        return tuple(value for value in told if value != NONE)
