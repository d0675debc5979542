"""Latency and error ratio of spans, by service and name of the span: what span metrics are good for.

How many there were in a window is not recorded: a short process's spans are all new at its end, and an
increase does not see what a series was born with.
"""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.registry import attributes as a
from gnomon.settings import Settings
from gnomon_generators import stack_metrics as s
from gnomon_generators.promql import AnyLabel, Value, per_second, quantile, ratio
from gnomon_generators.rules import Group, RecordingRule, group

SPAN = (a.DEPLOYMENT_ENVIRONMENT_NAME, s.SERVICE_NAME, s.SPAN_NAME)
FAILED: dict[AnyLabel, Value] = {s.STATUS_CODE: "STATUS_CODE_ERROR"}


def groups(settings: Settings) -> Sequence[Group]:
    """The recording rules of spans."""
    failed, seen = (per_second(s.SPAN_CALLS, "5m", SPAN, where) for where in (FAILED, None))
    return [
        group(
            settings,
            "span_rules",
            RecordingRule(
                "span:errors:ratio_5m",
                ratio(failed, seen),
                "Share of a service's spans of 5m that failed, 0 to 1.",
            ),
            RecordingRule(
                "span:duration_seconds:p95_5m",
                quantile(s.SPAN_DURATION, 0.95, "5m", SPAN),
                "Duration that 95 of 100 of a service's spans of 5m stay under.",
            ),
        )
    ]
