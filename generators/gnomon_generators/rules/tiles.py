"""Recorded tiles: run points added up once per evaluation, for trends over long ranges.

A tile covers the time from one evaluation to the next, `late` ago, so that points that come late (a
retry, a spool sent again) are there by then. Its range is a millisecond short of the interval: a range is
closed on both sides before Prometheus 3, and a point on the edge of two tiles would be in both. Since 3 a
range is open on the left, and that millisecond is in no tile: at an interval of a minute, one point in
60,000 is missed on average. Points that are later than `late`, and evaluations that Prometheus left out,
are missed too. So tiles serve trends; a headline number reads the points themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.errors import UserError
from gnomon.registry.model import Metric
from gnomon_generators.promql import AnyLabel, Expr, Where, Window, shifted, total
from gnomon_generators.promql.windows import milliseconds, written


def tile(
    metric: Metric, interval: Window, late: Window, by: Sequence[AnyLabel] = (), where: Where | None = None
) -> Expr:
    """The expression of a recording rule that is evaluated every `interval`: what there was in one tile.

    The sum over time of the series is the total of a range. Raises `UserError` for what is no run point.
    """
    if metric.counting != "run_point":
        raise UserError(f"{metric.name} is no run point: record its rate or its difference, not tiles")
    return shifted(total(metric, written(milliseconds(interval) - 1), by, where), late)
