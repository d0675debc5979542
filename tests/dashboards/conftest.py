from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psycopg
import pytest

from gnomon import settings
from gnomon.registry import metrics as m
from gnomon.registry.model import Metric
from gnomon.registry.prometheus import name_of
from gnomon_analysis.store import open_store
from gnomon_generators import stack_metrics as stack
from gnomon_generators.artefacts.production import produce
from gnomon_generators.promql import StackMetric
from tests.dashboards.history import History, play
from tests.promql import servers
from tests.promql.planted import samples_in, store_samples
from tests.store.changes import plant
from tests.store.postgres import Server

RULES = """
global: {evaluation_interval: 2s}
rule_files: [rules.yaml]
"""


@dataclass(frozen=True)
class Stack:
    """A Prometheus and a PostgreSQL that hold the same runs; `now` is when they are asked."""

    prometheus: str
    database: str
    history: History
    now: float

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(sql.encode()).fetchall()

    def columns(self, sql: str) -> list[str]:
        with psycopg.connect(self.database) as connection:
            return [column.name for column in connection.execute(sql.encode()).description or ()]


@pytest.fixture(scope="session")
def stack_with_runs(tmp_path_factory: pytest.TempPathFactory, postgres_server: Server) -> Iterator[Stack]:
    """Real runs in both, a change in the one, what the stack and a service say of themselves in the other."""
    servers.program("promtool")
    history = play(tmp_path_factory.mktemp("history"))
    database = postgres_server.database()
    with open_store(database) as store:
        store.ingest(history.spool)
        plant(store, changed_ns=int((history.now - 3600) * 1e9), revision=history.revisions["third"])
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "gnomon.yaml").write_text("rules: {interval: 2s}\n")
    (rules,) = produce(["rules"], settings.load(folder / "gnomon.yaml"), only=["routing"])
    (folder / "rules.yaml").write_text(rules.text)
    samples = [*_of_runs(history), *_of_processes(history.now)]
    in_order = sorted(samples, key=lambda line: float(line.rpartition(" ")[2]))
    with servers.prometheus(folder, RULES, data=store_samples(in_order, folder)) as prometheus:
        for _ in range(300):
            if servers.query(prometheus, "routing_test:flaky_tests", time.time()):
                break
            time.sleep(0.1)
        yield Stack(prometheus, database, history, time.time())


def _of_runs(history: History) -> Iterator[str]:
    for path in history.spool.glob("*.metrics.jsonl"):
        for line in path.read_text().splitlines():
            yield from samples_in(line)


def _of_processes(now: float) -> Iterator[str]:
    """Half an hour of everything that is scraped every fifteen seconds: it rises by one a second."""
    scraped = [*_series(stack.ALL, "otel-collector"), *_series(m.ALL, "desk")]
    for second in range(1, 1800, 15):
        at = f"{now - 1800 + second:.3f}"
        yield from (f"{series} {second if grows else 5} {at}" for series, grows in scraped)


def _series(metrics: Iterable[Metric | StackMetric], job: str) -> Iterator[tuple[str, bool]]:
    """Series of metrics that processes expose, by name and labels, and whether they grow."""
    for metric in metrics:
        if isinstance(metric, Metric):
            # Those of routing tests have the history's own; what is left of the ledger are changes.
            if metric.counting not in ("counter", "histogram") and metric is not m.GNOMON_CHANGES:
                continue
            name, histogram, grows = name_of(metric), metric.instrument == "histogram", True
        else:
            name, histogram, grows = metric.name, metric.kind == "histogram", metric.kind == "counter"
        labels = f'job="{job}",instance="{job}:1",exporter="otlp",gen_ai_request_model="claude-haiku-4-5"'
        if not histogram:
            yield f"{name}{{{labels}}}", grows
            continue
        for bound in ("0.5", "1", "+Inf"):
            yield f'{name}_bucket{{{labels},le="{bound}"}}', True
        yield f"{name}_sum{{{labels}}}", True
        yield f"{name}_count{{{labels}}}", True
