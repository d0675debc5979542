"""What a row of the table of attributes says; `model` holds the rows that refer to it."""

from __future__ import annotations

from typing import Literal

from gnomon.record import Record

Stability = Literal["stable", "release_candidate", "development"]
"""How far a name may be relied on; the words are OpenTelemetry's."""

AttributeType = Literal["string", "int", "double", "boolean", "string[]", "int[]", "any"]
"""OpenTelemetry's attribute types; `any` is a structure, recorded as JSON text on spans."""


class Source(Record):
    """The convention that a name was taken from, at the version that was read."""

    name: str
    version: str
    url: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class Attribute(Record, eq=False):
    """A key on a resource, span, event or metric.

    `values` is the closed set of values where there is one. `bounded_by` is the rule that keeps an
    open value's number of series small; only attributes with one of the two may label a metric.
    `values_on_metrics` is the closed set of the labels where other telemetry may say more.
    `content` marks what may hold a person's or a customer's words: recorded only on request.
    """

    name: str
    type: AttributeType
    brief: str
    examples: tuple[str | int | float | bool | tuple[str, ...], ...] = ()
    stability: Stability = "development"
    source: Source | None = None
    values: tuple[str, ...] | None = None
    bounded_by: str = ""
    content: bool = False
    values_on_metrics: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def bounded(self) -> bool:
        """Whether the attribute may label a metric."""
        return self.type == "boolean" or self.values is not None or bool(self.bounded_by)

    @property
    def label_values(self) -> tuple[str, ...] | None:
        """All that the attribute may say as a label of a metric; None where that is open."""
        if self.type == "boolean":
            return ("true", "false")
        return self.values if self.values_on_metrics is None else self.values_on_metrics
