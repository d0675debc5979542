"""A Collector beside what it serves: takes what is sent at once, and hands it to the gateway when it can.

For machines whose way to the gateway is long or breaks off. It keeps what waits on disk, and masks it before
it leaves the machine. Counting and measuring is the gateway's.
"""

from _access import SECRETS, client, token
from _privacy import content, redaction

from gnomon.settings import Settings
from gnomon_generators.collector import (
    Batch,
    CollectorConfig,
    FileStorage,
    HealthCheck,
    MemoryLimiter,
    OtlpGrpc,
    OtlpReceiver,
    Pipeline,
    Queue,
    Telemetry,
    env,
)
from gnomon_generators.stack import tls

HOST = env("GNOMON_COLLECTOR_HOST", "127.0.0.1")
GATEWAY = env("GNOMON_GATEWAY_ENDPOINT", "collector:4317")
STATE = env("GNOMON_COLLECTOR_STATE", "/var/lib/otelcol")


def collector(settings: Settings) -> CollectorConfig:
    """From programs of this machine to the gateway."""
    ports = settings.stack.ports
    trusted = client(tls(settings, SECRETS))
    queue = FileStorage(
        name="queue",
        directory=f"{STATE}/queue",
        about="What waits for the gateway survives a restart, and a loss of power.",
    )
    otlp = OtlpReceiver(
        grpc=f"{HOST}:{ports.otlp_grpc}",
        http=f"{HOST}:{ports.otlp_http}",
        about="In clear and without a token: it listens to this machine alone.",
    )
    limiter = MemoryLimiter(about="Refuses data when memory runs short, and the sender keeps them.")
    traces = OtlpGrpc(
        name="traces",
        endpoint=GATEWAY,
        insecure=True,
        tls=trusted,
        token=token(settings),
        queue=Queue(storage=queue, batch=Batch()),
    )
    metrics = OtlpGrpc(
        name="metrics",
        endpoint=GATEWAY,
        insecure=True,
        tls=trusted,
        token=token(settings),
        # In the order in which they came, and each request by itself: Prometheus refuses requests whole.
        queue=Queue(storage=queue, consumers=1),
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
                exporters=[traces],
            ),
            Pipeline(signal="metrics", receivers=[otlp], processors=[limiter], exporters=[metrics]),
        ),
    )
