"""Counts a spool's spans and metrics in the form of a truth file's rows, with no code of the simulation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pytest

from tests.spool_reader import Point, Span

Row = dict[str, Any]
Rows = dict[frozenset[tuple[str, str]], Row]

HOUR: Final = 3_600 * 10**9
WHERE: Final = {
    "environment": "deployment.environment.name",
    "department": "gnomon.department",
    "agent": "gen_ai.agent.name",
}
TOKENS: Final = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read.input_tokens",
    "cache_write": "cache_write.input_tokens",
    "reasoning": "reasoning.output_tokens",
}


def truth_rows(rows: Iterable[Mapping[str, Any]]) -> Rows:
    """The rows of a truth file by their dimensions, those of several hours added up."""
    found: Rows = defaultdict(dict)
    for row in rows:
        key = frozenset((name, value) for name, value in row.items() if isinstance(value, str))
        merge(found[key], {name: value for name, value in row.items() if not isinstance(value, str)})
    return found


def merge(into: Row, more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict):
            merge(into.setdefault(name, {}), value)
        else:
            into[name] = into.get(name, 0) + value


def assert_same(found: Rows, truth: Rows) -> None:
    """Every number of every row is the same: counts exactly, seconds and money as sums of floats are."""
    assert set(found) == set(truth)
    for key, row in truth.items():
        assert flat(found[key]) == pytest.approx(flat(row), rel=1e-6, abs=1e-9), sorted(key)
        assert whole(found[key]) == whole(row), sorted(key)


def flat(row: Mapping[str, Any]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, value in row.items():
        inside = value.items() if isinstance(value, dict) else [("", value)]
        numbers |= {f"{name}.{kind}": number for kind, number in inside if number}
    return numbers


def whole(row: Mapping[str, Any]) -> dict[str, float]:
    return {name: number for name, number in flat(row).items() if float(number).is_integer()}


# --- spans -----------------------------------------------------------------------------------------


def span_hours(spans: list[Span]) -> dict[int, Rows]:
    """The rows of each hour: that in which the whole request, the root of the trace, was over."""
    roots = {span.trace_id: span for span in spans if not span.parent_id}
    hours: dict[int, list[Span]] = defaultdict(list)
    for span in spans:
        hours[roots[span.trace_id].end // HOUR].append(span)
    return {hour: span_rows(found) for hour, found in hours.items()}


def span_rows(spans: Iterable[Span]) -> Rows:
    rows: Rows = defaultdict(dict)
    for span in spans:
        for dimensions, measures in _of_span(span):
            where = {name: str(span[label]) for name, label in WHERE.items() if label in span.attributes}
            merge(rows[frozenset({**where, **dimensions}.items())], measures)
    return rows


def _of_span(span: Span) -> Iterator[tuple[dict[str, str], Row]]:
    operation = span["gen_ai.operation.name"]
    if operation == "invoke_agent":
        yield {"version": span["gen_ai.agent.version"]}, _counted("requests", span)
    elif operation == "invoke_workflow":
        yield {"workflow": span["gen_ai.workflow.name"]}, _counted("workflows", span)
    elif "gen_ai.skill.name" in span.attributes:
        yield {"skill": span["gen_ai.skill.name"]}, _counted("skill_uses", span)
    elif operation == "execute_tool":
        yield {"tool": span["gen_ai.tool.name"]}, _counted("tool_calls", span)
    else:
        model = {"provider": span["gen_ai.provider.name"], "model": span["gen_ai.request.model"]}
        yield model, _call(span)


def _counted(name: str, span: Span) -> Row:
    row: Row = {name: 1, f"{name}_seconds": (span.end - span.start) / 1e9}
    if error := span.get("error.type"):
        assert span.status == 2
        row[f"{name}_failed"] = {error: 1}
    return row


def _call(span: Span) -> Row:
    row = _counted("calls", span)
    attempts = [event for event in span.events if event.name == "gnomon.model_call.attempt"]
    assert len(attempts) == span["gnomon.model_call.attempts"] == span["gnomon.model_call.retries"] + 1
    row["attempts"] = len(attempts)
    for attempt in attempts[:-1]:
        merge(row, {"retries": {attempt.attributes["error.type"]: 1}})
    row["tokens"] = {kind: span.get(f"gen_ai.usage.{name}", 0) for kind, name in TOKENS.items()}
    if "gnomon.cost.usd" in span.attributes:
        row["cost_usd"] = span["gnomon.cost.usd"]
    else:
        row["unpriced_calls"] = 1
    return row


# --- metrics ---------------------------------------------------------------------------------------

HISTOGRAMS: Final = {
    "gen_ai.invoke_agent.duration": ("requests", {"version": "gen_ai.agent.version"}),
    "gen_ai.invoke_workflow.duration": ("workflows", {"workflow": "gen_ai.workflow.name"}),
    "gen_ai.execute_tool.duration": ("tool_calls", {"tool": "gen_ai.tool.name"}),
    "gnomon.skill.duration": ("skill_uses", {"skill": "gen_ai.skill.name"}),
    "gen_ai.client.inference.duration": (
        "calls",
        {"provider": "gen_ai.provider.name", "model": "gen_ai.request.model"},
    ),
}


def point_rows(points: Iterable[Point]) -> Rows:
    """What the cumulative points of one moment, one a series, say together."""
    rows: Rows = defaultdict(dict)
    for point in points:
        for dimensions, measures in _of_point(point):
            where = {
                name: str(point.attributes[label])
                for name, label in WHERE.items()
                if label in point.attributes
            }
            merge(rows[frozenset({**where, **dimensions}.items())], measures)
    return rows


def _of_point(point: Point) -> Iterator[tuple[dict[str, str], Row]]:
    labels, metric = point.attributes, point.metric
    error = labels.get("error.type", "")
    model = HISTOGRAMS["gen_ai.client.inference.duration"][1]
    if metric in HISTOGRAMS:
        name, dimensions = HISTOGRAMS[metric]
        row: Row = {name: point.count, f"{name}_seconds": point.value}
        if error:
            row[f"{name}_failed"] = {error: point.count}
        if name == "calls":
            row["attempts"] = point.count
        yield {key: str(labels[label]) for key, label in dimensions.items()}, row
        return
    row = {}
    if metric == "gnomon.model_call.retries":
        row = {"retries": {error: int(point.value)}, "attempts": int(point.value)}
    elif metric == "gnomon.model_call.cost.usd":
        row = {"cost_usd": point.value}
    elif metric == "gnomon.model_call.unpriced":
        row = {"unpriced_calls": int(point.value)}
    elif metric.startswith("gen_ai.client.inference.usage."):
        kinds = {name: kind for kind, name in TOKENS.items()}
        kind = kinds[metric.removeprefix("gen_ai.client.inference.usage.")]
        row = {"tokens": {kind: int(point.value)}}
    if row:
        yield {key: str(labels[label]) for key, label in model.items()}, row


def newest(points: Iterable[Point]) -> list[Point]:
    """The last point of each series."""
    series: dict[tuple[Any, ...], Point] = {}
    for point in points:
        key = (point.metric, *sorted(point.attributes.items()))
        if key not in series or series[key].time <= point.time:
            series[key] = point
    return list(series.values())
