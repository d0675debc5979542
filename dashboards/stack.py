"""Gnomon's own stack: does telemetry arrive, is it stored, are rules evaluated and people told?"""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.settings import Settings
from gnomon_generators import stack_metrics as s
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import (
    STEP,
    AnyLabel,
    AnyMetric,
    StackMetric,
    Value,
    above,
    counted,
    highest,
    latest,
    one_of,
    or_zero,
    per_second,
    percent,
    plus,
    quantile,
    raw,
    total,
)
from gnomon_generators.stack import JOBS

JOB, INSTANCE, EXPORTER = [s.JOB], [s.INSTANCE], [s.EXPORTER]
OURS: dict[AnyLabel, Value] = {s.JOB: one_of(*JOBS)}
# The watchdog always does.
FIRING: dict[AnyLabel, Value] = {s.ALERTSTATE: "firing", s.ALERTNAME: ("!=", "Watchdog")}
LOST = (s.SEND_FAILED_SPANS, s.SEND_FAILED_POINTS, s.NOT_QUEUED_SPANS, s.NOT_QUEUED_POINTS)
ANY_IS_BAD = v.steps(v.GOOD, (0.001, v.BAD))


def dashboard(settings: Settings) -> v.Dashboard:
    """For those who keep the stack: from what is received to who is told."""
    return v.Dashboard(
        title="Gnomon's own stack",
        description="For those who keep it running. Each part says of itself what it does; an alert "
        "watches each row.",
        audience="sre",
        time_from="now-6h",
        refresh="1m",
        rows=[well(settings), arriving(), waiting(settings), stored(settings), told(), traced()],
    )


def rates(*named: tuple[AnyMetric, str]) -> list[v.Query]:
    """What happens a second, each under its name."""
    return [v.legend(per_second(metric), name) for metric, name in named]


def by(metric: StackMetric, labels: Sequence[AnyLabel]) -> v.Query:
    """A level as it stands, or a counter's rate, under the labels that it is split by."""
    expr = latest(metric, by=labels) if metric.kind == "gauge" else per_second(metric, by=labels)
    return v.legend(expr, " ".join(v.label(one) for one in labels))


def well(settings: Settings) -> v.Row:
    """One look."""
    up = latest(s.UP, by=[s.JOB, s.INSTANCE], where=OURS)
    return v.row(
        "Is all well?",
        v.state_timeline(
            "Parts that answer",
            v.legend(up, f"{v.label(s.JOB)} {v.label(s.INSTANCE)}"),
            mappings=[v.mapping(1, "up", v.GOOD), v.mapping(0, "down", v.BAD)],
            width=14,
            about="Whether each part answers when it is scraped. A gap: it is no target any more. "
            "StackPartDown.",
        ),
        v.stat(
            "Parts up",
            counted(above(highest(up, JOB), 0)),
            unit="plain",
            width=5,
            about="Jobs that are scraped.",
        ),
        v.stat(
            "Oldest scrape",
            raw("max(time() - timestamp(up))", unit="s", labels=()),
            thresholds=v.budget(60),
            width=5,
            about="Age of the newest sample of the target that waits longest. Over a minute: Prometheus is "
            "busy.",
        ),
        v.stat(
            "Telemetry lost",
            or_zero(plus(*map(total, LOST), unit="{item}")),
            thresholds=v.steps(v.GOOD, (1, v.BAD)),
            width=5,
            about="Spans and points that the Collector gave up. Any: a backend is down or refuses. "
            "TelemetryLost.",
        ),
        v.stat(
            "Alerts that fire",
            or_zero(counted(latest(s.ALERTS, by=[s.ALERTNAME], where=FIRING))),
            unit="plain",
            width=5,
            about="Kinds of alerts that fire now, the watchdog left out.",
        ),
    )


