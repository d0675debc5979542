"""Series that other components of the stack emit and our queries read: what they are called, and since when.

The Collector's own metrics have no `_total`: its Prometheus reader writes names without units and type
suffixes unless told otherwise. The names of span metrics follow from the four constants below, which the
Collector's configuration takes from here. What is an attribute of the registry (an agent's name) is the
label of that attribute; everything else is a `Label`.
"""

from __future__ import annotations

from typing import Final, Literal

from gnomon.registry import attributes as a
from gnomon.registry.metrics import AGENT_SECONDS
from gnomon_generators.promql import Label, StackMetric

Kind = Literal["counter", "gauge"]

_COLLECTOR: Final = ("OpenTelemetry Collector", "0.159")
_PROMETHEUS: Final = ("Prometheus", "2.42, 3.14")
_ALERTMANAGER: Final = ("Alertmanager", "0.25")
_TEMPO: Final = ("Grafana Tempo", "2.8")
_GRAFANA: Final = ("Grafana", "12.0")

JOB: Final = Label("job", "Name of the scrape configuration.")
INSTANCE: Final = Label("instance", "Host and port that is scraped.")
_TARGET: Final = (JOB, INSTANCE)

# --- any target ------------------------------------------------------------------------------------

UP: Final = StackMetric(
    "up", "gauge", "1", "1 when the last scrape of the target succeeded, else 0.", *_PROMETHEUS, _TARGET
)
SCRAPE_DURATION: Final = StackMetric(
    "scrape_duration_seconds", "gauge", "s", "Time that the last scrape took.", *_PROMETHEUS, _TARGET
)
SCRAPE_SAMPLES: Final = StackMetric(
    "scrape_samples_scraped",
    "gauge",
    "{sample}",
    "Samples that the target exposed at the last scrape.",
    *_PROMETHEUS,
    _TARGET,
)
PROCESS_CPU: Final = StackMetric(
    "process_cpu_seconds_total",
    "counter",
    "s",
    "Processor time of a component written in Go with Prometheus' client.",
    *_PROMETHEUS,
    _TARGET,
)
PROCESS_MEMORY: Final = StackMetric(
    "process_resident_memory_bytes",
    "gauge",
    "By",
    "Resident memory of such a component.",
    *_PROMETHEUS,
    _TARGET,
)
PROCESS_START: Final = StackMetric(
    "process_start_time_seconds", "gauge", "s", "Unix time at which it started.", *_PROMETHEUS, _TARGET
)

# --- span metrics of the Collector's span_metrics connector ----------------------------------------

SPAN_METRICS_NAMESPACE: Final = "traces.spanmetrics"
"""Stated in the configuration, since the connector's default has changed twice."""

SPAN_METRICS_UNIT: Final = "s"
"""Stated in the configuration: the connector's default is milliseconds."""

SPAN_METRICS_BUCKETS: Final = AGENT_SECONDS
"""Upper bounds of the buckets, in seconds."""

CALLS_DIMENSIONS: Final = (
    a.DEPLOYMENT_ENVIRONMENT_NAME,
    a.GNOMON_DEPARTMENT,
    a.GEN_AI_AGENT_NAME,
    a.GEN_AI_REQUEST_MODEL,
)
"""Attributes of spans that become labels of the counter of spans, beyond the connector's own."""

DURATION_DIMENSIONS: Final = (a.DEPLOYMENT_ENVIRONMENT_NAME, a.GEN_AI_AGENT_NAME)
"""Those that become labels of the histogram: fewer, for it has fourteen series and more for each."""

SERVICE_NAME: Final = Label("service_name", "Service that the span is from.")
SPAN_NAME: Final = Label("span_name", "Name of the span.")
SPAN_KIND: Final = Label(
    "span_kind",
    "Kind of the span.",
    (
        "SPAN_KIND_UNSPECIFIED",
        "SPAN_KIND_INTERNAL",
        "SPAN_KIND_SERVER",
        "SPAN_KIND_CLIENT",
        "SPAN_KIND_PRODUCER",
        "SPAN_KIND_CONSUMER",
    ),
)
STATUS_CODE: Final = Label(
    "status_code", "Status of the span.", ("STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR")
)
_SPAN: Final = (*_TARGET, SERVICE_NAME, SPAN_NAME, SPAN_KIND, STATUS_CODE)

