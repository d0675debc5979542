"""The Collector that everything is sent to: it redacts, measures spans, feeds Tempo and Prometheus."""

from _access import SECRETS, client, server, token
from _privacy import content, redaction

from gnomon.registry import attributes as a
from gnomon.registry import resources
from gnomon.settings import Settings
from gnomon_generators.collector import (
    Batch,
    CollectorConfig,
    DeltaToCumulative,
    FileStorage,
    Filter,
    HealthCheck,
    MemoryLimiter,
    OtlpGrpc,
    OtlpHttp,
    OtlpReceiver,
    Pipeline,
    Queue,
    SpanMetrics,
    Telemetry,
    Transform,
    env,
    ottl,
)
from gnomon_generators.stack import scheme, tls
from gnomon_generators.stack_metrics import (
    CALLS_DIMENSIONS,
    DURATION_DIMENSIONS,
    SPAN_METRICS_BUCKETS,
    SPAN_METRICS_NAMESPACE,
)

DAY = 86_400.0

HOST = env("GNOMON_COLLECTOR_HOST", "127.0.0.1")
STATE = env("GNOMON_COLLECTOR_STATE", "/var/lib/otelcol")

# What a source of telemetry is: enough to tell sources apart, and bounded.
IDENTITY = (a.SERVICE_NAME, a.SERVICE_NAMESPACE)
# Counters of two instances of one service are two counters.
INSTANCE = (*IDENTITY, a.SERVICE_INSTANCE_ID)
OF_SERVICES = tuple(row for row in resources.SERVICE.attributes if row.bounded and row not in IDENTITY)


def collector(settings: Settings) -> CollectorConfig:
    """One gateway, between everything that records and everything that stores."""
    ports = settings.stack.ports
    prometheus_url = env("GNOMON_PROMETHEUS_URL", f"{scheme(settings)}://prometheus:{ports.prometheus}")
    results_url = env("GNOMON_RESULTS_URL", f"{scheme(settings)}://results:{ports.results}")
    tempo_address = env("GNOMON_TEMPO_ENDPOINT", f"tempo:{ports.tempo_otlp}")
    certificates = tls(settings, SECRETS)
    trusted = client(certificates)
    queue = FileStorage(
        name="queue",
        directory=f"{STATE}/queue",
        about="What waits to be sent survives a restart, and a loss of power.",
    )
    otlp = OtlpReceiver(
        grpc=f"{HOST}:{ports.otlp_grpc}",
        http=f"{HOST}:{ports.otlp_http}",
        tls=server(certificates),
        token=token(settings),
        about="This machine alone, unless GNOMON_COLLECTOR_HOST says otherwise (in a container: 0.0.0.0).",
    )
    limiter = MemoryLimiter(
        about="Refuses data when memory runs short, and the sender keeps them: first everywhere."
    )
    span_names = Transform(
        name="span_names",
        traces=(ottl.bounded_span_names(),),
        about="The name of a span becomes a label: nothing unbounded may be in it.",
    )
    span_metrics = SpanMetrics(
        namespace=SPAN_METRICS_NAMESPACE,
        buckets=SPAN_METRICS_BUCKETS,
        identity=(*IDENTITY, a.DEPLOYMENT_ENVIRONMENT_NAME),
        calls_dimensions=CALLS_DIMENSIONS,
        duration_dimensions=DURATION_DIMENSIONS,
        # A label set is a counter and a histogram: no service alone may open more series than the budget.
        limit=max(100, settings.budgets.series // (len(SPAN_METRICS_BUCKETS) + 4)),
        # Longer than a weekly job is silent, lest its counters begin anew every week.
        expiry=8 * DAY,
        flush_interval=15,
        about="Latency and error ratio of spans, with examples to click on. How many tests ran and what they "
        "cost is not counted here: that is in the run points.",
    )
    run_points_only = Filter(
        name="run_points", metrics=(f"not {ottl.is_run_point()}",), about="Passes run points, nothing else."
    )
    no_run_points = Filter(
        name="services", metrics=(ottl.is_run_point(),), about="Passes everything but run points."
    )
    identity = Transform(
        name="identity",
        metrics=(ottl.only_these(IDENTITY),),
        about="A run has no identity in Prometheus: its id, commit and machine would be new series, be it of "
        "target_info alone.",
    )
    service_identity = Transform(
        name="service_identity",
        metrics=(ottl.from_the_resource(OF_SERVICES), ottl.only_these((*INSTANCE, *OF_SERVICES))),
        about="Labels of a service's metrics: who it is and where it runs, and no more.",
    )
    cumulative = DeltaToCumulative(
        max_stale=30 * DAY,
        max_streams=settings.budgets.series,
        about="Prometheus refuses differences; each instance of a service must send its own.",
    )
    tempo = OtlpGrpc(
        name="tempo",
        endpoint=tempo_address,
        insecure=True,
        tls=trusted,
        queue=Queue(storage=queue, batch=Batch()),
    )
    results = OtlpHttp(
        name="results",
        endpoint=results_url,
        json=True,
        tls=trusted,
        token=token(settings),
        queue=Queue(storage=queue, batch=Batch()),
        about="The results store, by `gnomon receive`: what comes twice is stored once.",
    )
    prometheus = OtlpHttp(
        name="prometheus",
        endpoint=f"{prometheus_url}/api/v1/otlp",
        tls=trusted,
        # One sender, so that the samples of a series arrive in order.
        queue=Queue(storage=queue, consumers=1, batch=Batch()),
        about="Prometheus 3 with --web.enable-otlp-receiver, or what speaks like it. Not remote write, whose "
        "queue is in memory, and not a page to scrape, on which samples are lost while nobody scrapes.",
    )
    run_points = OtlpHttp(
        name="run_points",
        endpoint=f"{prometheus_url}/api/v1/otlp",
        tls=trusted,
        # Not batched: Prometheus refuses a request whole, and one bad sample must not take another run's.
        queue=Queue(storage=queue, consumers=1),
        about="A queue of their own. Prometheus needs an out_of_order_time_window as long as spools wait.",
    )
    return CollectorConfig(
        about=__doc__,
        extensions=(HealthCheck(endpoint=f"{HOST}:{ports.collector_health}"),),
        telemetry=Telemetry(host=HOST, port=ports.collector_metrics),
        pipelines=(
            Pipeline(
                signal="traces",
                receivers=[otlp],
                processors=[limiter, content(settings), redaction()],
                exporters=[tempo, results],
            ),
            Pipeline(
                signal="traces",
                name="span_metrics",
                receivers=[otlp],
                processors=[limiter, span_names],
                exporters=[span_metrics],
            ),
            Pipeline(
                signal="metrics",
                name="span_metrics",
                receivers=[span_metrics],
                processors=[identity],
                exporters=[prometheus],
            ),
            Pipeline(
                signal="metrics",
                name="services",
                receivers=[otlp],
                processors=[limiter, no_run_points, service_identity, cumulative],
                exporters=[prometheus],
            ),
            Pipeline(
                signal="metrics",
                name="run_points",
                about="One sample a run, with the run's own time however late it comes: nothing here may "
                "touch the time, add up or sample.",
                receivers=[otlp],
                processors=[limiter, run_points_only, identity],
                exporters=[run_points],
            ),
        ),
    )
