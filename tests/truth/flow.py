"""What a service handed over beside what came out behind the Collector, spans and points one by one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gnomon.registry.prometheus import metric_name
from tests import warm
from tests.spool_reader import attributes_of, files, read_file, read_spans

Sample = tuple[str, int, float]
"""A name in Prometheus, Unix milliseconds, a value."""


@dataclass(frozen=True)
class Sender:
    """The process of tests.truth.sender, in a folder of its own."""

    folder: Path
    process: subprocess.Popen[str]

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def told(self) -> int:
        """How many calls it knows to have ended, though it may be dead."""
        path = self.folder / "told"
        said = path.read_text().split() if path.exists() else []
        return int(said[0]) if said else 0

    def account(self) -> Mapping[str, Any]:
        """Waits for its end, and gives what it says of itself."""
        out, _ = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, out
        return dict(json.loads(out))


@contextmanager
def sender(folder: Path, seconds: float, per_second: float, endpoint: str = "") -> Iterator[Sender]:
    """Starts one; its metrics are collected five times a second."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.truth.sender", str(folder), str(seconds), str(per_second)]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "GNOMON_"))},
        "OTEL_METRIC_EXPORT_INTERVAL": "200",
        "GNOMON_STATE_DIRECTORY": str(folder / "state"),
    }
    process = subprocess.Popen(
        [*command, *([endpoint] if endpoint else [])],
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Sender(folder, process)
    finally:
        process.kill()
        process.communicate()


def replay(folder: Path, endpoint: str) -> int:
    """Sends what waits in a spool; gives the exit code."""
    where = ("--directory", str(folder), "--endpoint", endpoint)
    command = [sys.executable, "-m", "gnomon.cli.main", "spool", "replay", *where]
    done = warm.run(command, cwd=folder.parent, env=os.environ)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode


def spans_in(spool: Path) -> set[str]:
    """The ids of all spans in a spool, sent or not."""
    return {span.span_id for span in read_spans(spool)}


def samples_of(spool: Path) -> Counter[Sample]:
    """What the points in a spool are in Prometheus: values of counters and gauges, counts of histograms."""
    found: Counter[Sample] = Counter()
    for path in files(spool, "metrics"):
        for payload in read_file(path, "metrics"):
            for metric in _metrics(payload):
                found.update(_samples(metric))
    return found


def _metrics(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        metric
        for resource in payload["resourceMetrics"]
        for scope in resource["scopeMetrics"]
        for metric in scope["metrics"]
    ]


def _samples(metric: Mapping[str, Any]) -> list[Sample]:
    (shape,) = {"gauge", "sum", "histogram"} & set(metric)
    kind = {"gauge": "gauge", "sum": "counter", "histogram": "histogram"}[shape]
    if shape == "sum" and not metric["sum"].get("isMonotonic"):
        kind = "updowncounter"
    name = metric_name(metric["name"], kind, metric.get("unit", ""))  # type: ignore[arg-type]
    name += "_count" if shape == "histogram" else ""
    return [
        (name, int(point["timeUnixNano"]) // 1_000_000, _value(point))
        for point in metric[shape]["dataPoints"]
    ]


def _value(point: Mapping[str, Any]) -> float:
    attributes_of(point.get("attributes", ()))  # well-formed
    return float(point.get("asInt") or point.get("asDouble") or point.get("count") or 0)


def stored(prometheus: str, names: set[str], job: str) -> Counter[Sample]:
    """Every sample of these series that Prometheus holds, with its own time."""
    found: Counter[Sample] = Counter()
    for name in sorted(names):
        asked = {"query": f'{name}{{job="{job}"}}[2h]', "time": f"{time.time() + 60:.0f}"}
        query = urllib.parse.urlencode(asked)
        with urllib.request.urlopen(f"{prometheus}/api/v1/query?{query}", timeout=30) as answer:  # noqa: S310
            rows = json.load(answer)["data"]["result"]
        for row in rows:
            found.update((name, round(float(at) * 1000), float(value)) for at, value in row["values"])
    return found