SPAN_CALLS: Final = StackMetric(
    "traces_spanmetrics_calls_total",
    "counter",
    "{span}",
    "Spans that the Collector saw. For error ratios, never for how many tests there were: a run's spans "
    "are all new at its end, and an increase does not see what a series was born with.",
    *_COLLECTOR,
    (*_SPAN, *CALLS_DIMENSIONS),
)
SPAN_DURATION: Final = StackMetric(
    "traces_spanmetrics_duration_seconds",
    "histogram",
    "s",
    "Duration of spans.",
    *_COLLECTOR,
    (*_SPAN, *DURATION_DIMENSIONS),
)

# --- service graph of the Collector's servicegraph connector ---------------------------------------

_EDGE: Final = (
    *_TARGET,
    Label("client", "Service that asks."),
    Label("server", "Service that answers."),
    Label(
        "connection_type", "How the two are connected.", ("", "messaging_system", "database", "virtual_node")
    ),
)
GRAPH_REQUESTS: Final = StackMetric(
    "traces_service_graph_request_total",
    "counter",
    "{request}",
    "Requests between two services.",
    *_COLLECTOR,
    _EDGE,
)
GRAPH_FAILED: Final = StackMetric(
    "traces_service_graph_request_failed_total",
    "counter",
    "{request}",
    "Failed requests between two services.",
    *_COLLECTOR,
    _EDGE,
)
GRAPH_SERVER_DURATION: Final = StackMetric(
    "traces_service_graph_request_server_seconds",
    "histogram",
    "s",
    "Duration of requests as the server saw them.",
    *_COLLECTOR,
    _EDGE,
)

# --- the Collector about itself --------------------------------------------------------------------

RECEIVER: Final = Label("receiver", "Component that received, by its name in the configuration.")
TRANSPORT: Final = Label("transport", "How it came.", ("grpc", "http"))
EXPORTER: Final = Label("exporter", "Component that sends, by its name in the configuration.")
PROCESSOR: Final = Label("processor", "Component that processes, by its name in the configuration.")
DATA_TYPE: Final = Label("data_type", "What waits in the queue.", ("traces", "metrics", "logs", "profiles"))
SIGNAL: Final = Label("otel_signal", "What passes the processor.", ("traces", "metrics", "logs", "profiles"))
_RECEIVING: Final = (*_TARGET, RECEIVER, TRANSPORT)
_SENDING: Final = (*_TARGET, EXPORTER)
_QUEUE: Final = (*_TARGET, EXPORTER, DATA_TYPE)
_LIMITING: Final = (*_TARGET, PROCESSOR)
_PASSING: Final = (*_TARGET, PROCESSOR, SIGNAL)


def _collector(kind: Kind, unit: str, name: str, brief: str, labels: tuple[Label, ...]) -> StackMetric:
    return StackMetric(f"otelcol_{name}", kind, unit, brief, *_COLLECTOR, labels)


