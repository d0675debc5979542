"""What an expression needs to know of a metric, whoever emits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from gnomon.registry.attribute import Attribute
from gnomon.registry.model import Metric
from gnomon.registry.prometheus import label_of, name_of

Counting = Literal["run_point", "ledger", "counter", "histogram", "gauge"]


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A label that another component writes; `values` is the closed set of its values where there is one."""

    name: str
    brief: str
    values: tuple[str, ...] | None = None

    @property
    def label_values(self) -> tuple[str, ...] | None:
        """All that the label may say; None where that is open."""
        return self.values


AnyLabel = Attribute | Label
"""A label: an attribute of the registry, or one that another component writes."""


@dataclass(frozen=True, slots=True, eq=False)
class StackMetric:
    """A metric that a component of the stack emits, by its name in Prometheus.

    A histogram's name is that without `_bucket`, `_sum` and `_count`. `unit` is UCUM. `producer` says
    which component emits it, `version` the version whose names these are.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    brief: str
    producer: str
    version: str
    labels: tuple[AnyLabel, ...] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def series_names(self) -> tuple[str, ...]:
        """The names of its series: one, or a histogram's three."""
        if self.kind == "histogram":
            return tuple(self.name + suffix for suffix in ("_bucket", "_sum", "_count"))
        return (self.name,)


AnyMetric = Metric | StackMetric
"""A metric: of the registry, or of the stack."""


@dataclass(frozen=True, slots=True)
class Series:
    """A metric as Prometheus has it: its name, how it is counted, its labels."""

    name: str
    base: str
    counting: Counting
    histogram: bool
    unit: str
    additive: bool
    labels: Mapping[str, AnyLabel]


@cache
def series_of(metric: AnyMetric) -> Series:
    """The metric as Prometheus has it."""
    if isinstance(metric, StackMetric):
        return Series(
            metric.name,
            metric.name,
            metric.kind,
            metric.kind == "histogram",
            metric.unit,
            additive=True,
            labels={label_text(label): label for label in metric.labels},
        )
    return Series(
        metric.name,
        name_of(metric),
        metric.counting,
        metric.instrument == "histogram",
        metric.unit,
        metric.additive,
        {label_of(attribute): attribute for attribute in metric.attributes},
    )


def label_text(label: AnyLabel) -> str:
    """The label's name in Prometheus."""
    return label.name if isinstance(label, Label) else label_of(label)
