"""The table of what the stack emits about itself is what the stack emits."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from gnomon.errors import UserError
from gnomon.registry import metrics
from gnomon.registry.prometheus import series_names
from gnomon_generators import promql, stack_metrics
from gnomon_generators.promql.series import series_of
from tests.promql import servers

PROMETHEUS = """\
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:9"]}]}]}
scrape_configs: [{job_name: prometheus, static_configs: [{targets: ["127.0.0.1:PORT"]}]}]
"""
RULES = "groups: [{name: one, rules: [{alert: Always, expr: vector(1), labels: {severity: info}}]}]\n"
SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')

Exposed = dict[str, dict[str, set[str]]]


def exposition(text: str) -> tuple[Exposed, dict[str, str]]:
    """The labels and their values by series, and the type by metric, of what a component exposes."""
    found: Exposed = {}
    kinds = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            kinds[name] = kind
        elif match := SAMPLE.match(line):
            labels = found.setdefault(match[1], defaultdict(set))
            for name, value in LABEL.findall(match[2] or ""):
                labels[name].add(value)
    return found, kinds


def rows(producer: str, wanted: Callable[[str], bool]) -> list[promql.StackMetric]:
    return [row for row in stack_metrics.ALL if row.producer == producer and wanted(row.name)]


def assert_emitted(row: promql.StackMetric, found: Exposed, kinds: dict[str, str]) -> None:
    assert row.name in kinds, f"{row.name} is not exposed"
    assert kinds[row.name] == row.kind, row.name
    known = {label.name: label for label in row.labels if label.name not in ("job", "instance")}
    for name, values in found[row.series_names[0]].items():
        assert name in known, f"{row.name} has the label {name}"
        allowed = known[name].label_values
        assert allowed is None or values <= set(allowed), (row.name, name, values)


def test_prometheus_emits_what_the_table_says(tmp_path: Path) -> None:
    """Names, types and labels of what Prometheus says of itself and of its targets are those of the table."""
    (tmp_path / "rules.yml").write_text(RULES)
    with servers.prometheus(tmp_path, PROMETHEUS) as address:
        added = rows("Prometheus", lambda name: not name.startswith(("prometheus_", "process_")))
        for row in added:
            for _ in range(100):
                if samples := servers.query(address, row.name, time.time()):
                    break
                time.sleep(0.1)
            assert samples, row.name
            known = {label.name for label in row.labels}
            assert {name for labels in samples for name, _ in labels} <= known, row.name
        found, kinds = exposition(servers.read(f"{address}/metrics"))
        own = rows("Prometheus", lambda name: name.startswith(("prometheus_", "process_")))
        assert len(own) >= 12
        for row in own:
            assert_emitted(row, found, kinds)


def test_alertmanager_emits_what_the_table_says(tmp_path: Path) -> None:
    """Names, types and labels of Alertmanager's own metrics are those of the table."""
    with servers.alertmanager(tmp_path) as address:
        found, kinds = exposition(servers.read(f"{address}/metrics"))
    own = rows("Alertmanager", lambda _: True)
    assert own
    for row in own:
        assert_emitted(row, found, kinds)


def test_names_are_told_apart() -> None:
    """No series has two rows, neither in the table nor between it and the registry."""
    names = [name for row in stack_metrics.ALL for name in row.series_names]
    names += [name for metric in metrics.ALL for name in series_names(metric)]
    assert len(names) == len(set(names))


def test_span_metrics_are_named_after_the_connectors_settings() -> None:
    """The names of span metrics are what the Collector makes of the stated namespace and unit."""
    prefix = stack_metrics.SPAN_METRICS_NAMESPACE.replace(".", "_")
    assert stack_metrics.SPAN_CALLS.name == f"{prefix}_calls_total"
    assert stack_metrics.SPAN_METRICS_UNIT == "s"
    assert stack_metrics.SPAN_DURATION.name == f"{prefix}_duration_seconds"
    for row, dimensions in (
        (stack_metrics.SPAN_CALLS, stack_metrics.CALLS_DIMENSIONS),
        (stack_metrics.SPAN_DURATION, stack_metrics.DURATION_DIMENSIONS),
    ):
        assert set(dimensions) < set(row.labels)


def test_the_stack_is_read_like_the_registry() -> None:
    """Counters are rated, levels stand as they are, histograms have quantiles; labels are checked alike."""
    assert promql.per_second(
        stack_metrics.SPAN_CALLS,
        by=[stack_metrics.SERVICE_NAME],
        where={stack_metrics.STATUS_CODE: "STATUS_CODE_ERROR"},
    ).text == (
        "sum by (service_name) "
        '(rate(traces_spanmetrics_calls_total{status_code="STATUS_CODE_ERROR"}[$__rate_interval]))'
    )
    assert promql.latest(stack_metrics.QUEUE_SIZE, by=[stack_metrics.EXPORTER]).text == (
        "max by (exporter) (otelcol_exporter_queue_size)"
    )
    assert (
        "traces_spanmetrics_duration_seconds_bucket" in promql.quantile(stack_metrics.SPAN_DURATION, 0.9).text
    )
    with pytest.raises(UserError, match="status_code is never 'ERROR'"):
        promql.total(stack_metrics.SPAN_CALLS, "5m", where={stack_metrics.STATUS_CODE: "ERROR"})
    with pytest.raises(UserError, match="up has no label service_name"):
        promql.latest(stack_metrics.UP, by=[stack_metrics.SERVICE_NAME])
    assert {series_of(row).counting for row in stack_metrics.ALL} == {"counter", "gauge", "histogram"}
