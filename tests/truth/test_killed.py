"""Whatever is killed while spans and points flow: what went in comes out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gnomon_analysis.store import open_store
from tests.otlp_sink import grpc_sink, http_sink
from tests.plugin.project import Project
from tests.spool_reader import read_runs
from tests.store.postgres import Server, postgres_server
from tests.truth.flow import Sender, replay, samples_of, sender, spans_in, stored
from tests.truth.parts import eventually
from tests.truth.planted_suite import SETTINGS
from tests.truth.stage import Stage, stage

__all__ = ["postgres_server"]

SECONDS = 5.0
PER_SECOND = 150.0


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with grpc_sink() as tempo, http_sink() as results:
        set_up = stage(tmp_path_factory.mktemp("stage"), tempo, results)
        try:
            yield set_up
        finally:
            set_up.stop()


def everything_came_out(sent: Sender, staged: Stage) -> None:
    """Each span of the spool is behind the Collector, each point in Prometheus with its time and value."""
    recorded = spans_in(sent.spool)
    points = samples_of(sent.spool)
    names = {name for name, _, _ in points}

    def arrived() -> bool:
        return (
            recorded <= {span.span_id for span in staged.tempo.spans}
            and stored(staged.prometheus.address, names, "sender") >= points
        )

    def missing() -> str:
        lost = recorded - {span.span_id for span in staged.tempo.spans}
        absent = points - stored(staged.prometheus.address, names, "sender")
        return f"{len(lost)} spans and {absent} are missing\n{staged.collector.told()}"

    eventually(arrived, missing, 30)


@pytest.mark.parametrize("part", ["collector", "prometheus"])
def test_a_part_that_is_killed_loses_nothing(part: str, staged: Stage, tmp_path: Path) -> None:
    """Killed twice under load and started again: all spans and all points come out, with their own times."""
    with sender(tmp_path / "sender", SECONDS, PER_SECOND, staged.collector.endpoint) as sent:
        for _ in range(2):
            time.sleep(SECONDS / 4)
            staged.restart(part, 0.3)
        account = sent.account()
    assert account["dropped"] == dict.fromkeys(account["dropped"], 0)
    assert account["written"] == account["calls"] == len(spans_in(sent.spool))
    assert replay(sent.spool, staged.collector.endpoint) == 0
    everything_came_out(sent, staged)


def test_a_place_for_traces_that_is_away_loses_nothing(staged: Stage, tmp_path: Path) -> None:
    """While it answers that it is not available the Collector keeps the spans, through its own death."""
    staged.tempo.behaviour, staged.tempo.status = "status", 14
    with sender(tmp_path / "sender", 2, PER_SECOND, staged.collector.endpoint) as sent:
        sent.account()
    assert replay(sent.spool, staged.collector.endpoint) == 0
    staged.restart("collector", 0.1)
    staged.tempo.behaviour = "accept"
    everything_came_out(sent, staged)


def test_a_service_that_is_killed_loses_a_moment(staged: Stage, tmp_path: Path) -> None:
    """All but the last tenth of a second of a killed service is on disk, and all that is comes out."""
    with sender(tmp_path / "sender", 60, PER_SECOND, staged.collector.endpoint) as sent:
        eventually(lambda: sent.told > 2 * PER_SECOND)
        sent.process.send_signal(signal.SIGKILL)
        sent.process.wait()
    told = sent.told
    assert replay(sent.spool, staged.collector.endpoint) == 0
    assert told - len(spans_in(sent.spool)) <= 0.5 * PER_SECOND
    everything_came_out(sent, staged)


SLOW = """
    import os
    import time

    import pytest

    import gnomon

    @pytest.mark.parametrize("number", range(150))
    def test_case(number, gnomon_test):
        with open(os.environ["TOLD"], "a") as told:
            told.write("x")
        with gnomon.model_call("claude-haiku-4-5") as call:
            call.tokens(input=100, output=10)
        time.sleep(0.01)