RECEIVED_SPANS: Final = _collector(
    "counter", "{span}", "receiver_accepted_spans", "Spans taken into a pipeline.", _RECEIVING
)
RECEIVED_POINTS: Final = _collector(
    "counter",
    "{datapoint}",
    "receiver_accepted_metric_points",
    "Metric points taken into a pipeline.",
    _RECEIVING,
)
REFUSED_SPANS: Final = _collector(
    "counter",
    "{span}",
    "receiver_refused_spans",
    "Spans that no pipeline would take: the sender keeps them.",
    _RECEIVING,
)
REFUSED_POINTS: Final = _collector(
    "counter",
    "{datapoint}",
    "receiver_refused_metric_points",
    "Metric points that no pipeline would take: the sender keeps them.",
    _RECEIVING,
)
SENT_SPANS: Final = _collector(
    "counter", "{span}", "exporter_sent_spans", "Spans that arrived where they were sent.", _SENDING
)
SENT_POINTS: Final = _collector(
    "counter",
    "{datapoint}",
    "exporter_sent_metric_points",
    "Metric points that arrived where they were sent.",
    _SENDING,
)
SEND_FAILED_SPANS: Final = _collector(
    "counter",
    "{span}",
    "exporter_send_failed_spans",
    "Spans given up after failed attempts to send them.",
    _SENDING,
)
SEND_FAILED_POINTS: Final = _collector(
    "counter",
    "{datapoint}",
    "exporter_send_failed_metric_points",
    "Metric points given up after failed attempts to send them.",
    _SENDING,
)
NOT_QUEUED_SPANS: Final = _collector(
    "counter", "{span}", "exporter_enqueue_failed_spans", "Spans lost because the queue was full.", _SENDING
)
NOT_QUEUED_POINTS: Final = _collector(
    "counter",
    "{datapoint}",
    "exporter_enqueue_failed_metric_points",
    "Metric points lost because the queue was full.",
    _SENDING,
)
QUEUE_SIZE: Final = _collector(
    "gauge", "{batch}", "exporter_queue_size", "What waits in the exporter's queue.", _QUEUE
)
QUEUE_CAPACITY: Final = _collector(
    "gauge", "{batch}", "exporter_queue_capacity", "What the exporter's queue holds at most.", _QUEUE
)
LIMITER_REFUSED_SPANS: Final = _collector(
    "counter",
    "{span}",
    "processor_memory_limiter_refused_spans",
    "Spans refused because memory was short; `otelcol_processor_refused_spans` before 0.155.",
    _LIMITING,
)
LIMITER_REFUSED_POINTS: Final = _collector(
    "counter",
    "{datapoint}",
    "processor_memory_limiter_refused_metric_points",
    "Metric points refused because memory was short; `otelcol_processor_refused_metric_points` before 0.155.",
    _LIMITING,
)
PROCESSOR_INCOMING: Final = _collector(
    "counter", "{item}", "processor_incoming_items", "Items that came to a processor.", _PASSING
)
PROCESSOR_OUTGOING: Final = _collector(
    "counter", "{item}", "processor_outgoing_items", "Items that a processor passed on.", _PASSING
)
COLLECTOR_CPU: Final = _collector(
    "counter", "s", "process_cpu_seconds", "Processor time of the Collector.", _TARGET
)
COLLECTOR_MEMORY: Final = _collector(
    "gauge", "By", "process_memory_rss", "Resident memory of the Collector.", _TARGET
)
COLLECTOR_UPTIME: Final = _collector(
    "counter", "s", "process_uptime", "Time since the Collector started.", _TARGET
)

# --- Prometheus about itself -----------------------------------------------------------------------

RULE_GROUP: Final = Label("rule_group", "File and name of a group of rules, `<file>;<group>`.")
SAMPLE_TYPE: Final = Label("type", "Type of the sample.", ("float", "histogram"))
_GROUP: Final = (*_TARGET, RULE_GROUP)
ALERTMANAGER: Final = Label("alertmanager", "Address of the Alertmanager; on Prometheus 3 only.")
ALERTNAME: Final = Label("alertname", "Name of the alert.")
ALERTSTATE: Final = Label("alertstate", "Whether it waits for its `for` or fires.", ("pending", "firing"))
SEVERITY: Final = Label("severity", "How urgent it is.", ("critical", "warning", "info"))

ALERTS: Final = StackMetric(
    "ALERTS",
    "gauge",
    "1",
    "1 for every alert that waits or fires, with the labels of the alert.",
    *_PROMETHEUS,
    (ALERTNAME, ALERTSTATE, SEVERITY, a.TEST_SUITE_NAME, a.DEPLOYMENT_ENVIRONMENT_NAME),
)


def _prometheus(kind: Kind, unit: str, name: str, brief: str, labels: tuple[Label, ...]) -> StackMetric:
    return StackMetric(f"prometheus_{name}", kind, unit, brief, *_PROMETHEUS, labels)


