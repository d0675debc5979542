"""What an expression needs to know of a metric, whoever emits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from gnomon.errors import UserError
from gnomon.registry.attribute import Attribute
from gnomon.registry.model import Metric
from gnomon.registry.prometheus import label_of, name_of
from gnomon_generators.promql.naming import constants_like, told

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

Labels = Sequence[AnyLabel] | AnyLabel
"""What a result is split by: several labels, or one."""


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
    values: Mapping[str, tuple[str, ...] | None]
    """All that each label may say; None where that is open."""
    sent: bool = False
    """Whether a process sends it once a minute, however often others are scraped."""


def series_of(metric: AnyMetric) -> Series:
    """The metric as Prometheus has it; raises `UserError` for what is no metric."""
    if not isinstance(metric, Metric | StackMetric):
        raise UserError(f"{told(metric)} is no metric: write {_metrics_like(metric)}")
    return _series_of(metric)


@cache
def _series_of(metric: AnyMetric) -> Series:
    if isinstance(metric, StackMetric):
        return Series(
            metric.name,
            metric.name,
            metric.kind,
            metric.kind == "histogram",
            metric.unit,
            additive=True,
            labels={label_text(label): label for label in metric.labels},
            values={label_text(label): label.label_values for label in metric.labels},
        )
    return Series(
        metric.name,
        name_of(metric),
        metric.counting,
        metric.instrument == "histogram",
        metric.unit,
        metric.additive,
        {label_of(attribute): attribute for attribute in metric.attributes},
        {label_of(attribute): metric.values_of(attribute) for attribute in metric.attributes},
        sent=metric.counting in ("counter", "histogram"),
    )


def label_text(label: AnyLabel) -> str:
    """The label's name in Prometheus; raises `UserError` for what is no label."""
    if isinstance(label, Label):
        return label.name
    if isinstance(label, Attribute):
        return label_of(label)
    raise UserError(f"{told(label)} is no label: write {_attributes_like(label)}")


def constant(label: AnyLabel) -> str:
    """What a definition calls the label: `a.GEN_AI_AGENT_NAME`; of another component's its name."""
    return label.name if isinstance(label, Label) else f"a.{label.name.upper().replace('.', '_')}"


def each(labels: Labels) -> tuple[AnyLabel, ...]:
    """The labels of a `by`, one of them or several; raises `UserError` for what holds none."""
    if isinstance(labels, Label | Attribute):
        return (labels,)
    if isinstance(labels, str) or not isinstance(labels, Sequence):
        raise UserError(f"by={told(labels)} names no labels: write by={_attributes_like(labels)}")
    return tuple(labels)


def _metrics_like(text: object) -> str:
    from gnomon.registry import metrics  # noqa: PLC0415 - only to advise

    return constants_like(text, "m", metrics, Metric) or (
        "one of gnomon.registry.metrics, such as m.GNOMON_RUN_TESTS"
    )


def _attributes_like(text: object) -> str:
    from gnomon.registry import attributes  # noqa: PLC0415 - only to advise

    return constants_like(text, "a", attributes, Attribute) or (
        "one of gnomon.registry.attributes, such as a.GNOMON_TEST_OUTCOME"
    )
