"""What the truth file says is what the spool holds, in spans and in metrics, by every dimension and hour."""

from __future__ import annotations

from datetime import datetime

from gnomon.registry import attributes, metrics
from tests.simulation.simulated import Simulated
from tests.simulation.telemetry import (
    HOUR,
    assert_same,
    merge,
    newest,
    point_rows,
    span_hours,
    span_rows,
    truth_rows,
)


def nanoseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000_000) * 1_000


def test_spans_are_those_of_the_truth(past: Simulated) -> None:
    """Each count, sum of seconds, token and dollar of the spans is that of the truth, in each hour."""
    assert len(past.hours) == 2
    found = span_hours(past.spans)
    assert {hour * HOUR for hour in found} == {nanoseconds(hour) for hour in past.hours}
    for hour, rows in past.hours.items():
        assert_same(found[nanoseconds(hour) // HOUR], truth_rows(rows))
    assert past.truth["spans"] == {"emitted": len(past.spans), "written": len(past.spans), "dropped": 0}


def test_metrics_are_those_of_the_truth(past: Simulated) -> None:
    """The last points, one a series, say what the truth says."""
    assert_same(point_rows(newest(past.points)), truth_rows(past.rows))


def test_metrics_at_the_turn_of_an_hour_are_those_of_the_hours_before(past: Simulated) -> None:
    """A point on the hour has counted what ended before it and nothing else."""
    turn = nanoseconds("2026-03-02T09:00:00Z")
    so_far = [point for point in past.points if point.time == turn]
    assert_same(point_rows(so_far), truth_rows(past.hours["2026-03-02T08:00:00Z"]))


def test_totals_are_the_sums_of_the_rows(past: Simulated) -> None:
    """The totals, and those by each dimension, are what the rows of all hours add up to."""
    everything: dict[str, object] = {}
    by: dict[tuple[str, str], dict[str, object]] = {}
    for row in past.rows:
        measures = {name: value for name, value in row.items() if not isinstance(value, str)}
        merge(everything, measures)
        for name, value in row.items():
            if isinstance(value, str):
                merge(by.setdefault((name, value), {}), measures)
    assert_same({frozenset(): past.truth["totals"]}, {frozenset(): everything})
    told = {
        (name, value): totals for name, values in past.truth["by"].items() for value, totals in values.items()
    }
    assert set(told) == set(by)
    for key, totals in told.items():
        assert_same({frozenset(): totals}, {frozenset(): by[key]})


def test_something_of_everything_happened(past: Simulated) -> None:
    """The scenario of these tests has failures, retries, caches, reasoning and unpriced calls."""
    totals = past.truth["totals"]
    assert {"requests_failed", "calls_failed", "tool_calls_failed", "workflows_failed"} <= set(totals)
    assert {"rate_limited", "timeout", "server_5xx"} <= set(totals["retries"])
    assert all(totals["tokens"].values())
    assert totals["unpriced_calls"] == sum(totals["calls_failed"].values())
    assert totals["cost_usd"] > 0
    assert set(past.truth["by"]["version"]) == {"1.0", "2.0"}


def test_every_name_is_in_the_registry(past: Simulated) -> None:
    """Metrics and the attributes of spans and points have names of the registry."""
    known = {str(attribute) for attribute in attributes.ALL}
    assert {point.metric for point in past.points} <= {metric.name for metric in metrics.ALL}
    used = {name for point in past.points for name in point.attributes}
    used |= {name for span in past.spans for name in span.attributes}
    assert used <= known


def test_children_lie_within_their_parents(past: Simulated) -> None:
    """A step begins and ends inside the one around it, and belongs to its trace."""
    spans = {span.span_id: span for span in past.spans}
    inside = [span for span in past.spans if span.parent_id]
    assert inside
    for span in inside:
        around = spans[span.parent_id]
        assert span.trace_id == around.trace_id
        # Each start and duration is rounded to the microsecond by itself.
        assert around.start - 2_000 <= span.start <= span.end <= around.end + 2_000
    assert span_rows(past.spans)
