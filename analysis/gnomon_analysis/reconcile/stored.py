"""What the results store says of every run point: the same sums by the same labels, from its rows.

Nothing here looks at run points. They are written by the process that ran the tests; the store reads the
spans, and these statements count again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, or_, select, union_all
from sqlalchemy.sql.selectable import FromClause, Subquery

from gnomon.registry import Attribute, Metric, metrics, values
from gnomon.registry import attributes as a
from gnomon_analysis.reconcile.ranges import Range
from gnomon_analysis.store import schema
from gnomon_analysis.store.queries.totals import (
    CALLS,
    CALLS_OF_RUNS,
    RESULTS_OF_RUNS,
    UNANSWERED,
    case_place,
    results,
    runs,
)

Labels = tuple[str, ...]
Columns = Mapping[Attribute, ColumnElement[Any]]

calls, tried = schema.model_calls.c, schema.model_call_attempts.c

# Why a call was tried again where no attempt tells.
_UNTOLD: Final = "other"


@dataclass(frozen=True, slots=True)
class Measure:
    """One series of a run point and what the store has beside it.

    `suffix` is that of a histogram's series. `counted` says that its values are whole numbers, which
    must be equal; the others are sums of fractions.
    """

    metric: Metric
    suffix: str
    counted: bool
    statement: Callable[[Inside], Select[Any]]

    @property
    def labels(self) -> tuple[Attribute, ...]:
        """The labels of the metric, in the order of the statement's columns."""
        return self.metric.attributes


@dataclass(frozen=True, slots=True)
class Inside:
    """The runs that are looked at, and how many cases of a run have points of their own."""

    range: Range
    case_series: int
    dialect: str

    @property
    def runs(self) -> ColumnElement[bool]:
        """Runs that have an end, and have it within the range."""
        first, beyond = self.range.nanoseconds
        return and_(runs.complete, runs.ended_ns >= first, runs.ended_ns < beyond)


def sums(connection: Connection, measure: Measure, inside: Inside) -> dict[Labels, float]:
    """The value of each label set; those without one are zero."""
    return {
        tuple(map(_text, row[:-1])): float(row[-1])
        for row in connection.execute(measure.statement(inside))
        if row[-1]
    }


def _text(value: Any) -> str:
    """A label's value as Prometheus has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _or_none(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """What a label says where there is nothing to say."""
    return func.coalesce(func.nullif(column, ""), values.NONE)


def _owner(suite: ColumnElement[Any]) -> Columns:
    return {
        a.TEST_SUITE_NAME: suite,
        a.DEPLOYMENT_ENVIRONMENT_NAME: func.coalesce(runs.environment, ""),
        a.GNOMON_DEPARTMENT: func.coalesce(runs.department, ""),
        a.GEN_AI_AGENT_NAME: func.coalesce(runs.agent, ""),
    }


def _grouped(metric: Metric, columns: Columns, value: ColumnElement[Any], source: FromClause) -> Select[Any]:
    labels = [columns[attribute].label(f"label{place}") for place, attribute in enumerate(metric.attributes)]
    return select(*labels, value.label("value")).select_from(source).group_by(*labels)


# Runs.


def _of_runs(metric: Metric, value: ColumnElement[Any], *, counted: bool = False) -> Measure:
    columns = _owner(func.coalesce(runs.suite, ""))
    return Measure(
        metric,
        "",
        counted,
        lambda inside: _grouped(metric, columns, value, schema.runs).where(inside.runs),
    )


# Tests.

_OF_RESULTS: Final[Columns] = {
    **_owner(func.coalesce(results.suite, runs.suite, "")),
    a.GNOMON_TEST_OUTCOME: results.outcome,
    a.GNOMON_TEST_CATEGORY: _or_none(results.category),
    a.GEN_AI_SKILL_NAME: _or_none(results.expected_skill),
    a.GNOMON_ROUTING_EXPECTED: _or_none(results.expected_skill),
    a.GNOMON_ROUTING_ACTUAL: _or_none(results.actual_skill),
    a.GNOMON_ROUTING_CORRECT: results.correct,
    a.GNOMON_ROUTING_CLARIFICATION_EXPECTED: func.coalesce(results.clarification_expected, False),
    a.GNOMON_ROUTING_CLARIFICATION_ASKED: func.coalesce(results.clarification_asked, False),
}
_TIMED = or_(results.outcome != values.NOT_RUN, results.duration != 0)
_JUDGED = results.correct.is_not(None)
_WITH_TOOLS = results.tools_expected.is_not(None)


def _of_results(
    metric: Metric,
    value: ColumnElement[Any],
    *conditions: ColumnElement[bool],
    suffix: str = "",
    counted: bool = True,
) -> Measure:
    return Measure(
        metric,
        suffix,
        counted,
        lambda inside: _grouped(metric, _OF_RESULTS, value, RESULTS_OF_RUNS).where(inside.runs, *conditions),
    )


def _busy(metric: Metric) -> Measure:
    """Of the run's own suite, whatever suites its tests are of."""
    columns = _owner(func.coalesce(runs.suite, ""))
    value = func.sum(results.duration)
    return Measure(
        metric,
        "",
        False,
        lambda inside: _grouped(metric, columns, value, RESULTS_OF_RUNS).where(inside.runs),
    )


