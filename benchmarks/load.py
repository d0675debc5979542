"""Whether the stack takes a fleet's telemetry, and how quickly the boards answer then.

`python -m benchmarks.load` replays 200 agents at 1,000,000 requests a day at 10 times the speed through
`gnomon simulate` into the real Collector and a real Prometheus 3 with the generated rules, which scrapes
both. It counts what went in and what came out, the active series, and times every query of the boards.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.collector.running import configuration, program
from tests.dashboards.grafana import BOARDS, View, queries
from tests.promql import servers
from tests.truth.parts import Collector, Prometheus, eventually, read

from benchmarks.measure import machine, table
from gnomon import settings
from gnomon_generators.artefacts.production import produce

SERIES = 150_000
QUERY_SECONDS, BOARD_SECONDS = 1.0, 3.0
SCRAPE = """
global: {scrape_interval: 15s, evaluation_interval: 1m}
rule_files: [RULES]
scrape_configs:
  - {job_name: otel-collector, static_configs: [{targets: ["HOST:8888"]}]}
  - {job_name: prometheus, static_configs: [{targets: ["ITSELF"]}]}
"""


def main() -> None:
    """Replays, counts, asks, prints."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--per-day", type=float, default=1_000_000)
    options.add_argument("--speed", type=float, default=10)
    options.add_argument("--test-runs", type=int, default=200)
    chosen = options.parse_args()
    sys.stdout.write(f"# {machine()}\n\n")
    with tempfile.TemporaryDirectory(prefix="gnomon-load-") as folder:
        for line in loaded(Path(folder), chosen):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


def loaded(folder: Path, chosen: argparse.Namespace) -> Iterator[str]:
    """Sets the stack up, replays, and reports."""
    with traces("grpc") as tempo, traces("http") as results:
        prometheus, collector = stack(folder, tempo, results)
        try:
            prometheus.start()
            collector.start()
            began = time.monotonic()
            said = simulate(folder, collector, chosen)
            eventually(lambda: collector.waiting() == 0, collector.told, 300)
            yield from counted(said, collector, prometheus, time.monotonic() - began)
            # Two scrapes more, for rates, and an evaluation of the rules.
            time.sleep(65)
            yield from asked(prometheus, chosen.minutes * 60)
        finally:
            collector.stop()
            prometheus.stop()


