"""Tempo: traces in one process with local storage, and the graph of services that it makes of them."""

from typing import Any

from gnomon.settings import Settings
from gnomon_generators.stack import Section, Tls, YamlFile, days, tls
from gnomon_generators.stack.parts import INTERNAL_TEMPO

HOST = "${GNOMON_TEMPO_HOST:-127.0.0.1}"
STATE = "${GNOMON_TEMPO_STATE:-/var/tempo}"
PROMETHEUS = "${GNOMON_PROMETHEUS_URL:-http://prometheus:9090}"


def files(settings: Settings) -> list[YamlFile]:
    """The configuration; Tempo fills in the environment with -config.expand-env=true."""
    ports = settings.stack.ports
    certificates = tls(settings)
    grpc: dict[str, Any] = {"endpoint": f"{HOST}:{ports.tempo_otlp}"}
    server: dict[str, Any] = {
        "http_listen_address": HOST,
        "http_listen_port": ports.tempo,
        "grpc_listen_address": "127.0.0.1",
        "log_level": "warn",
    }
    remote: dict[str, Any] = {"url": f"{PROMETHEUS}/api/v1/write", "send_exemplars": True}
    if certificates:
        grpc["tls"] = _receiver(certificates)
        server["http_tls_config"] = certificates.server("tempo")
        remote["tls_config"] = certificates.client("tempo")
    sections = [
        Section({"target": "all", "stream_over_http_enabled": True}),
        Section({"server": server}),
        *([_internal()] if certificates else []),
        Section(
            {"distributor": {"receivers": {"otlp": {"protocols": {"grpc": grpc}}}}},
            "Only the Collector sends here; a port of its own, since on one machine 4317 is the Collector's.",
        ),
        Section(
            {
                "metrics_generator": {
                    "storage": {"path": f"{STATE}/generator/wal", "remote_write": [remote]},
                },
                "overrides": {
                    "defaults": {
                        "metrics_generator": {"processors": ["service-graphs"]},
                        "compaction": {"block_retention": days(settings.retention.traces_days)},
                    }
                },
            },
            "Who calls whom, as series for Grafana's graph. Metrics of spans are the Collector's: two "
            "would count everything twice.",
        ),
        Section(
            {
                "storage": {
                    "trace": {
                        "backend": "local",
                        "wal": {"path": f"{STATE}/wal"},
                        "local": {"path": f"{STATE}/blocks"},
                    }
                },
                "live_store": {
                    "wal": {"path": f"{STATE}/live-store/traces"},
                    "shutdown_marker_dir": f"{STATE}/live-store/shutdown-marker",
                },
                "backend_scheduler": {"local_work_path": STATE},
            }
        ),
        Section({"usage_report": {"reporting_enabled": False}}),
    ]
    return [YamlFile(path="tempo.yaml", about=__doc__, sections=sections)]


def _receiver(certificates: Tls) -> dict[str, str]:
    """As the Collector's receivers have it."""
    asked = {"client_ca_file": certificates.ca} if certificates.mutual else {}
    return {"cert_file": certificates.certificate("tempo"), "key_file": certificates.key("tempo"), **asked}


def _internal() -> Section:
    return Section(
        {
            "internal_server": {
                "enable": True,
                "http_listen_address": HOST,
                "http_listen_port": INTERNAL_TEMPO,
            }
        },
        "How it is, for those who have no certificate, such as a health check.",
    )
