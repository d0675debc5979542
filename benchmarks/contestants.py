"""Who is measured, and how each is switched off, on, and pointed at a backend."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.environments import BARE, GNOMON, PYTEST_OPENTELEMETRY, PYTEST_OTEL, Environment

ENDPOINT = "{endpoint}"


@dataclass(frozen=True)
class Contestant:
    """One way to run pytest. `{endpoint}` in a value becomes the backend's address.

    `protocol` is how it sends (`http`, `grpc`), None if it does not. `baseline` marks the way that
    keeps the plugin out of the process: the others of the same environment are compared with it.
    """

    name: str
    environment: Environment
    arguments: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    protocol: str | None = None
    baseline: bool = False


GNOMON_BASELINE = Contestant("Gnomon's environment, not loaded", GNOMON, ("-p", "no:gnomon"), baseline=True)
GNOMON_OFF = Contestant("Gnomon, installed and off", GNOMON)
GNOMON_SPOOL = Contestant("Gnomon, into the spool", GNOMON, ("--gnomon",))
GNOMON_HTTP = Contestant(
    "Gnomon, OTLP/HTTP",
    GNOMON,
    ("--gnomon",),
    (("OTEL_EXPORTER_OTLP_ENDPOINT", ENDPOINT),),
    protocol="http",
)
GNOMON_GRPC = Contestant(
    "Gnomon, OTLP/gRPC",
    GNOMON,
    ("--gnomon",),
    (("OTEL_EXPORTER_OTLP_ENDPOINT", ENDPOINT), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")),
    protocol="grpc",
)
BARE_PYTEST = Contestant("bare pytest", BARE, baseline=True)
OPENTELEMETRY_BASELINE = Contestant(
    "pytest-opentelemetry's environment, not loaded",
    PYTEST_OPENTELEMETRY,
    ("-p", "no:pytest_opentelemetry"),
    baseline=True,
)
OPENTELEMETRY_OFF = Contestant("pytest-opentelemetry, installed, not exporting", PYTEST_OPENTELEMETRY)
OPENTELEMETRY_GRPC = Contestant(
    "pytest-opentelemetry, OTLP/gRPC",
    PYTEST_OPENTELEMETRY,
    ("--export-traces",),
    (("OTEL_EXPORTER_OTLP_ENDPOINT", ENDPOINT),),
    protocol="grpc",
)
OTEL_BASELINE = Contestant(
    "pytest-otel's environment, not loaded", PYTEST_OTEL, ("-p", "no:pytest_otel"), baseline=True
)
OTEL_MEMORY = Contestant("pytest-otel, no endpoint", PYTEST_OTEL)
OTEL_GRPC = Contestant(
    "pytest-otel, OTLP/gRPC",
    PYTEST_OTEL,
    ("--otel-endpoint", ENDPOINT, "--otel-insecure", "true"),
    protocol="grpc",
)
OTEL_HTTP = Contestant(
    "pytest-otel, OTLP/HTTP",
    PYTEST_OTEL,
    ("--otel-endpoint", f"{ENDPOINT}/v1/traces", "--otel-exporter-protocol", "http/protobuf"),
    protocol="http",
)

OURS = (GNOMON_BASELINE, GNOMON_OFF, GNOMON_SPOOL, GNOMON_HTTP)
PEERS = (
    OPENTELEMETRY_BASELINE,
    OPENTELEMETRY_OFF,
    OPENTELEMETRY_GRPC,
    OTEL_BASELINE,
    OTEL_MEMORY,
    OTEL_GRPC,
    OTEL_HTTP,
)


def baseline_of(contestant: Contestant) -> Contestant:
    """The way to run pytest in the same environment without the plugin."""
    everybody = (BARE_PYTEST, *OURS, *PEERS)
    return next(
        other for other in everybody if other.baseline and other.environment == contestant.environment
    )