@contextmanager
def traces(protocol: str) -> Iterator[int]:
    """A place for traces, in a process of its own: its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.otlp_sink", "--protocol", protocol, "--behaviour", "accept"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def stack(folder: Path, tempo: int, results: int) -> tuple[Prometheus, Collector]:
    """Collector and Prometheus by the generated configuration and rules."""
    (folder / "gnomon.yaml").write_text("project: {name: load}\n")
    found = settings.load(folder / "gnomon.yaml")
    documents = produce(["rules", "alerts"], found)
    files = {
        "-".join(document.path.parts): document.text
        for document in documents
        if document.path.suffix == ".yaml" and "groups:" in document.text
    }
    prometheus = Prometheus(folder / "prometheus", SCRAPE, files=files)
    config = configuration(found, folder)
    collector = Collector(
        folder,
        program().command([f"--config={config}"], folder=folder),
        tempo=f"127.0.0.1:{tempo}",
        results=f"http://127.0.0.1:{results}",
        prometheus=prometheus.address,
        sooner=False,
    )
    path = prometheus.folder / "prometheus.yml"
    own = prometheus.address.removeprefix("http://")
    text = path.read_text().replace("HOST", collector.host).replace("ITSELF", own)
    path.write_text(text.replace("RULES", ", ".join(sorted(files))))
    return prometheus, collector


def simulate(folder: Path, collector: Collector, chosen: argparse.Namespace) -> Mapping[str, Any]:
    """Emits through the real SDK, sends what is left, and gives the simulation's own account."""
    spool = folder / "spool"
    gnomon = [sys.executable, "-m", "gnomon.cli.main"]
    simulation = [
        # The mean of a day at all hours, so that it makes no difference when this is run.
        *(*gnomon, "simulate", "--rate", str(chosen.per_day / 86_400), "--speed", str(chosen.speed)),
        *("--duration", f"{round(chosen.minutes * 60)}s", "--test-runs", str(chosen.test_runs)),
        *("--endpoint", collector.endpoint, "--spool", str(spool), "--json"),
    ]
    done = subprocess.run(simulation, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise SystemExit(done.stderr)
    for path in sorted({found.parent for found in spool.rglob("*.jsonl*")}):
        subprocess.run(
            [*gnomon, "spool", "replay", "--directory", str(path), "--endpoint", collector.endpoint],
            check=True,
            capture_output=True,
            cwd=folder,
        )
    said: Mapping[str, Any] = json.loads(done.stdout)
    return said


def counted(
    said: Mapping[str, Any], collector: Collector, prometheus: Prometheus, seconds: float
) -> Iterator[str]:
    """What went in beside what came out."""
    own = _own(collector)
    totals = said["totals"]
    yield (
        f"{totals['requests']:,} requests, {totals['calls']:,} model calls, {said['spans']['emitted']:,} "
        f"spans in {seconds:.0f} s; at most {said.get('behind_seconds', 0):.1f} s behind the clock\n"
    )
    now = time.time()
    calls = sum(
        servers.query(
            prometheus.address,
            "sum(last_over_time(gen_ai_client_inference_duration_seconds_count[1h]))",
            now,
        ).values()
    )
    series = _number(read(f"{prometheus.address}/metrics"), "prometheus_tsdb_head_series")
    rows = [
        ("spans dropped in the service", f"{said['spans']['dropped']:,}", "0"),
        (
            "spans that the Collector received",
            f"{own['receiver_accepted_spans']:,.0f}",
            "all, and of test runs",
        ),
        ("spans that it refused", f"{own['receiver_refused_spans']:,.0f}", "0"),
        ("spans sent on", f"{own['exporter_sent_spans']:,.0f}", "all"),
        ("points that it received", f"{own['receiver_accepted_metric_points']:,.0f}", ""),
        ("points that it refused", f"{own['receiver_refused_metric_points']:,.0f}", "0"),
        ("points sent on", f"{own['exporter_sent_metric_points']:,.0f}", "and those of span metrics"),
        ("failed for good", f"{_failed(own):,.0f}", "0"),
        ("model calls in Prometheus", f"{calls:,.0f}", f"{totals['calls']:,}"),
        ("active series", f"{series:,.0f}", f"at most {SERIES:,}"),
    ]
    yield table(("", "counted", "must be"), rows)
    memory = _number(read(f"{prometheus.address}/metrics"), "process_resident_memory_bytes") / 1e6
    yield (
        f"\nThe Collector had {own['process_memory_rss'] / 1e6:.0f} MB and {own['process_cpu_seconds']:.0f} "
        f"s of processor time, Prometheus {memory:.0f} MB.\n"
    )


def _own(collector: Collector) -> Mapping[str, float]:
    """The Collector's own metrics, summed over their labels."""
    found: defaultdict[str, float] = defaultdict(float)
    for line in read(f"http://{collector.host}:8888/metrics").splitlines():
        if line.startswith("otelcol_"):
            name = line.partition("{")[0].removeprefix("otelcol_")
            found[name.partition(" ")[0]] += float(line.rpartition(" ")[2])
    return found


def _failed(own: Mapping[str, float]) -> float:
    kinds = ("exporter_send_failed", "exporter_enqueue_failed")
    return sum(own[f"{kind}_{what}"] for kind in kinds for what in ("spans", "metric_points"))


def _number(text: str, name: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name} "))


def asked(prometheus: Prometheus, seconds: float) -> Iterator[str]:
    """How long each board's queries take, one after the other, over the time of the load and over a day."""
    chosen = dict.fromkeys(("suite", "environment", "category", "model"))
    rows = []
    for window in (max(seconds, 3600.0), 86_400.0):
        for board in BOARDS:
            took: dict[str, float] = {}
            for query in queries("prometheus"):
                if query.board == board and query.panel != "variable":
                    seen = View(time.time() - window, time.time(), chosen)
                    begun = time.perf_counter()
                    _ask(prometheus, query, seen)
                    took[str(query)] = time.perf_counter() - begun
            slowest = max(took, key=lambda name: took[name])
            rows.append(
                (
                    f"{board}, {window / 3600:.0f} h",
                    str(len(took)),
                    f"{sum(took.values()):.2f}",
                    f"{took[slowest]:.2f}",
                    slowest.partition(": ")[2],
                )
            )
    yield table(("board", "queries", "s, all", "s, slowest", "which"), rows)
    yield f"\nTargets: a query {QUERY_SECONDS:g} s, a board {BOARD_SECONDS:g} s."


def _ask(prometheus: Prometheus, query: Any, seen: View) -> None:
    expression = seen.promql(query)
    if query.instant:
        read(f"{prometheus.address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        return
    step = seen.step(query.interval)
    start, end = (seen.start // step) * step, (seen.end // step + 1) * step
    parts = {"query": expression, "start": start, "end": end, "step": step}
    read(f"{prometheus.address}/api/v1/query_range?{urllib.parse.urlencode(parts)}")


if __name__ == "__main__":
    main()