def arriving() -> v.Row:
    """What comes in."""
    return v.row(
        "Does the telemetry arrive?",
        v.timeseries(
            "Spans received",
            *rates(
                (s.RECEIVED_SPANS, "taken in"),
                (s.REFUSED_SPANS, "refused"),
                (s.LIMITER_REFUSED_SPANS, "memory short"),
            ),
            width=8,
            about="Spans a second. Refused: memory is short; those with a spool come again. "
            "TelemetryRefused.",
        ),
        v.timeseries(
            "Points received",
            *rates(
                (s.RECEIVED_POINTS, "taken in"),
                (s.REFUSED_POINTS, "refused"),
                (s.LIMITER_REFUSED_POINTS, "memory short"),
            ),
            width=8,
            about="Metric points a second. None while services run: their endpoint is wrong.",
        ),
        v.timeseries(
            "Dropped before sending",
            v.query(total(m.GNOMON_SPOOL_DROPPED, STEP, by=[a.GNOMON_SPOOL_DROP_REASON])),
            style="bars",
            stack="normal",
            width=8,
            about="What services gave up rather than be slowed down, by reason. SpoolDrops.",
        ),
        v.timeseries(
            "Items through processors",
            v.legend(per_second(s.PROCESSOR_INCOMING, by=[s.PROCESSOR]), f"{v.label(s.PROCESSOR)} in"),
            v.legend(per_second(s.PROCESSOR_OUTGOING, by=[s.PROCESSOR]), f"{v.label(s.PROCESSOR)} out"),
            width=12,
            about="What goes into each processor and out of it. A filter lets less out; another that does "
            "loses.",
        ),
        v.timeseries(
            "Collector memory",
            by(s.COLLECTOR_MEMORY, INSTANCE),
            width=6,
            about="Resident memory. At its limit telemetry is refused: more memory, or a second Collector.",
        ),
        v.timeseries(
            "Collector CPU",
            by(s.COLLECTOR_CPU, INSTANCE),
            unit="1",
            width=6,
            about="Processors in use. All of them: run a second Collector.",
        ),
    )


def waiting(settings: Settings) -> v.Row:
    """What is sent on."""
    full = percent(latest(s.QUEUE_SIZE, by=EXPORTER), latest(s.QUEUE_CAPACITY, by=EXPORTER))
    return v.row(
        "Is it sent on?",
        v.timeseries(
            "Export queues",
            full,
            thresholds=v.budget(settings.alerts.queue_percent),
            min=0,
            max=100,
            width=8,
            about="How full each queue is. Rising: the backend takes less than comes. ExportQueueFills.",
        ),
        v.timeseries(
            "Sent on",
            by(s.SENT_SPANS, EXPORTER),
            by(s.SENT_POINTS, EXPORTER),
            width=8,
            about="Spans and points a second that arrived behind the Collector. None: see the queues.",
        ),
        v.timeseries(
            "Export failures",
            *rates(
                (s.SEND_FAILED_SPANS, "spans not sent"),
                (s.SEND_FAILED_POINTS, "points not sent"),
                (s.NOT_QUEUED_SPANS, "spans, queue full"),
                (s.NOT_QUEUED_POINTS, "points, queue full"),
            ),
            thresholds=ANY_IS_BAD,
            width=8,
            about="What is lost, a second. Any: Prometheus or Tempo refuses, or was away for too long.",
        ),
    )