def _cases(inside: Inside) -> Select[Any]:
    """Tests by case, of each run those cases that have points: the first ones by id."""
    metric = metrics.GNOMON_RUN_CASE_TESTS
    columns: Columns = {**_OF_RESULTS, a.GNOMON_TEST_CASE_ID: results.case_id}
    place = case_place(inside.dialect)
    ranked = (
        select(
            *(
                columns[attribute].label(f"label{number}")
                for number, attribute in enumerate(metric.attributes)
            ),
            place.label("place"),
        )
        .select_from(RESULTS_OF_RUNS)
        .where(inside.runs, results.expected_skill.is_not(None))
        .subquery()
    )
    labels = [ranked.c[f"label{number}"] for number in range(len(metric.attributes))]
    return select(*labels, func.count()).where(ranked.c.place <= inside.case_series).group_by(*labels)


# Model calls: those that bear the run's id. What a process recorded that a test started bears its trace.

_CALLS: Final = schema.model_calls.join(schema.runs, calls.run_id == runs.run_id)
_SUITE_OF_CALL = func.coalesce(
    select(func.min(results.suite))
    .where(results.run_id == calls.run_id, results.case_id == calls.case_id)
    .correlate(schema.model_calls)
    .scalar_subquery(),
    runs.suite,
    "",
)
_OF_CALLS: Final[Columns] = {
    **_owner(_SUITE_OF_CALL),
    a.GEN_AI_REQUEST_MODEL: _or_none(calls.request_model),
    a.GEN_AI_PROVIDER_NAME: _or_none(calls.provider),
    a.ERROR_TYPE: _or_none(calls.error_type),
    a.GNOMON_COST_SOURCE: _or_none(calls.cost_source),
}


def _each_call(inside: Inside, columns: Columns, source: FromClause = _CALLS, **more: Any) -> Select[Any]:
    """One row a call (or what it is joined with), its labels computed: to be grouped outside."""
    labels = {str(attribute): column for attribute, column in columns.items()}
    named = [column.label(name) for name, column in {**labels, **more}.items()]
    return select(*named).select_from(source).where(inside.runs)


def _outer(metric: Metric, rows: Subquery, value: ColumnElement[Any]) -> Select[Any]:
    labels = [rows.c[str(attribute)] for attribute in metric.attributes]
    return select(*labels, value).group_by(*labels)


