"""Who must be told when the stack itself fails: it would be silent about everything else.

The parts are scraped under the names of `gnomon_generators.stack.JOBS`. The last alert always fires: whoever
stops hearing of it knows that nobody would hear of anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.settings import Settings
from gnomon_generators import stack_metrics as s
from gnomon_generators.promql import (
    AnyLabel,
    AnyMetric,
    Expr,
    above,
    below,
    either,
    lacking,
    latest,
    one_of,
    percent,
    plus,
    raw,
    shifted,
    total,
)
from gnomon_generators.rules import AlertRule, Group, Panel, group
from gnomon_generators.stack import JOBS

# What happened once is told for as long: no alert here comes and goes from minute to minute.
RECENT = "15m"
WHERE = "{{ $labels.instance }}"
COUNT = '{{ $value | printf "%.0f" }}'
TARGET = (s.JOB, s.INSTANCE)
NO_CHOICES: dict[str, AnyLabel] = {}


def groups(settings: Settings) -> Sequence[Group]:
    """The alerts of the stack."""
    return [
        group(
            settings,
            "stack_alerts",
            _down(settings),
            _lost(),
            _refused(),
            _queue(settings),
            _dropped(),
            _samples(),
            _rules(),
            _series(settings),
            _undelivered(),
            _notifications(),
            _watchdog(settings),
        )
    ]


def _panel(title: str) -> Panel:
    return Panel("stack", title, NO_CHOICES, past="6h")


def _rise(metric: AnyMetric, by: Sequence[AnyLabel], window: str = RECENT) -> Expr:
    """By how much a counter that is there only once something went wrong rose, its first value included."""
    rose = above(total(metric, window, by), 0)
    new = lacking(above(_last(metric, by), 0), shifted(_last(metric, by), window))
    return replace(either(new, rose), unit="{item}")


def _last(metric: AnyMetric, by: Sequence[AnyLabel]) -> Expr:
    # A counter's own value is of use here only: that it is there at all is the news.
    return latest(metric, RECENT, by)


def _any(*expressions: Expr) -> Expr:
    return reduce(either, expressions)


def _down(settings: Settings) -> AlertRule:
    jobs = one_of(*JOBS)
    down = below(latest(s.UP, by=TARGET, where={s.JOB: jobs}), 1)
    gone = raw('absent(up{job="collector"})', unit="1", labels=("job", "instance"))
    return AlertRule(
        "StackPartDown",
        either(down, gone),
        settings.alerts.hold,
        "critical",
        summary="A part of the observability stack does not answer.",
        description="{{ $labels.job }} {{ $labels.instance }} cannot be scraped: what it does for the "
        "others does not happen, or nobody sees that it does.",
        value="no answer",
        objective="answers every scrape",
        panel=_panel("Parts that answer"),
    )


def _lost() -> AlertRule:
    lost = (s.SEND_FAILED_SPANS, s.SEND_FAILED_POINTS, s.NOT_QUEUED_SPANS, s.NOT_QUEUED_POINTS)
    return AlertRule(
        "TelemetryLost",
        _any(*(_rise(metric, [s.EXPORTER]) for metric in lost)),
        "0m",
        "critical",
        summary="The Collector gave up telemetry.",
        description=f"{{{{ $labels.exporter }}}}: {COUNT} spans or metric points of the last {RECENT} were "
        "given up: the backend refused them, or the queue was full.",
        value=f"{COUNT} lost",
        objective="none",
        panel=_panel("Telemetry lost"),
    )


def _refused() -> AlertRule:
    return AlertRule(
        "TelemetryRefused",
        _any(*(_rise(metric, [s.RECEIVER]) for metric in (s.REFUSED_SPANS, s.REFUSED_POINTS))),
        "0m",
        "warning",
        summary="The Collector refuses telemetry.",
        description=f"{{{{ $labels.receiver }}}}: {COUNT} spans or metric points of the last {RECENT} were "
        "refused, since memory is short. Senders that have a spool keep them and come again.",
        value=f"{COUNT} refused",
        objective="none",
        panel=_panel("Spans received"),
    )


def _queue(settings: Settings) -> AlertRule:
    limit, by = settings.alerts.queue_percent, [s.EXPORTER]
    full = percent(latest(s.QUEUE_SIZE, by=by), latest(s.QUEUE_CAPACITY, by=by))
    return AlertRule(
        "ExportQueueFills",
        above(full, limit),
        settings.alerts.hold,
        "warning",
        summary=f"A queue of the Collector is more than {limit:g} % full.",
        description=f"{{{{ $labels.exporter }}}}: the queue is {COUNT} % full. Once it is full, telemetry "
        "is lost.",
        value=f"{COUNT} %",
        objective=f"at most {limit:g} %",
        panel=_panel("Export queues"),
    )


def _dropped() -> AlertRule:
    return AlertRule(
        "SpoolDrops",
        _rise(m.GNOMON_SPOOL_DROPPED, [a.GNOMON_SPOOL_DROP_REASON], "1h"),
        "0m",
        "warning",
        summary="Services gave up telemetry before it was sent.",
        description=f"{COUNT} spans or metric points of the last hour were given up rather than slow a "
        "service down ({{ $labels.gnomon_spool_drop_reason }}).",
        value=f"{COUNT} given up",
        objective="none",
        panel=_panel("Dropped before sending"),
    )


def _samples() -> AlertRule:
    refused = plus(*(total(metric, RECENT) for metric in (s.SAMPLES_OUT_OF_ORDER, s.SAMPLES_TOO_OLD)))
    return AlertRule(
        "SamplesRefused",
        above(refused, 0),
        "0m",
        "warning",
        summary="Prometheus refused samples that came too late.",
        description=f"{COUNT} samples of the last {RECENT} were older than late ones may be: runs among "
        "them are missing on every board.",
        value=f"{COUNT} samples",
        objective="none",
        panel=_panel("Samples refused"),
    )


def _rules() -> AlertRule:
    by = [s.RULE_GROUP]
    failed, missed = (above(total(metric, RECENT, by), 0) for metric in (s.RULE_FAILURES, s.RULE_MISSED))
    return AlertRule(
        "RulesFail",
        either(failed, missed),
        "0m",
        "warning",
        summary="Prometheus did not evaluate rules, or took too long.",
        description=f"{{{{ $labels.rule_group }}}}: {COUNT} evaluations of the last {RECENT} failed or "
        "were left out: recorded series have holes, and alerts may not fire.",
        value=f"{COUNT} evaluations",
        objective="none",
        panel=_panel("Rules that failed"),
    )


def _series(settings: Settings) -> AlertRule:
    budget = settings.budgets.series
    return AlertRule(
        "TooManySeries",
        above(latest(s.HEAD_SERIES, by=[s.INSTANCE]), budget),
        settings.alerts.hold,
        "warning",
        summary=f"Prometheus holds more than {budget} series.",
        description=f"{WHERE} holds {COUNT} series; the budget is {budget}.",
        value=f"{COUNT} series",
        objective=f"at most {budget}",
        panel=_panel("Series in memory"),
    )


def _undelivered() -> AlertRule:
    dropped = above(total(s.NOTIFICATIONS_DROPPED, RECENT, [s.INSTANCE]), 0)
    nobody = below(latest(s.ALERTMANAGERS, by=[s.INSTANCE]), 1)
    return AlertRule(
        "AlertsUndelivered",
        either(dropped, replace(nobody, unit="{alert}")),
        "0m",
        "critical",
        summary="Alerts of Prometheus reach no Alertmanager.",
        description=f"{WHERE} gave up alerts in the last {RECENT}, or knows of no Alertmanager: nobody is "
        "told of anything.",
        value="no Alertmanager",
        objective="every alert arrives",
        panel=_panel("Alerts on their way"),
    )


def _notifications() -> AlertRule:
    return AlertRule(
        "NotificationsFail",
        above(total(s.NOTIFY_FAILED, RECENT, [s.INTEGRATION]), 0),
        "0m",
        "critical",
        summary="Alertmanager cannot tell people of alerts.",
        description=f"{{{{ $labels.integration }}}}: {COUNT} notifications of the last {RECENT} failed.",
        value=f"{COUNT} notifications",
        objective="none",
        panel=_panel("Notifications that failed"),
    )


def _watchdog(settings: Settings) -> AlertRule:
    return AlertRule(
        "Watchdog",
        raw("vector(1)", unit="1", labels=()),
        settings.rules.interval,
        "info",
        summary="Alerts can be told: this one always fires.",
        description="It is sent to the heartbeat of the settings again and again; whoever watches that "
        "calls for help when it stops.",
    )
