"""Totals of routing tests over every run in the store, which never fall.

They are read from the results themselves, so that they survive any restart and count each test once,
however often its spans arrived. Names and labels are the registry's (counting: `ledger`). Every outcome
of every label set is exposed from the start, zeros included, because Prometheus takes the first value
that it sees of a series for its origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.utils import floatToGoString
from sqlalchemy import ColumnElement, Connection, Select, case, func, literal, select, union_all
from sqlalchemy.sql.selectable import FromClause

from gnomon.registry import Attribute, Metric, metrics, values
from gnomon.registry import attributes as names
from gnomon.registry.prometheus import label_of, name_of
from gnomon_analysis.store import schema
from gnomon_analysis.store.queries.totals import CALLS, RESULTS_OF_RUNS, calls, results, runs

# The labels of all ledger counters and the columns that hold them. A test's suite may be another than
# its run's, so it is read where it is known best.
_LABELS: dict[Attribute, ColumnElement[Any]] = {
    names.TEST_SUITE_NAME: func.coalesce(results.suite, runs.suite, ""),
    names.DEPLOYMENT_ENVIRONMENT_NAME: func.coalesce(runs.environment, ""),
    names.GNOMON_DEPARTMENT: func.coalesce(runs.department, ""),
    names.GEN_AI_AGENT_NAME: func.coalesce(runs.agent, ""),
}
_OWNER = tuple(column.label(f"label{number}") for number, column in enumerate(_LABELS.values()))
_ROUTING_TEST = results.expected_skill.is_not(None)

LabelSet = tuple[str, ...]


_METRICS = (
    metrics.ROUTING_TEST,
    metrics.ROUTING_TEST_RETRIES,
    metrics.ROUTING_TEST_API_LATENCY,
    metrics.ROUTING_TEST_COST_USD,
    metrics.ROUTING_TEST_DURATION,
)


def empty_families() -> list[Family]:
    """The families without samples."""
    return [_buckets(metric) if metric.instrument == "histogram" else _counter(metric) for metric in _METRICS]


def families(connection: Connection) -> Iterator[Family]:
    """The families as the store is now."""
    owners = sorted(
        tuple(row)
        for row in connection.execute(
            select(*_OWNER).select_from(RESULTS_OF_RUNS).where(_ROUTING_TEST).distinct()
        )
    )
    yield _tests(connection, owners)
    yield _retries(connection, owners)
    yield _histogram(connection, metrics.ROUTING_TEST_API_LATENCY, _latencies(), owners)
    yield _histogram(connection, metrics.ROUTING_TEST_COST_USD, _costs(), owners)
    yield _histogram(connection, metrics.ROUTING_TEST_DURATION, _durations(), owners)


def _labels(metric: Metric) -> list[str]:
    """The metric's labels: those that all ledger counters share, then its own."""
    own = [attribute for attribute in metric.attributes if attribute not in _LABELS]
    return [label_of(attribute) for attribute in (*_LABELS, *own)]


def _counter(metric: Metric) -> CounterMetricFamily:
    return CounterMetricFamily(name_of(metric), metric.brief, labels=_labels(metric))


def _buckets(metric: Metric) -> HistogramMetricFamily:
    return HistogramMetricFamily(name_of(metric), metric.brief, labels=_labels(metric))


def _tests(connection: Connection, owners: Sequence[LabelSet]) -> Family:
    statement = (
        select(*_OWNER, results.outcome, func.count())
        .select_from(RESULTS_OF_RUNS)
        .where(_ROUTING_TEST)
        .group_by(*_OWNER, results.outcome)
    )
    counts = {tuple(row[:-1]): int(row[-1]) for row in connection.execute(statement)}
    zeros = {(*owner, outcome): 0 for owner in owners for outcome in values.OUTCOMES}
    family = _counter(metrics.ROUTING_TEST)
    for labels, count in (zeros | counts).items():
        family.add_metric(labels, count)
    return family


