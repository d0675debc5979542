"""What Prometheus scrapes: the parts of the stack, and where each is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gnomon.record import Record
from gnomon.settings import Settings
from gnomon_generators.stack.files import Section, YamlFile
from gnomon_generators.stack.tls import Tls


class ScrapeJob(Record):
    """A job of Prometheus; its name is the label `job`.

    `host` and `port` are where Compose reaches it: the name of a service, and that of the port in
    `stack.ports`. `plain` ones speak no TLS.
    """

    name: str
    about: str
    port: str
    host: str
    plain: bool = False


JOBS: Final[Mapping[str, ScrapeJob]] = {
    job.name: job
    for job in (
        ScrapeJob(
            "collector", "What the Collector tells of itself.", "collector_metrics", "collector", plain=True
        ),
        ScrapeJob("prometheus", "Prometheus itself.", "prometheus", "prometheus"),
        ScrapeJob("alertmanager", "Alertmanager.", "alertmanager", "alertmanager"),
        ScrapeJob("tempo", "Tempo.", "tempo", "tempo"),
        ScrapeJob("grafana", "Grafana.", "grafana", "grafana"),
        ScrapeJob(
            "ledger",
            "Totals over the whole results store, by `gnomon metrics`.",
            "ledger",
            "ledger",
            plain=True,
        ),
    )
}
"""Every job, by name."""


def scrape(job: ScrapeJob, certificates: Tls | None = None) -> dict[str, object]:
    """The job as it stands under `scrape_configs`; its addresses stand in a file of their own."""
    secured: dict[str, object] = {}
    if certificates and not job.plain:
        secured = {"scheme": "https", "tls_config": certificates.client("prometheus")}
    # A glob, since promtool refuses a file that is named and is not there.
    return {"job_name": job.name, **secured, "file_sd_configs": [{"files": [f"targets/{job.name}*.yaml"]}]}


def targets(job: ScrapeJob, address: str) -> YamlFile:
    """The file with a job's address."""
    return YamlFile(
        path=f"targets/{job.name}.yaml", about=job.about, sections=[Section([{"targets": [address]}])]
    )


def compose_targets(settings: Settings) -> list[YamlFile]:
    """The addresses of all jobs between containers."""
    ports = settings.stack.ports
    elsewhere = {"ledger": settings.stack.ledger}
    return [
        targets(job, elsewhere.get(job.name) or f"{job.host}:{getattr(ports, job.port)}")
        for job in JOBS.values()
    ]
