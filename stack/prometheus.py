"""Prometheus: what it scrapes, which rules it evaluates, how it takes what the Collector sends."""

from gnomon.settings import Settings
from gnomon_generators.stack import (
    JOBS,
    RULE_FILES,
    Entries,
    Section,
    Tls,
    YamlFile,
    compose_targets,
    days,
    scrape,
    tls,
)


def files(settings: Settings) -> list[YamlFile]:
    """The configuration, and the addresses of the parts between containers."""
    stack = settings.stack
    certificates = tls(settings)
    alertmanagers: dict[str, object] = {"file_sd_configs": [{"files": ["targets/alertmanager*.yaml"]}]}
    if certificates:
        alertmanagers |= {"scheme": "https", "tls_config": certificates.client("prometheus")}
    config = YamlFile(
        path="prometheus.yaml",
        about=f"{__doc__}\nThe addresses stand in targets/, so that containers and local processes read "
        "the same file.",
        sections=[
            Section(
                {
                    "global": {
                        "scrape_interval": str(stack.scrape_interval),
                        "evaluation_interval": str(settings.rules.interval),
                    }
                }
            ),
            Section({"rule_files": RULE_FILES}),
            # Where Grafana tells of alerts, Prometheus shows them and tells nobody.
            *([] if settings.alerts.grafana else [Section({"alerting": {"alertmanagers": [alertmanagers]}})]),
            Section(
                {"otlp": {"translation_strategy": "UnderscoreEscapingWithSuffixes"}},
                "How names of OTLP become names of Prometheus. All that is generated counts on this one.",
            ),
            Section(
                {
                    "storage": {
                        "tsdb": {
                            "retention": {"time": days(settings.retention.prometheus_days)},
                            "out_of_order_time_window": str(stack.late_samples),
                        },
                        "exemplars": {"max_exemplars": 100_000},
                    }
                },
                "A run's numbers bear the time of its end, however late they come.",
            ),
            Entries("scrape_configs", [(job.about, [scrape(job, certificates)]) for job in JOBS.values()]),
        ],
    )
    return [config, *compose_targets(settings), *_web(certificates)]


def _web(certificates: Tls | None) -> list[YamlFile]:
    """How Prometheus and Alertmanager serve where that is not in clear, and how their own tools ask them."""
    if certificates is None:
        return []
    return [
        file
        for part in ("prometheus", "alertmanager")
        for file in (
            YamlFile(
                path=f"{part}_web.yaml",
                about=f"Whom {part.capitalize()} lets connect.",
                sections=[Section({"tls_server_config": certificates.server(part)})],
            ),
            YamlFile(
                path=f"{part}_client.yaml",
                about=f"How {part.capitalize()}'s own tool connects to it.",
                sections=[Section({"tls_config": certificates.client(part)})],
            ),
        )
    ]
