"""The right expression to read each metric with: the one place that knows how it is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gnomon.errors import UserError
from gnomon.registry import metrics, reading
from gnomon.registry.prometheus import label_of
from gnomon_generators.promql.expression import Expr, offset_mark
from gnomon_generators.promql.naming import told
from gnomon_generators.promql.selecting import Where, is_one, matcher, names, selector
from gnomon_generators.promql.series import AnyMetric, Labels, Series, each, label_text, series_of
from gnomon_generators.promql.windows import LEAST_STEP, RANGE, RATE, STEP, Window, checked, seconds

_OBSERVATIONS = "{observation}"

Over = Literal["sum", "max", "min", "last"]


def total(metric: AnyMetric, window: Window = RANGE, by: Labels = (), where: Where | None = None) -> Expr:
    """How much there was within the window; of a histogram, how many observations.

    Run points are summed, which is exact. A ledger's value then is taken from its value now, which is
    exact too. A counter of a service is increased, right up to the percent or so by which Prometheus
    estimates the window's ends. Raises `UserError` when the metric's values must not be added up.
    """
    reader = _Reader(series_of(metric), checked(window), by, where)
    series = reader.series
    if not series.additive or series.counting == "gauge":
        raise UserError(
            f"the values of {series.name} must not be added up: read them with latest(), or divide the "
            "totals of the metrics that it is made from"
        )
    return reader.increase(reader.select("_count" if series.histogram else ""), reader.counted_unit)


def over_time(metric: AnyMetric, by: Labels = (), where: Where | None = None) -> Expr:
    """How much there was since the point before, for a panel over time: `total` over `STEP`.

    Each run is drawn in one point and in one only: see `windows.STEP` for why, and for what must hold.
    """
    return total(metric, STEP, by, where)


def per_second(metric: AnyMetric, window: Window = RATE, by: Labels = (), where: Where | None = None) -> Expr:
    """How much there was a second within the window; of a histogram, how many observations.

    A counter of a service is rated. What run points and ledgers count comes in bursts at the end of runs:
    theirs is the window's total divided by its length, and the window must be one whose length is known.
    Raises `UserError` otherwise, and when the values must not be added up.
    """
    series = series_of(metric)
    if series.counting in ("counter", "histogram"):
        reader = _Reader(series, checked(RATE if window == STEP else window), by, where)
        return reader.rate(reader.select("_count" if series.histogram else ""), f"{reader.counted_unit}/s")
    whole = total(metric, window, by, where)
    length = seconds(window)
    divisor = f"({length})" if " " in length else length
    text = f"{whole.operand} / {divisor}"
    return Expr(text, f"{whole.unit}/s", whole.labels, whole.step, compound=True)


def latest(metric: AnyMetric, window: Window = RANGE, by: Labels = (), where: Where | None = None) -> Expr:
    """The newest value within the window, the highest one where labels meet.

    A level that is scraped all the time (a queue's length) is read as it stands, without a window.
    Raises `UserError` for a histogram, and for what a run counts in parts: the highest of them is not it.
    """
    reader = _Reader(series_of(metric), checked(window), by, where)
    series = reader.series
    if series.histogram:
        raise UserError(f"{series.name} is a histogram: read it with quantile(), mean() or total()")
    if parts := reader.parts():
        raise UserError(
            f"a run counts {series.name} by {' and '.join(parts)}, and the highest of these counts is not "
            "the run's: write total(…) for how many there were, or name what is asked for, in by= or where="
        )
    if series.counting == "gauge":
        return reader.aggregate("max", f"{reader.select()}{offset_mark()}", series.unit)
    return reader.aggregate("max", reader.ranged("last_over_time", reader.select()), series.unit)


def last_moment(
    metric: AnyMetric, window: Window = RANGE, by: Labels = (), where: Where | None = None
) -> Expr:
    """When the newest point of a run point was written, in milliseconds since 1970: the end of that run.

    A bare name shows a point for five minutes; looked at every five, each is seen. Those looks are at whole
    multiples of five minutes, and a run may have ended since: the last ones are looked at every ten seconds.
    Raises `UserError` for what is not counted by run: a series that is scraped was there a moment ago.
    """
    reader = _Reader(series_of(metric), checked(window), by, where)
    series = reader.series
    if series.counting != "run_point":
        raise UserError(f"{series.name} is not counted by run: its newest point is that of the last scrape")
    found = reader.select("_count" if series.histogram else "")
    looks = [
        f"max_over_time(timestamp({found})[{each}]{offset_mark()})" for each in ("5m:10s", f"{window}:5m")
    ]
    seen = " or ".join(looks)
    moment = reader.aggregate("max", seen, "ms")
    return Expr(f"1000 * {moment.template}", "ms", moment.labels, compound=True)


def quantile(
    metric: AnyMetric, share: float, window: Window = RANGE, by: Labels = (), where: Where | None = None
) -> Expr:
    """The value that this share (0 to 1) of a histogram's observations within the window does not exceed.

    Raises `UserError` when the metric is no histogram.
    """
    reader = _histogram(metric, window, by, where)
    if not isinstance(share, int | float):
        raise UserError(f"the second argument of a quantile is its share, not {told(share)}: write 0.95")
    if not 0 <= share <= 1:
        raise UserError(
            f"a quantile is a share from 0 to 1, not {share:g}: write 0.95 for the 95th percentile"
        )
    within = reader.observe("_bucket", "le")
    text = f"histogram_quantile({share:g}, {within.template})"
    return Expr(text, reader.series.unit, names(reader.series, by), within.step)


def histogram_sum(
    metric: AnyMetric, window: Window = RANGE, by: Labels = (), where: Where | None = None
) -> Expr:
    """The sum of a histogram's observations within the window.

    Raises `UserError` when the metric is no histogram.
    """
    reader = _histogram(metric, window, by, where)
    return reader.increase(reader.select("_sum"), reader.series.unit)


def buckets(metric: AnyMetric, window: Window = STEP, by: Labels = (), where: Where | None = None) -> Expr:
    """The observations within the window by bucket (label `le`, cumulative): what a heatmap draws.

    Raises `UserError` when the metric is no histogram.
    """
    reader = _histogram(metric, window, by, where)
    return reader.increase(reader.select("_bucket"), _OBSERVATIONS, "le")


def mean(metric: AnyMetric, window: Window = RANGE, by: Labels = (), where: Where | None = None) -> Expr:
    """The mean of a histogram's observations within the window; of a run point, the mean of its samples.

    Nothing where nothing was observed. Raises `UserError` for what has no mean: counters, levels, and
    values that must not be added up (percentages: divide the totals that they are made from).
    """
    reader = _Reader(series_of(metric), checked(window), by, where)
    series = reader.series
    if series.histogram:
        above, below = reader.observe("_sum"), reader.observe("_count")
    elif series.counting == "run_point" and series.additive:
        above = reader.run_points("sum_over_time", reader.select(), series.unit)
        below = reader.run_points("count_over_time", reader.select(), "1")
    else:
        raise UserError(f"{series.name} has no mean: {_instead_of_mean(series)}")
    text = f"{above.operand} / ({below.operand} > 0)"
    return Expr(text, series.unit, above.labels, above.step, compound=True)


def _instead_of_mean(series: Series) -> str:
    if series.counting == "gauge":
        return "it is a level, write latest(…)"
    if not series.additive:
        return (
            "it is a share, and the mean of shares is not that of the whole; write percent(part, whole) of "
            "the totals that it is made from, or latest(…)"
        )
    return "it only grows, write total(…), or per_second(…)"


def recorded(
    name: str,
    *,
    where: Where | None = None,
    by: Labels | None = None,
    labels: Labels | None = None,
    unit: str = "",
) -> Expr:
    """A series that a recording rule writes, as it stands; with `by`, the highest where other labels differ.

    Without `by`, `labels` may name all labels that the rule kept, so that it can be matched with others.
    `unit` is that of the rule's own expression.
    """
    if not name.replace(":", "_").isidentifier():
        raise UserError(
            f"{name!r} is no name of a recorded series: write one such as routing_test:pass_rate_7d"
        )
    found = ", ".join(matcher(label, value) for label, value in (where or {}).items())
    text = f"{name}{f'{{{found}}}' if found else ''}{offset_mark()}"
    if by is None:
        return Expr(text, unit, None if labels is None else _texts(labels))
    return Expr(reading.aggregated("max", text, _texts(by)), unit, _texts(by))


def recorded_over(
    name: str,
    how: Over,
    window: Window = RANGE,
    *,
    where: Where | None = None,
    by: Labels | None = None,
    labels: Labels | None = None,
    unit: str = "",
) -> Expr:
    """What a recorded series was within the window: the `sum` of its values, the highest, lowest or newest.

    The other arguments are those of `recorded`; with `by`, sums are added up where other labels differ. A
    sum has one value for each evaluation: times the interval of the rules, a rate becomes a total.
    """
    plain = recorded(name, where=where, labels=labels, unit=unit)
    selected = plain.template.removesuffix(offset_mark())
    text = reading.ranged(f"{how}_over_time", selected, checked(window), offset_mark())
    if by is None:
        return Expr(text, unit, plain.labels)
    function = "max" if how == "last" else how
    return Expr(reading.aggregated(function, text, _texts(by)), unit, _texts(by))


def _texts(labels: Labels) -> tuple[str, ...]:
    return tuple(label_text(label) for label in each(labels))


def _histogram(metric: AnyMetric, window: Window, by: Labels, where: Where | None) -> _Reader:
    series = series_of(metric)
    if not series.histogram:
        kind = getattr(metric, "instrument", series.counting)
        raise UserError(f"{series.name} is a {kind}: only a histogram has quantiles and sums")
    return _Reader(series, checked(window), by, where)


@dataclass(frozen=True, slots=True)
class _Reader:
    """What is read, over which window, split and narrowed by which labels."""

    series: Series
    window: Window
    by: Labels
    where: Where | None

    @property
    def counted_unit(self) -> str:
        return _OBSERVATIONS if self.series.histogram else self.series.unit

    def select(self, suffix: str = "") -> str:
        return selector(self.series, self.where, suffix)

    def ranged(self, function: str, found: str, window: Window | None = None) -> str:
        return reading.ranged(function, found, window or self.window, offset_mark())

    def kept(self, *more: str) -> tuple[str, ...]:
        return (*more, *names(self.series, self.by))

    def aggregate(self, function: str, value: str, unit: str, *more: str, step: str | None = None) -> Expr:
        kept = self.kept(*more)
        return Expr(reading.aggregated(function, value, kept), unit, kept, step)

    def observe(self, suffix: str, *more: str) -> Expr:
        """What is divided by its like, so that it is no matter whether both are totals or rates."""
        found, unit = self.select(suffix), self.series.unit
        if self.window == STEP and self.series.counting == "histogram":
            return self.rate(found, unit, *more)
        return self.increase(found, unit, *more)

    def increase(self, found: str, unit: str, *more: str) -> Expr:
        counting = self.series.counting
        if counting == "run_point":
            self.refuse_rate()
        elif counting != "ledger" and self.window == STEP:
            # Windows as short as a step would lose what happened between the last scrape of one and the
            # first of the next; those of `$__rate_interval` overlap, so they are scaled to the step.
            rated = self.rate(found, unit, *more)
            return Expr(f"{rated.operand} * {seconds(STEP)}", unit, rated.labels, rated.step, compound=True)
        text = reading.total(found, counting, self.window, self.kept(*more), offset_mark)
        return Expr(text, unit, self.kept(*more), self.least_step, compound=counting == "ledger")

    def rate(self, found: str, unit: str, *more: str) -> Expr:
        window = RATE if self.window == STEP else self.window
        # Grafana reckons `$__rate_interval` from the least step: by that of scrapes it would hold one sample
        # of what comes once a minute, and there would be nothing to see.
        step = LEAST_STEP if window == RATE and self.series.sent else None
        return self.aggregate("sum", self.ranged("rate", found, window), unit, *more, step=step)

    def run_points(self, function: str, found: str, unit: str, *more: str) -> Expr:
        self.refuse_rate()
        return self.aggregate("sum", self.ranged(function, found), unit, *more, step=self.least_step)

    def parts(self) -> list[str]:
        """The labels by which a run counts one thing in several series, and which are not asked apart."""
        if self.series.counting != "run_point" or not self.series.additive:
            return []
        of_any_run = {label_of(attribute) for attribute in metrics.GNOMON_RUN_FINISHED.attributes}
        held = {label_text(label) for label, value in (self.where or {}).items() if is_one(value)}
        told_apart = {*of_any_run, *held, *names(self.series, self.by)}
        return [label.name for name, label in self.series.labels.items() if name not in told_apart]

    def refuse_rate(self) -> None:
        if self.window == RATE:
            raise UserError(
                f"{self.series.name} counts by run: windows of RATE ({RATE}) overlap from point to point and "
                "would show a run several times; write STEP for a chart and RANGE for one number"
            )

    @property
    def least_step(self) -> str | None:
        return LEAST_STEP if self.window == STEP else None
