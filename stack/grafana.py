"""Grafana: its data sources, how they link to each other, and where the dashboards are."""

from typing import Any

from gnomon.registry import attributes as a
from gnomon.registry.prometheus import label_of
from gnomon.settings import Settings
from gnomon_generators.stack import SECRETS, Section, Tls, YamlFile, tls
from gnomon_generators.stack_metrics import SPAN_CALLS, SPAN_DURATION

PROMETHEUS, TEMPO, POSTGRES, ALERTMANAGER = (
    f"gnomon-{name}" for name in ("prometheus", "tempo", "postgres", "alertmanager")
)
FIVE_MINUTES = {"spanStartTimeShift": "-5m", "spanEndTimeShift": "5m"}


def files(settings: Settings) -> list[YamlFile]:
    """Data sources and dashboards, as Grafana's provisioning reads them."""
    certificates = tls(settings)
    sources = [
        _prometheus(settings, certificates),
        _tempo(certificates),
        _postgres(certificates),
        _alertmanager(certificates),
    ]
    return [
        YamlFile(
            path="grafana/datasources/gnomon.yaml",
            about="Grafana's data sources. Addresses come from the environment, secrets from files.",
            sections=[Section({"apiVersion": 1, "prune": True}), Section({"datasources": sources})],
        ),
        YamlFile(
            path="grafana/dashboards/gnomon.yaml",
            about="Where Grafana finds the dashboards.",
            sections=[Section({"apiVersion": 1, "providers": [_provider()]})],
        ),
    ]


def _prometheus(settings: Settings, certificates: Tls | None) -> dict[str, Any]:
    details = {
        # $__rate_interval is reckoned from it.
        "timeInterval": str(settings.stack.scrape_interval),
        "httpMethod": "POST",
        "prometheusType": "Prometheus",
        "manageAlerts": False,
        "alertmanagerUid": ALERTMANAGER,
        # Under which the Collector keeps the trace of an example.
        "exemplarTraceIdDestinations": [{"name": "trace_id", "datasourceUid": TEMPO}],
    }
    named = {**_named("Prometheus", "prometheus", PROMETHEUS), "isDefault": True}
    return _served(named, "$GNOMON_PROMETHEUS_URL", details, certificates)


def _tempo(certificates: Tls | None) -> dict[str, Any]:
    tags = [
        {"key": str(row.name), "value": label_of(row)}
        for row in (a.SERVICE_NAME, a.DEPLOYMENT_ENVIRONMENT_NAME, a.GEN_AI_AGENT_NAME)
    ]
    details = {
        "tracesToMetrics": {
            "datasourceUid": PROMETHEUS,
            **FIVE_MINUTES,
            "tags": tags,
            # Grafana takes one dollar off.
            "queries": [
                {
                    "name": "Share of errors",
                    "query": f'sum(rate({SPAN_CALLS.name}{{$$__tags, status_code="STATUS_CODE_ERROR"}}'
                    f"[$$__rate_interval])) / sum(rate({SPAN_CALLS.name}{{$$__tags}}[$$__rate_interval]))",
                },
                {
                    "name": "95th percentile of duration",
                    "query": "histogram_quantile(0.95, sum by (le) "
                    f"(rate({SPAN_DURATION.name}_bucket{{$$__tags}}[$$__rate_interval])))",
                },
            ],
        },
        "serviceMap": {"datasourceUid": PROMETHEUS},
        "nodeGraph": {"enabled": True},
        "traceQuery": {"timeShiftEnabled": True, "spanStartTimeShift": "-30m", "spanEndTimeShift": "30m"},
    }
    return _served(_named("Tempo", "tempo", TEMPO), "$GNOMON_TEMPO_URL", details, certificates)


def _postgres(certificates: Tls | None) -> dict[str, Any]:
    details: dict[str, Any] = {
        "database": "gnomon",
        "sslmode": "verify-full" if certificates else "disable",
        "maxOpenConns": 10,
        "maxIdleConns": 2,
        "connMaxLifetime": 14400,
    }
    secrets = {"password": _file(f"{SECRETS}/grafana_reader_password")}
    if certificates:
        details["tlsConfigurationMethod"] = "file-content"
        secrets |= _shown(certificates)
    return {
        **_named("Results store", "grafana-postgresql-datasource", POSTGRES),
        "url": "$GNOMON_POSTGRES",
        "user": "gnomon_reader",
        "jsonData": details,
        "secureJsonData": secrets,
        "editable": False,
    }


def _alertmanager(certificates: Tls | None) -> dict[str, Any]:
    details = {"implementation": "prometheus", "handleGrafanaManagedAlerts": False}
    named = _named("Alertmanager", "alertmanager", ALERTMANAGER)
    return _served(named, "$GNOMON_ALERTMANAGER_URL", details, certificates)


def _served(
    named: dict[str, Any], url: str, details: dict[str, Any], certificates: Tls | None
) -> dict[str, Any]:
    """A data source that is reached by HTTP."""
    source = {**named, "access": "proxy", "url": url, "jsonData": details}
    if certificates:
        trust = {"tlsAuthWithCACert": True} | ({"tlsAuth": True} if certificates.mutual else {})
        source["jsonData"] = details | trust
        source["secureJsonData"] = _shown(certificates)
    return source | {"editable": False}


def _named(name: str, kind: str, uid: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "uid": uid}


def _shown(certificates: Tls) -> dict[str, str]:
    """Whom Grafana trusts, and what it shows."""
    shown = {"tlsCACert": _file(certificates.ca)}
    if certificates.mutual:
        shown["tlsClientCert"] = _file(certificates.certificate("grafana"))
        shown["tlsClientKey"] = _file(certificates.key("grafana"))
    return shown


def _file(path: str) -> str:
    return f"$__file{{{path}}}"


def _provider() -> dict[str, Any]:
    return {
        "name": "gnomon",
        "folder": "Gnomon",
        "folderUid": "gnomon",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": "$GNOMON_FILES/dashboards/json"},
    }