HEAD_SERIES: Final = _prometheus(
    "gauge", "{series}", "tsdb_head_series", "Series that Prometheus holds in memory.", _TARGET
)
SAMPLES_APPENDED: Final = _prometheus(
    "counter", "{sample}", "tsdb_head_samples_appended_total", "Samples taken in.", (*_TARGET, SAMPLE_TYPE)
)
SAMPLES_OUT_OF_ORDER: Final = _prometheus(
    "counter",
    "{sample}",
    "tsdb_out_of_order_samples_total",
    "Samples refused because newer ones were there and none may come late.",
    (*_TARGET, SAMPLE_TYPE),
)
SAMPLES_TOO_OLD: Final = _prometheus(
    "counter",
    "{sample}",
    "tsdb_too_old_samples_total",
    "Samples refused because they came later than late ones may.",
    (*_TARGET, SAMPLE_TYPE),
)
WAL_CORRUPTIONS: Final = _prometheus(
    "counter", "{corruption}", "tsdb_wal_corruptions_total", "Corruptions of the write-ahead log.", _TARGET
)
STORAGE_BYTES: Final = _prometheus(
    "gauge", "By", "tsdb_storage_blocks_bytes", "Disk space of the blocks.", _TARGET
)
RULE_FAILURES: Final = _prometheus(
    "counter", "{evaluation}", "rule_evaluation_failures_total", "Evaluations of rules that failed.", _GROUP
)
RULE_MISSED: Final = _prometheus(
    "counter",
    "{evaluation}",
    "rule_group_iterations_missed_total",
    "Evaluations of a group left out because the one before took too long.",
    _GROUP,
)
RULE_DURATION: Final = _prometheus(
    "gauge", "s", "rule_group_last_duration_seconds", "Time that a group's last evaluation took.", _GROUP
)
RULE_INTERVAL: Final = _prometheus(
    "gauge", "s", "rule_group_interval_seconds", "Time between two evaluations of a group.", _GROUP
)
NOTIFICATIONS_DROPPED: Final = _prometheus(
    "counter",
    "{alert}",
    "notifications_dropped_total",
    "Alerts that reached no Alertmanager and were given up.",
    (*_TARGET, ALERTMANAGER),
)
NOTIFICATIONS_QUEUED: Final = _prometheus(
    "gauge",
    "{alert}",
    "notifications_queue_length",
    "Alerts that wait to be sent to an Alertmanager.",
    (*_TARGET, ALERTMANAGER),
)
ALERTMANAGERS: Final = _prometheus(
    "gauge",
    "{alertmanager}",
    "notifications_alertmanagers_discovered",
    "Alertmanagers that Prometheus knows of.",
    _TARGET,
)

# --- Alertmanager about itself ---------------------------------------------------------------------

STATE_OF_ALERT: Final = Label("state", "What becomes of an alert.", ("active", "suppressed", "unprocessed"))
STATE_OF_SILENCE: Final = Label("state", "Whether a silence holds.", ("active", "pending", "expired"))
INTEGRATION: Final = Label("integration", "Kind of receiver, such as slack, pagerduty, email, webhook.")
NOTIFIED: Final = StackMetric(
    "alertmanager_notifications_total",
    "counter",
    "{notification}",
    "Notifications that Alertmanager tried to send.",
    *_ALERTMANAGER,
    (*_TARGET, INTEGRATION),
)
NOTIFY_FAILED: Final = StackMetric(
    "alertmanager_notifications_failed_total",
    "counter",
    "{notification}",
    "Notifications that failed.",
    *_ALERTMANAGER,
    (*_TARGET, INTEGRATION),
)
ALERTS_HELD: Final = StackMetric(
    "alertmanager_alerts",
    "gauge",
    "{alert}",
    "Alerts that Alertmanager holds.",
    *_ALERTMANAGER,
    (*_TARGET, STATE_OF_ALERT),
)
SILENCES: Final = StackMetric(
    "alertmanager_silences",
    "gauge",
    "{silence}",
    "Silences.",
    *_ALERTMANAGER,
    (*_TARGET, STATE_OF_SILENCE),
)

# --- Tempo and Grafana about themselves ------------------------------------------------------------

REASON: Final = Label("reason", "Why.")
_TENANT: Final = Label("tenant", "Tenant; `single-tenant` without tenants.")
TEMPO_SPANS: Final = StackMetric(
    "tempo_distributor_spans_received_total",
    "counter",
    "{span}",
    "Spans that Tempo took in.",
    *_TEMPO,
    (*_TARGET, _TENANT),
)
TEMPO_DISCARDED: Final = StackMetric(
    "tempo_discarded_spans_total",
    "counter",
    "{span}",
    "Spans that Tempo threw away.",
    *_TEMPO,
    (*_TARGET, _TENANT, REASON),
)
GRAFANA_REQUESTS: Final = StackMetric(
    "grafana_http_request_duration_seconds",
    "histogram",
    "s",
    "Duration of requests to Grafana.",
    *_GRAFANA,
    (
        *_TARGET,
        Label("handler", "Route."),
        Label("method", "Method."),
        Label("status_code", "Status of the answer."),
    ),
)

ALL: Final[tuple[StackMetric, ...]] = tuple(
    value for value in list(globals().values()) if isinstance(value, StackMetric)
)
"""The whole table in the order of this page."""
