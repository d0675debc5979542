"""Prometheus: what it scrapes, which rules it evaluates, how it takes what the Collector sends."""

from gnomon.settings import Settings
from gnomon_generators.stack import JOBS, RULE_FILES, Entries, Section, YamlFile, days, scrape
from gnomon_generators.stack.jobs import compose_targets


def files(settings: Settings) -> list[YamlFile]:
    """The configuration, and the addresses of the parts between containers."""
    stack = settings.stack
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
            Section(
                {
                    "alerting": {
                        "alertmanagers": [{"file_sd_configs": [{"files": ["targets/alertmanager*.yaml"]}]}]
                    }
                }
            ),
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
            Entries("scrape_configs", [(job.about, [scrape(job)]) for job in JOBS.values()]),
        ],
    )
    return [config, *compose_targets(settings)]
