"""The series that are emitted: of the registry, of the stack, and in others' files of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from gnomon.registry import attributes, metrics
from gnomon.registry.attribute import Attribute
from gnomon.settings import Settings
from gnomon_generators import stack_metrics
from gnomon_generators.checks.known.elsewhere import SPAN_METRICS
from gnomon_generators.checks.known.series import Kind, KnownSeries, Part
from gnomon_generators.promql.series import AnyLabel, AnyMetric, series_of

Values = Mapping[str, tuple[str, ...] | None]

_PARTS: Final[tuple[Part, ...]] = ("bucket", "sum", "count")
# Prometheus' OTLP receiver and the Collector make these two of `service.name` and `service.instance.id`; a
# scrape has both. A test run never has an instance: every run would start new series.
_OF_RUNS: Final = ("job",)
_OF_SERVICES: Final = ("job", "instance")


def emitted(settings: Settings, elsewhere: bool) -> Mapping[str, KnownSeries]:
    """Every emitted series by name; with `elsewhere` as it may be in somebody else's stack.

    There other producers write under the same names, and a scrape adds the labels that its configuration
    says, which are not known here.
    """
    bounded = _bounded_by_settings(settings)
    found = {
        series.name: series for metric in metrics.ALL for series in _series(metric, bounded, metric.counting)
    }
    for stack_metric in stack_metrics.ALL:
        is_scraped = elsewhere and stack_metric not in _SPANS
        for series in _series(stack_metric, {}, stack_metric.kind):
            found[series.name] = replace(series, open=True) if is_scraped else series
    if elsewhere:
        for other in SPAN_METRICS:
            for series in _series(other, {}, other.kind):
                found[series.name] = _joined(found.get(series.name), series)
    return found


def _series(metric: AnyMetric, bounded: Values, counting: str) -> Iterator[KnownSeries]:
    whole = series_of(metric)
    kind: Kind = "counter" if counting == "histogram" else counting  # type: ignore[assignment]
    labels: dict[str, tuple[str, ...] | None] = {
        name: bounded.get(_name(label)) or whole.values[name] for name, label in whole.labels.items()
    }
    if whole.base not in _STACK:
        labels |= dict.fromkeys(_OF_RUNS if kind == "run_point" else _OF_SERVICES)
    if not whole.histogram:
        yield KnownSeries(whole.base, whole.name, kind, "whole", labels, whole.unit, whole.additive)
        return
    for part in _PARTS:
        extra: Values = {"le": None} if part == "bucket" else {}
        unit = whole.unit if part == "sum" else "{observation}"
        yield KnownSeries(f"{whole.base}_{part}", whole.name, kind, part, {**labels, **extra}, unit)


# Their labels are those that the maker of span metrics is told to write.
_SPANS: Final = (stack_metrics.SPAN_CALLS, stack_metrics.SPAN_DURATION)
_STACK: Final = {metric.name for metric in (*stack_metrics.ALL, *SPAN_METRICS)}


def _name(label: AnyLabel) -> str:
    return label.name if isinstance(label, Attribute) else ""


def _joined(one: KnownSeries | None, other: KnownSeries) -> KnownSeries:
    if one is None:
        return other
    return replace(one, labels={**other.labels, **one.labels})


def _bounded_by_settings(settings: Settings) -> Values:
    """The values that gnomon.yaml allows, by attribute; an empty list there allows any."""
    organisation = settings.organisation
    suites = tuple(suite.name for suite in settings.suites)
    if suites:
        # A run of tests of several suites belongs to one that is named after the project.
        suites = (*suites, settings.project.name)
    environments = tuple(environment.name for environment in organisation.environments)
    if environments:
        environments = (*environments, settings.environment)
    return {
        attributes.TEST_SUITE_NAME.name: suites or None,
        attributes.DEPLOYMENT_ENVIRONMENT_NAME.name: environments or None,
        attributes.GNOMON_DEPARTMENT.name: tuple(row.name for row in organisation.departments) or None,
        attributes.GEN_AI_AGENT_NAME.name: tuple(row.name for row in organisation.agents) or None,
    }