def _of_calls(metric: Metric, value: ColumnElement[Any] | None, *, counted: bool = True) -> Measure:
    """Calls counted, or the sum of what is known of them."""

    def statement(inside: Inside) -> Select[Any]:
        wanted = {attribute: _OF_CALLS[attribute] for attribute in metric.attributes}
        rows = _each_call(inside, wanted, value=literal(1) if value is None else value)
        known = rows if value is None else rows.where(value.is_not(None))
        found = known.subquery()
        return _outer(metric, found, func.sum(found.c.value))

    return Measure(metric, "", counted, statement)


_TOKENS: Final[Mapping[str, ColumnElement[Any]]] = {
    "input": calls.input_tokens,
    "output": calls.output_tokens,
    "cache_read": calls.cache_read_tokens,
    "cache_write": calls.cache_write_tokens,
    "reasoning": calls.reasoning_tokens,
}


def _tokens(inside: Inside) -> Select[Any]:
    metric = metrics.GNOMON_RUN_TOKENS
    wanted = {name: _OF_CALLS[name] for name in metric.attributes if name is not a.GEN_AI_TOKEN_TYPE}
    kinds = [
        _each_call(inside, {**wanted, a.GEN_AI_TOKEN_TYPE: literal(kind)}, value=column)
        for kind, column in _TOKENS.items()
    ]
    rows = union_all(*kinds).subquery()
    return _outer(metric, rows, func.sum(rows.c.value))


_ATTEMPTS: Final = _CALLS.join(
    schema.model_call_attempts, and_(tried.trace_id == calls.trace_id, tried.span_id == calls.span_id)
)


def _retries(inside: Inside) -> Select[Any]:
    """By what made them necessary: how the attempt before ended, where attempts tell of it."""
    metric = metrics.GNOMON_RUN_RETRIES
    wanted = {name: _OF_CALLS[name] for name in metric.attributes if name is not a.ERROR_TYPE}
    told = func.count().over(partition_by=(calls.trace_id, calls.span_id))
    reason = {**wanted, a.ERROR_TYPE: func.coalesce(func.nullif(tried.error_type, ""), _UNTOLD)}
    each = _each_call(inside, reason, _ATTEMPTS, number=tried.number, told=told).subquery()
    labels = [each.c[str(attribute)] for attribute in metric.attributes]
    known = select(*labels, literal(1).label("value")).where(each.c.number < each.c.told)
    events = (
        select(func.count())
        .where(tried.trace_id == calls.trace_id, tried.span_id == calls.span_id)
        .correlate(schema.model_calls)
        .scalar_subquery()
    )
    untold = calls.attempts - 1 - case((events > 1, events - 1), else_=0)
    rest = _each_call(inside, {**wanted, a.ERROR_TYPE: literal(_UNTOLD)}, value=untold).subquery()
    others = select(*(rest.c[str(attribute)] for attribute in metric.attributes), rest.c.value)
    rows = union_all(known, others).subquery()
    return _outer(metric, rows, func.sum(rows.c.value))


def _latency(suffix: str, *, counted: bool) -> Measure:
    metric = metrics.GNOMON_RUN_API_LATENCY

    def statement(inside: Inside) -> Select[Any]:
        wanted = {attribute: _OF_CALLS[attribute] for attribute in metric.attributes}
        value = literal(1) if counted else func.coalesce(tried.latency, 0.0)
        rows = _each_call(inside, wanted, _ATTEMPTS, value=value).subquery()
        return _outer(metric, rows, func.sum(rows.c.value))

    return Measure(metric, suffix, counted, statement)


