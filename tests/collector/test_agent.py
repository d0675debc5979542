"""The agent in a real Collector: what it hands on, and what it keeps while nobody takes it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from gnomon.settings import Settings
from tests.collector.running import collector, configuration, eventually, program
from tests.otlp_sink import grpc_sink
from tests.plugin.project import Project
from tests.spool_reader import Point

SUITE = """
    import gnomon

    def test_refund(gnomon_test):
        gnomon_test.routed("refunds")
        assert False, "write to ada@example.com"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project", tmp_path / "home")
    project.write("test_routing.py", SUITE)
    project.pytest("-q")
    return project


def samples(points: Iterable[Point]) -> set[tuple[object, ...]]:
    return {
        (point.metric, tuple(sorted(point.attributes.items())), point.value, point.time) for point in points
    }


def test_the_collector_accepts_the_agent(tmp_path: Path) -> None:
    """Its own validation finds nothing."""
    config = configuration(Settings(), tmp_path, "agent")
    result = program().run("validate", f"--config={config}", folder=tmp_path)
    assert result.ok, result.errors


def test_what_waits_reaches_the_gateway_whole(project: Project, tmp_path: Path) -> None:
    """A run that came while the gateway was away arrives after the agent was killed, masked and in time."""
    config = configuration(Settings(), tmp_path, "agent")
    (run,) = project.runs()
    with grpc_sink(behaviour="status", status=14) as gateway:
        address = f"127.0.0.1:{gateway.port}"
        with collector(config, gateway=address) as running:
            replayed = project.gnomon("spool", "replay", "--endpoint", running.endpoint)
            assert replayed.status == 0, replayed.output
            eventually(lambda: bool(gateway.refused), running.log)
            running.process.kill()
            running.process.wait()
        gateway.behaviour = "accept"
        with collector(config, gateway=address) as running:
            eventually(lambda: len(gateway.spans) >= len(run.spans), running.log)
            eventually(lambda: samples(gateway.points) >= samples(run.points), running.log)
    assert {span.span_id for span in gateway.spans} == {span.span_id for span in run.spans}
    assert samples(gateway.points) == samples(run.points)
    assert not any("@example.com" in f"{span.attributes}{span.events}" for span in gateway.spans)
