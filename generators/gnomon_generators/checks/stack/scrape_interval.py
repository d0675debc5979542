"""What Grafana believes of Prometheus' scraping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Tree

ID = "stack/scrape-interval"
SEVERITY = Severity.ERROR
BRIEF = "Grafana's data source has another interval than Prometheus scrapes at."

_DEFAULT_OF_GRAFANA = "15s"
_DEFAULT_OF_PROMETHEUS = "1m"


def check(tree: Tree) -> Iterator[Finding]:
    """Compares `timeInterval` with `scrape_interval`, where there is one configuration of Prometheus."""
    configurations = list(tree.prometheuses)
    if len(configurations) != 1:
        return
    (prometheus,) = configurations
    whole = prometheus.document.get("global")
    scraped = _text(whole, "scrape_interval") or _DEFAULT_OF_PROMETHEUS
    for file in tree.data_sources:
        for number, source in file.sources:
            if source.get("type") != "prometheus":
                continue
            believed = _text(source.get("jsonData"), "timeInterval") or _DEFAULT_OF_GRAFANA
            if believed != scraped and not believed.startswith("$"):
                yield file.finding(
                    ID,
                    SEVERITY,
                    f"Grafana takes {believed} for the interval between two samples, and Prometheus scrapes "
                    f"every {scraped}: `$__rate_interval` is four times the wrong one: rates have gaps, or "
                    "nothing.",
                    f"write `timeInterval: {scraped}`",
                    part=f"data source {source.get('name', number)}",
                    line=file.line_of("datasources", number, "jsonData", "timeInterval"),
                )


def _text(value: object, key: str) -> str:
    inner: Any = value.get(key) if isinstance(value, Mapping) else None
    return "" if inner is None else str(inner)