# One result stands for all of its run with the same case id, so that a call is joined to one of them.
_FIRST = (
    select(
        results.trace_id,
        results.span_id,
        func.row_number()
        .over(
            partition_by=(results.run_id, results.case_id),
            order_by=(results.started_ns, results.trace_id, results.span_id),
        )
        .label("place"),
    )
    .where(_ROUTING_TEST)
    .subquery("first")
)
_ROUTING_CALLS: FromClause = (
    CALLS.join(schema.runs, calls.run_id == runs.run_id)
    .join(schema.results, (results.run_id == calls.run_id) & (results.case_id == calls.case_id))
    .join(
        _FIRST,
        (_FIRST.c.trace_id == results.trace_id)
        & (_FIRST.c.span_id == results.span_id)
        & (_FIRST.c.place == 1),
    )
)


def _retries(connection: Connection, owners: Sequence[LabelSet]) -> Family:
    statement = select(*_OWNER, func.sum(calls.retries)).select_from(_ROUTING_CALLS).group_by(*_OWNER)
    counts = {tuple(row[:-1]): int(row[-1]) for row in connection.execute(statement)}
    family = _counter(metrics.ROUTING_TEST_RETRIES)
    for labels in owners:
        family.add_metric(labels, counts.get(labels, 0))
    return family


def _latencies() -> Select[Any]:
    """Each attempt of a call; a call that tells nothing of its attempts counts as one."""
    tried = schema.model_call_attempts.c
    attempts = (
        select(*_OWNER, tried.latency.label("value"))
        .select_from(
            _ROUTING_CALLS.join(
                schema.model_call_attempts,
                (tried.trace_id == calls.trace_id) & (tried.span_id == calls.span_id),
            )
        )
        .where(tried.latency.is_not(None))
    )
    silent = ~(
        select(literal(1))
        .where(tried.trace_id == calls.trace_id, tried.span_id == calls.span_id)
        .correlate(CALLS)
        .exists()
    )
    took = func.coalesce(calls.api_latency, (calls.ended_ns - calls.started_ns) / literal(1e9))
    whole = select(*_OWNER, took.label("value")).select_from(_ROUTING_CALLS).where(silent)
    observations = union_all(attempts, whole).subquery()
    return select(observations)


def _costs() -> Select[Any]:
    """The sum of the known costs of each routing test that has one."""
    return (
        select(*_OWNER, func.sum(calls.cost_usd).label("value"))
        .select_from(_ROUTING_CALLS)
        .where(calls.cost_usd.is_not(None))
        .group_by(*_OWNER, results.trace_id, results.span_id)
    )


def _durations() -> Select[Any]:
    return (
        select(*_OWNER, results.duration.label("value"))
        .select_from(RESULTS_OF_RUNS)
        .where(_ROUTING_TEST, results.duration.is_not(None), results.outcome != values.NOT_RUN)
    )


def _histogram(
    connection: Connection, metric: Metric, observations: Select[Any], owners: Sequence[LabelSet]
) -> Family:
    found = observations.subquery()
    labels = [found.c[f"label{number}"] for number in range(len(_LABELS))]
    statement = select(
        *labels,
        *(func.sum(case((found.c.value <= bound, 1), else_=0)) for bound in metric.buckets),
        func.count(),
        func.sum(found.c.value),
    ).group_by(*labels)
    sums = {tuple(row[: len(labels)]): row[len(labels) :] for row in connection.execute(statement)}
    empty = [0] * (len(metric.buckets) + 2)
    family = _buckets(metric)
    for owner in owners:
        *counts, total = sums.get(owner, empty)
        bounds = [*map(floatToGoString, metric.buckets), "+Inf"]
        buckets = [(bound, int(count)) for bound, count in zip(bounds, counts, strict=True)]
        family.add_metric(owner, buckets, sum_value=float(total))
    return family
