"""How Prometheus takes what the Collector sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import PrometheusFile

ID = "stack/otlp"
SEVERITY = Severity.ERROR
BRIEF = "Prometheus gives metrics other names than queries ask for, or refuses runs that come late."

_STRATEGY: Final = "UnderscoreEscapingWithSuffixes"


def check(file: PrometheusFile) -> Iterator[Finding]:
    """Looks at the strategy of names and at the window for samples out of order."""
    otlp = file.document.get("otlp")
    if otlp is None and not file.tree.collectors:
        return
    strategy = _at(file.document, "otlp", "translation_strategy")
    if strategy not in (None, _STRATEGY):
        yield file.finding(
            ID,
            SEVERITY,
            f"With {strategy} Prometheus stores metrics under other names than dashboards, rules and alerts "
            "ask for: all of them have no data.",
            f"write `translation_strategy: {_STRATEGY}`",
            part="otlp.translation_strategy",
            line=file.line_of("otlp", "translation_strategy"),
        )
    elif isinstance(otlp, Mapping) and strategy is None:
        yield file.finding(
            ID,
            Severity.WARNING,
            "The names that metrics get are left to Prometheus' default, which has changed before.",
            f"write `translation_strategy: {_STRATEGY}`",
            part="otlp",
            line=file.line_of("otlp"),
        )
    if _at(file.document, "storage", "tsdb", "out_of_order_time_window") in (None, "0s", "0m", 0):
        yield file.finding(
            ID,
            SEVERITY,
            "Without a window for samples out of order Prometheus refuses what has waited in a spool or a "
            "queue: those runs are missing in every number.",
            "write `storage: {tsdb: {out_of_order_time_window: 7d}}`, as long as spools may wait",
            part="storage.tsdb",
            line=file.line_of("storage", "tsdb"),
        )


def _at(document: Mapping[str, Any], *keys: str) -> object:
    value: Any = document
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