"""


def test_a_run_that_is_killed_is_counted_whole(staged: Stage, tmp_path: Path) -> None:
    """A killed run has each of its tests once: those that were over as they were, the others as not run."""
    project = Project(tmp_path / "project", tmp_path / "home")
    project.write("gnomon.yaml", SETTINGS)
    project.write("test_routing.py", SLOW)
    told = tmp_path / "told"
    process = project.start(
        "-q", env={"TOLD": str(told), "GNOMON_EXPORT_ENDPOINT": staged.collector.endpoint}
    )
    eventually(lambda: (told.exists() and told.stat().st_size > 50) or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    process.kill()
    process.wait()
    begun = told.stat().st_size
    done = project.gnomon("spool", "replay", "--endpoint", staged.collector.endpoint)
    assert done.status == 0, done.output
    run = project.run()
    over = [test for test in run.tests if test.outcome == "passed"]
    assert len(run.tests) == 150
    # The one that it was killed in has no result.
    assert begun - 1 <= len(over) <= begun
    assert begun - 1 <= len(run.model_calls) <= begun
    end = next(point.time for point in run.points if point.metric == "gnomon.run.finished")
    shown = "sum by (gnomon_test_outcome) (sum_over_time(gnomon_run_tests[1s]))"
    wanted = {
        (("gnomon_test_outcome", "passed"),): len(over),
        (("gnomon_test_outcome", "not_run"),): 150 - len(over),
    }
    eventually(
        lambda: staged.query(shown, end / 1e9 + 0.5) == wanted,
        lambda: f"{staged.query(shown, end / 1e9 + 0.5)} instead of {wanted}\n{staged.collector.told()}",
    )
    recorded = {span.span_id for span in run.spans}
    eventually(
        lambda: recorded <= {span.span_id for span in staged.tempo.spans},
        lambda: f"{recorded - {span.span_id for span in staged.tempo.spans}}\n{staged.collector.told()}",
    )
    compared = project.gnomon(
        "reconcile", "--from", "-1h", "--prometheus", staged.prometheus.address, "--json"
    )
    report = json.loads(compared.stdout)["report"]
    assert (report["runs"], report["missing"]) == (1, [])


def test_a_database_that_is_killed_loses_nothing(postgres_server: Server, tmp_path: Path) -> None:
    """The ingestion ends with a sentence; when the database is there again the next one has everything."""
    project = Project(tmp_path / "project", tmp_path / "home")
    project.write("gnomon.yaml", SETTINGS)
    project.write("test_routing.py", SLOW.replace("0.01", "0"))
    project.pytest("-q", env={"TOLD": str(tmp_path / "told")})
    (run,) = read_runs(project.spool)
    url = postgres_server.database()
    with open_store(url):
        pass  # its tables
    # Many files: the database dies between two of them, or in one.
    _multiply(project.spool, 8)
    process = subprocess.Popen(
        [sys.executable, "-m", "gnomon.cli.main", "ingest"],
        cwd=project.path,
        env=project.environment({"GNOMON_STORE_URL": url}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with open_store(url) as store:
        eventually(lambda: len(store.runs()) > 1 or process.poll() is not None)
    postgres_server.kill()
    out, said = process.communicate(timeout=60)
    assert process.returncode == 3, out + said
    assert "Traceback" not in said
    postgres_server.again()
    again = project.gnomon("ingest", env={"GNOMON_STORE_URL": url})
    assert again.status == 0, again.output
    with open_store(url) as store:
        assert len(store.runs()) == 8
        assert sum(row.tally.tests for row in store.runs()) == 8 * 150
        assert sum(row.calls.calls for row in store.runs()) == 8 * len(run.model_calls)


def _multiply(spool: Path, times: int) -> None:
    """The same run again and again, under other ids."""
    for path in sorted(spool.glob("run-*.traces.jsonl*")):
        lines = path.read_text().splitlines()
        for number in range(1, times):
            changed = (json.dumps(_renamed(json.loads(line), f"{number:02x}")) for line in lines)
            (spool / f"{number}-{path.name}").write_text("".join(f"{line}\n" for line in changed))


def _renamed(payload: dict[str, Any], digits: str) -> dict[str, Any]:
    for resource in payload["resourceSpans"]:
        spans = [span for scope in resource["scopeSpans"] for span in scope["spans"]]
        for pair in (pair for each in (resource["resource"], *spans) for pair in each["attributes"]):
            if pair["key"] == "gnomon.run.id":
                pair["value"]["stringValue"] = digits + pair["value"]["stringValue"][2:]
        for span in spans:
            for key in ("traceId", "spanId", "parentSpanId"):
                if span.get(key):
                    span[key] = digits + span[key][2:]
    return payload
