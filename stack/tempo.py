"""Tempo: traces in one process with local storage, and the graph of services that it makes of them."""

from gnomon.settings import Settings
from gnomon_generators.stack import Section, YamlFile, days

HOST = "${GNOMON_TEMPO_HOST:-127.0.0.1}"
STATE = "${GNOMON_TEMPO_STATE:-/var/tempo}"


def files(settings: Settings) -> list[YamlFile]:
    """The configuration; Tempo fills in the environment with -config.expand-env=true."""
    ports = settings.stack.ports
    return [
        YamlFile(
            path="tempo.yaml",
            about=__doc__,
            sections=[
                Section({"target": "all", "stream_over_http_enabled": True}),
                Section(
                    {
                        "server": {
                            "http_listen_address": HOST,
                            "http_listen_port": ports.tempo,
                            "grpc_listen_address": "127.0.0.1",
                            "log_level": "warn",
                        }
                    }
                ),
                Section(
                    {
                        "distributor": {
                            "receivers": {
                                "otlp": {"protocols": {"grpc": {"endpoint": f"{HOST}:{ports.tempo_otlp}"}}}
                            }
                        }
                    },
                    "Only the Collector sends here; a port of its own, since on one machine 4317 is the "
                    "Collector's.",
                ),
                Section(
                    {
                        "overrides": {
                            "defaults": {
                                "compaction": {"block_retention": days(settings.retention.traces_days)}
                            }
                        }
                    }
                ),
                Section(
                    {
                        "storage": {
                            "trace": {
                                "backend": "local",
                                "wal": {"path": f"{STATE}/wal"},
                                "local": {"path": f"{STATE}/blocks"},
                            }
                        }
                    }
                ),
                Section(
                    {
                        "live_store": {
                            "wal": {"path": f"{STATE}/live-store/traces"},
                            "shutdown_marker_dir": f"{STATE}/live-store/shutdown-marker",
                        },
                        "backend_scheduler": {"local_work_path": STATE},
                    }
                ),
                Section({"usage_report": {"reporting_enabled": False}}),
            ],
        )
    ]