MEASURES: Final[tuple[Measure, ...]] = (
    _of_runs(metrics.GNOMON_RUN_FINISHED, func.count(), counted=True),
    _of_runs(metrics.GNOMON_RUN_DURATION, func.sum((runs.ended_ns - runs.started_ns) / literal(1e9))),
    _of_results(metrics.GNOMON_RUN_TESTS, func.count()),
    Measure(metrics.GNOMON_RUN_CASE_TESTS, "", True, _cases),
    _of_results(metrics.GNOMON_RUN_RERUNS, func.sum(results.attempts - 1), results.attempts > 1),
    _of_results(metrics.GNOMON_RUN_ROUTING_VERDICTS, func.count(), _JUDGED),
    _of_results(metrics.GNOMON_RUN_ROUTING_UNANSWERED, func.count(), UNANSWERED),
    _of_results(metrics.GNOMON_RUN_CLARIFICATIONS, func.count(), _JUDGED),
    _of_results(metrics.GNOMON_RUN_TOOL_USE_EXPECTED, func.sum(results.tools_expected), _WITH_TOOLS),
    _of_results(metrics.GNOMON_RUN_TOOL_USE_MATCHED, func.sum(results.tools_matched), _WITH_TOOLS),
    _of_results(metrics.GNOMON_RUN_TEST_DURATION, func.count(), _TIMED, suffix="_count"),
    _of_results(
        metrics.GNOMON_RUN_TEST_DURATION, func.sum(results.duration), _TIMED, suffix="_sum", counted=False
    ),
    _busy(metrics.GNOMON_RUN_WORKER_BUSY_TIME),
    _of_calls(metrics.GNOMON_RUN_MODEL_CALLS, None),
    Measure(metrics.GNOMON_RUN_RETRIES, "", True, _retries),
    Measure(metrics.GNOMON_RUN_TOKENS, "", True, _tokens),
    _of_calls(metrics.GNOMON_RUN_COST_USD, calls.cost_usd, counted=False),
    _latency("_count", counted=True),
    _latency("_sum", counted=False),
)

NOT_COMPARED: Final[Mapping[Metric, str]] = {
    metrics.GNOMON_RUN_SEQUENCE_NUMBER: "a label for the axis, no count",
    metrics.GNOMON_RUN_WORKERS: "a level: a sum over runs counts nothing",
    metrics.GNOMON_RUN_WORKER_TIME: "without workers the store has no life of the one process",
    metrics.ROUTING_ACCURACY: "a ratio of verdicts, which are compared",
    metrics.TOOL_USE_ACCURACY: "a ratio of commands, which are compared",
}
"""Run points that have nothing of their own in the store, and why."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run by what its point `gnomon.run.finished` bears: labels and Unix milliseconds."""

    run_id: str
    sequence: int | None
    labels: Labels
    ended_ns: int


RUN_LABELS: Final = metrics.GNOMON_RUN_FINISHED.attributes


def ended_runs(connection: Connection, inside: Inside) -> Iterator[StoredRun]:
    """The runs that are compared, the oldest first."""
    columns = _owner(func.coalesce(runs.suite, ""))
    statement = (
        select(runs.run_id, runs.sequence, runs.ended_ns, *(columns[label] for label in RUN_LABELS))
        .where(inside.runs)
        .order_by(runs.ended_ns)
    )
    for run_id, sequence, ended_ns, *labels in connection.execute(statement):
        yield StoredRun(run_id, sequence, tuple(map(_text, labels)), ended_ns)


def unfinished_runs(connection: Connection, inside: Inside) -> int:
    """How many runs did something in the range and have no end yet."""
    first, beyond = inside.range.nanoseconds
    lasted = and_(~runs.complete, runs.ended_ns >= first, runs.ended_ns < beyond)
    return int(connection.execute(select(func.count()).select_from(schema.runs).where(lasted)).scalar_one())


def calls_apart(connection: Connection, inside: Inside) -> tuple[int, float]:
    """Model calls of processes that tests started, which know the run's trace and not the run.

    How many there are, and what they cost. The store counts them with the run of that trace; in the run
    points, which are written when the tests are over, they are not.
    """
    known, everything = (
        connection.execute(select(func.count(), func.sum(cost)).select_from(source).where(inside.runs)).one()
        for source, cost in ((_CALLS, calls.cost_usd), (CALLS_OF_RUNS, CALLS.c.cost_usd))
    )
    return int(everything[0]) - int(known[0]), float(everything[1] or 0) - float(known[1] or 0)