def stored(settings: Settings) -> v.Row:
    """What Prometheus keeps and computes."""
    late = plus(total(s.SAMPLES_OUT_OF_ORDER), total(s.SAMPLES_TOO_OLD))
    return v.row(
        "Is it stored and computed?",
        v.timeseries(
            "Series in memory",
            by(s.HEAD_SERIES, INSTANCE),
            thresholds=v.budget(settings.budgets.series),
            width=8,
            about="Series that Prometheus holds; dashed: budgets.series. Rising: a label has too many "
            "values.",
        ),
        v.timeseries(
            "Samples taken in",
            by(s.SAMPLES_APPENDED, [s.SAMPLE_TYPE]),
            width=8,
            about="Samples a second. Half of usual: a part is not scraped, or nothing is pushed.",
        ),
        v.stat(
            "Samples refused",
            or_zero(late),
            thresholds=v.steps(v.GOOD, (1, v.BAD)),
            width=4,
            about="Samples that came too late to be stored: runs are missing. SamplesRefused.",
        ),
        v.stat(
            "Corruptions",
            or_zero(total(s.WAL_CORRUPTIONS)),
            thresholds=v.steps(v.GOOD, (1, v.BAD)),
            width=4,
            about="Of the write-ahead log. Any: the disk or a hard kill; restore from the results store.",
        ),
        v.stat(
            "Disk space",
            latest(s.STORAGE_BYTES),
            width=8,
            about="Of the blocks. Growing: retention, or more series.",
        ),
        v.timeseries(
            "Evaluation time of rules",
            percent(latest(s.RULE_DURATION, by=[s.RULE_GROUP]), latest(s.RULE_INTERVAL, by=[s.RULE_GROUP])),
            thresholds=v.budget(80),
            width=12,
            about="Time of a group's last evaluation, in percent of its interval. At 100 evaluations are "
            "left out.",
        ),
        v.timeseries(
            "Rules that failed",
            v.legend(per_second(s.RULE_FAILURES, by=[s.RULE_GROUP]), f"{v.label(s.RULE_GROUP)} failed"),
            v.legend(per_second(s.RULE_MISSED, by=[s.RULE_GROUP]), f"{v.label(s.RULE_GROUP)} left out"),
            thresholds=ANY_IS_BAD,
            width=12,
            about="Evaluations a second that failed or were left out. Any: recorded series have holes. "
            "RulesFail.",
        ),
        v.timeseries(
            "Time of scrapes",
            by(s.SCRAPE_DURATION, JOB),
            width=8,
            about="Time that reading each part takes. Near the interval: it exposes too much.",
        ),
        v.timeseries(
            "Samples by part",
            by(s.SCRAPE_SAMPLES, JOB),
            width=8,
            about="Samples of one scrape. A jump: new labels.",
        ),
        v.timeseries(
            "Memory of the parts",
            by(s.PROCESS_MEMORY, JOB),
            width=4,
            about="Resident memory. Growing without end: a leak, or series.",
        ),
        v.timeseries(
            "Processors of the parts",
            by(s.PROCESS_CPU, JOB),
            unit="1",
            width=4,
            about="In use. All: something loops.",
        ),
    )


def told() -> v.Row:
    """Whether people hear of it."""
    return v.row(
        "Are people told?",
        v.timeseries(
            "Notifications",
            by(s.NOTIFIED, [s.INTEGRATION]),
            width=8,
            about="Messages a second by kind of receiver. Many: group more, or mend what flaps.",
        ),
        v.timeseries(
            "Notifications that failed",
            by(s.NOTIFY_FAILED, [s.INTEGRATION]),
            thresholds=ANY_IS_BAD,
            width=8,
            about="Messages that could not be sent. Any: somebody was not told. NotificationsFail.",
        ),
        v.timeseries(
            "Alerts on their way",
            v.legend(latest(s.NOTIFICATIONS_QUEUED), "waiting"),
            v.legend(per_second(s.NOTIFICATIONS_DROPPED), "given up a second"),
            width=8,
            about="Alerts between Prometheus and Alertmanager. Given up: none of them answers. "
            "AlertsUndelivered.",
        ),
        v.stat(
            "Alertmanagers",
            latest(s.ALERTMANAGERS),
            thresholds=v.objective(1),
            about="That Prometheus knows of. None: nobody is told of anything.",
        ),
        v.stat(
            "Alerts held",
            latest(s.ALERTS_HELD, by=[s.STATE_OF_ALERT]),
            width=12,
            about="By what becomes of them. Suppressed: silenced.",
        ),
        v.stat(
            "Silences",
            latest(s.SILENCES, by=[s.STATE_OF_SILENCE]),
            width=6,
            about="Active ones hide alerts: whose are they?",
        ),
    )


def traced() -> v.Row:
    """Tempo and Grafana."""
    return v.row(
        "Can it be looked at?",
        v.timeseries(
            "Spans that Tempo took in",
            v.legend(per_second(s.TEMPO_SPANS), "taken in"),
            width=8,
            about="Spans a second. Less than the Collector sends: see what it threw away.",
        ),
        v.timeseries(
            "Spans that Tempo threw away",
            by(s.TEMPO_DISCARDED, [s.REASON]),
            thresholds=ANY_IS_BAD,
            width=8,
            about="By reason. rate_limited: raise its limits; trace_too_large: a trace that never ends.",
        ),
        v.timeseries(
            "Answers of Grafana",
            v.legend(quantile(s.GRAFANA_REQUESTS, 0.95, STEP), "p95"),
            width=8,
            about="Time that 95 of 100 requests to Grafana stay under. Slow: one of the data sources is.",
        ),
    )
