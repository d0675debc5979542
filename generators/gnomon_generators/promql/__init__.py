"""PromQL for every metric of the registry and of the stack, right for how each is counted.

A definition says what it wants to know, and of which metric:

    total(metrics.GNOMON_RUN_TESTS, by=[attributes.GNOMON_TEST_OUTCOME])
    percent(total(VERDICTS, where={attributes.GNOMON_ROUTING_CORRECT: True}), total(VERDICTS))

The functions know which metrics are summed (run points), subtracted (ledgers), increased or rated
(counters of services), which labels they have and what those may say. What they give behaves alike on
Prometheus 2.42 and 3: see `windows.STEP`. A mistake raises `gnomon.errors.UserError`.
"""

from gnomon_generators.promql.expression import Expr, raw, shifted
from gnomon_generators.promql.joining import (
    above,
    at_least,
    below,
    between,
    both,
    bottom,
    counted,
    difference,
    either,
    highest,
    lacking,
    lowest,
    or_zero,
    percent,
    plus,
    ratio,
    scaled,
    summed,
    top,
)
from gnomon_generators.promql.reading import (
    buckets,
    histogram_sum,
    last_moment,
    latest,
    mean,
    over_time,
    per_second,
    quantile,
    recorded,
    recorded_over,
    total,
)
from gnomon_generators.promql.selecting import Filter, Value, Variable, Where, filters, none_of, one_of
from gnomon_generators.promql.series import AnyLabel, AnyMetric, Label, Labels, StackMetric
from gnomon_generators.promql.windows import LEAST_STEP, RANGE, RATE, STEP, Window, added

__all__ = [
    "LEAST_STEP",
    "RANGE",
    "RATE",
    "STEP",
    "AnyLabel",
    "AnyMetric",
    "Expr",
    "Filter",
    "Label",
    "Labels",
    "StackMetric",
    "Value",
    "Variable",
    "Where",
    "Window",
    "above",
    "added",
    "at_least",
    "below",
    "between",
    "both",
    "bottom",
    "buckets",
    "counted",
    "difference",
    "either",
    "filters",
    "highest",
    "histogram_sum",
    "lacking",
    "last_moment",
    "latest",
    "lowest",
    "mean",
    "none_of",
    "one_of",
    "or_zero",
    "over_time",
    "per_second",
    "percent",
    "plus",
    "quantile",
    "ratio",
    "raw",
    "recorded",
    "recorded_over",
    "scaled",
    "shifted",
    "summed",
    "top",
    "total",
]
