"""The right expression to read each metric with: the one place that knows how it is counted."""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.errors import UserError
from gnomon.registry.attribute import Attribute
from gnomon.registry.model import Metric
from gnomon.registry.prometheus import label_of, name_of

# A series of a long-running process is found within this time of its last scrape.
_LOOK_BACK = "1h"


def window_total(metric: Metric, window: str = "$__range", by: Sequence[Attribute] = ()) -> str:
    """The expression for the metric's total over a window; of a histogram, its number of observations.

    Raises `UserError` when the metric's values must not be added up.
    """
    if not metric.additive or metric.counting == "gauge":
        raise UserError(
            f"the values of {metric.name} must not be added up: read them with last_over_time or "
            "max_over_time, or divide the sums of the metrics that it is made from"
        )
    series = name_of(metric) + ("_count" if metric.instrument == "histogram" else "")
    return _increase_of(metric, series, window, _by(by))


def latest(metric: Metric, window: str = "$__range", by: Sequence[Attribute] = ()) -> str:
    """The expression for the newest value within the window, the highest one where labels meet."""
    return f"max{_by(by)}(last_over_time({name_of(metric)}[{window}]))"


def quantile(metric: Metric, share: float, window: str = "$__range", by: Sequence[Attribute] = ()) -> str:
    """The expression for a quantile (0 to 1) of a histogram over a window.

    Raises `UserError` when the metric is no histogram.
    """
    _must_be_histogram(metric)
    buckets = _increase_of(metric, name_of(metric) + "_bucket", window, _by(by, "le"))
    return f"histogram_quantile({share:g}, {buckets})"


def histogram_sum(metric: Metric, window: str = "$__range", by: Sequence[Attribute] = ()) -> str:
    """The expression for the sum of a histogram's observations over a window.

    Raises `UserError` when the metric is no histogram.
    """
    _must_be_histogram(metric)
    return _increase_of(metric, name_of(metric) + "_sum", window, _by(by))


def mean(metric: Metric, window: str = "$__range", by: Sequence[Attribute] = ()) -> str:
    """The expression for the mean of a histogram's observations over a window.

    Raises `UserError` when the metric is no histogram.
    """
    return f"({histogram_sum(metric, window, by)}) / ({window_total(metric, window, by)})"


def _increase_of(metric: Metric, series: str, window: str, grouping: str) -> str:
    if metric.counting == "run_point":
        return f"sum{grouping}(sum_over_time({series}[{window}]))"
    if metric.counting == "ledger":
        # What is there now less what was there then; a series that was not there then counts from zero.
        now = f"sum{grouping}(last_over_time({series}[{_LOOK_BACK}]))"
        then = f"sum{grouping}(last_over_time({series}[{_LOOK_BACK}] offset {window}))"
        return f"{now} - ({then} or 0 * {now})"
    return f"sum{grouping}(increase({series}[{window}]))"


def _by(attributes: Sequence[Attribute], *labels: str) -> str:
    names = [*labels, *(label_of(attribute) for attribute in attributes)]
    return f" by ({', '.join(names)}) " if names else ""


def _must_be_histogram(metric: Metric) -> None:
    if metric.instrument != "histogram":
        raise UserError(f"{metric.name} is a {metric.instrument}: only a histogram has quantiles and sums")
