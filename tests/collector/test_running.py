"""The generated configuration in a real Collector: what goes in, what comes out, what survives."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gnomon.registry import metrics
from gnomon.settings import Settings
from tests.collector.running import collector, configuration, eventually, program
from tests.otlp_sink import grpc_sink, http_sink
from tests.plugin.project import Project
from tests.spool_reader import Point

SUITE = """
    import gnomon
    import pytest

    @pytest.mark.routing(skill="refunds")
    @pytest.mark.parametrize("case", range(3))
    def test_refund(gnomon_test, case):
        with gnomon.model_call("claude-haiku-4-5") as call:
            call.tokens(input=1000, output=100)
        gnomon_test.routed("refunds" if case else "orders")
        assert case, "write to ada@example.com"
"""
UNKNOWN = {"telemetry.sdk.version", "process.pid"}
RUN_POINTS = {metric.name for metric in metrics.ALL if metric.counting == "run_point"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project", tmp_path / "home")
    project.write("test_routing.py", SUITE)
    project.pytest("-q")
    return project


def test_the_collector_accepts_the_configuration(tmp_path: Path) -> None:
    """Its own validation finds nothing, whatever the settings say of content."""
    otelcol = program()
    for content in (False, True):
        settings = Settings()
        settings = replace(settings, capture=replace(settings.capture, content=content))
        config = configuration(settings, tmp_path)
        result = otelcol.run("validate", f"--config={config}", folder=tmp_path)
        assert result.ok, result.errors


def test_the_collector_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    """An option of another version is an error there, so accepting the configuration says something."""
    config = configuration(Settings(), tmp_path)
    config.write_text(config.read_text().replace("aggregation_cardinality_limit", "dimensions_limit"))
    result = program().run("validate", f"--config={config}", folder=tmp_path)
    assert not result.ok
    assert "dimensions_limit" in result.errors


def test_a_run_comes_out_where_it_belongs(project: Project, tmp_path: Path) -> None:
    """Spans reach Tempo, run points Prometheus with the run's own time, and of spans come span metrics."""
    config = configuration(Settings(), tmp_path)
    (run,) = project.runs()
    with (
        grpc_sink() as tempo,
        http_sink() as prometheus,
        collector(config, tempo=f"127.0.0.1:{tempo.port}", prometheus=prometheus.endpoint) as running,
    ):
        replayed = project.gnomon("spool", "replay", "--endpoint", running.endpoint)
        assert replayed.status == 0, replayed.output
        eventually(lambda: len(tempo.spans) >= len(run.spans), running.log)
        eventually(lambda: len(_run_points(prometheus.points)) >= len(run.points), running.log)
        eventually(lambda: any(_is_count(point) and point.value for point in prometheus.points), running.log)
        own = running.get(8888, "/metrics")

    assert Counter(span.name for span in tempo.spans) == Counter(span.name for span in run.spans)
    assert _samples(_run_points(prometheus.points)) == _samples(run.points)
    for point in prometheus.points:
        assert set(point.resource) <= {"service.name", "service.namespace"}

    calls = {
        (point.attributes["span.name"], point.attributes["status.code"])
        for point in prometheus.points
        if _is_count(point)
    }
    assert ("routing_test", "STATUS_CODE_ERROR") in calls
    assert ("chat claude-haiku-4-5", "STATUS_CODE_UNSET") in calls
    assert not any("test_refund" in name for name, _ in calls)
    (unit,) = {p.unit for p in prometheus.points if p.metric == "traces.spanmetrics.duration"}
    assert unit == "s"
    assert "otelcol_receiver_accepted_spans{" in own
    assert "otelcol_exporter_queue_size{" in own


def test_what_is_private_goes_no_further(project: Project, tmp_path: Path) -> None:
    """Prompts that somebody sent, and addresses and keys wherever they stand, do not reach the backends."""
    config = configuration(Settings(), tmp_path)
    planted = _span(
        {
            "gen_ai.input.messages": "a customer's words",
            "gen_ai.request.model": "claude-haiku-4-5",
            "note": "ask ada@example.com or 078-05-1120",
            "http.request.header.authorization": "Basic abc",
            "vcs.repository.url.full": "git@git.example.org:shop/skills.git",
            "long": "x" * 10_000,
        },
        event={
            "gen_ai.output.messages": "words for a customer",
            "exception.message": "no mailbox bob@example.com",
        },
    )
    (project.spool / "sdk-planted.traces.jsonl").write_text(planted)
    with (
        grpc_sink() as tempo,
        http_sink() as prometheus,
        collector(config, tempo=f"127.0.0.1:{tempo.port}", prometheus=prometheus.endpoint) as running,
    ):
        project.gnomon("spool", "replay", "--endpoint", running.endpoint)
        eventually(lambda: any(span.name == "planted" for span in tempo.spans), running.log)
        eventually(lambda: any(span.name == "test_run" for span in tempo.spans), running.log)
    (span,) = (span for span in tempo.spans if span.name == "planted")
    assert "gen_ai.input.messages" not in span.attributes
    assert span["gen_ai.request.model"] == "claude-haiku-4-5"
    assert span["note"] == "ask **** or ****"
    assert span["http.request.header.authorization"] == "****"
    assert span["vcs.repository.url.full"] == "git@git.example.org:shop/skills.git"
    assert len(span["long"]) == 4096
    (event,) = span.events
    assert event.attributes["exception.message"] == "no mailbox ****"
    assert "gen_ai.output.messages" not in event.attributes
    (failed,) = (span for span in tempo.spans if span.get("gnomon.test.outcome") == "failed")
    assert "****" in failed["gnomon.test.message"]
    assert not any("@example.com" in f"{span.attributes}{span.events}" for span in tempo.spans)


def test_services_keep_who_they_are_and_no_more(tmp_path: Path) -> None:
    """A service's metrics bear its instance and its place in the organisation; differences are added up."""
    config = configuration(Settings(), tmp_path)
    resource = {
        "service.name": "desk",
        "service.instance.id": "desk-1",
        "deployment.environment.name": "production",
        "gnomon.department": "support",
        "telemetry.sdk.version": "1.45.2",
        "process.pid": "77",
    }
    with (
        grpc_sink() as tempo,
        http_sink() as prometheus,
        collector(config, tempo=f"127.0.0.1:{tempo.port}", prometheus=prometheus.endpoint) as running,
    ):
        start = time.time_ns()
        for seconds, value in ((10, 3), (20, 4)):
            running.post("/v1/metrics", _delta(resource, start, start + seconds * 10**9, value))
        eventually(lambda: 7 in {point.value for point in prometheus.points}, running.log)
    point = next(point for point in prometheus.points if point.value == 7)
    assert point.metric == "gnomon.model_call.retries"
    assert point.attributes == {
        "error.type": "timeout",
        "deployment.environment.name": "production",
        "gnomon.department": "support",
    }
    assert point.resource == {key: value for key, value in resource.items() if key not in UNKNOWN}


def test_what_waits_survives_the_collector(project: Project, tmp_path: Path) -> None:
    """What came while the backends were away arrives after the Collector was killed and started anew."""
    config = configuration(Settings(), tmp_path)
    (run,) = project.runs()
    with grpc_sink(behaviour="status", status=14) as tempo, http_sink(behaviour="status") as prometheus:
        backends = {"tempo": f"127.0.0.1:{tempo.port}", "prometheus": prometheus.endpoint}
        with collector(config, **backends) as running:
            replayed = project.gnomon("spool", "replay", "--endpoint", running.endpoint)
            assert replayed.status == 0, replayed.output
            eventually(lambda: bool(tempo.refused and prometheus.refused), running.log)
            running.process.kill()
            running.process.wait()
        tempo.behaviour = prometheus.behaviour = "accept"
        with collector(config, **backends) as running:
            eventually(lambda: len(tempo.spans) >= len(run.spans), running.log)
            eventually(lambda: len(_run_points(prometheus.points)) >= len(run.points), running.log)
    assert {span.span_id for span in tempo.spans} == {span.span_id for span in run.spans}
    assert set(_samples(_run_points(prometheus.points))) == set(_samples(run.points))


def _run_points(points: Iterable[Point]) -> list[Point]:
    return [point for point in points if point.metric in RUN_POINTS]


def _is_count(point: Point) -> bool:
    return point.metric == "traces.spanmetrics.calls"


def _samples(points: Iterable[Point]) -> Counter[object]:
    """What of a point must not change on the way: its name, labels, time and value."""
    return Counter(
        (point.metric, tuple(sorted(point.attributes.items())), point.time, point.value, point.count)
        for point in points
    )


def _attributes(values: Mapping[str, str]) -> list[dict[str, object]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def _span(attributes: Mapping[str, str], event: Mapping[str, str]) -> str:
    now = 1_700_000_000_000_000_000
    span = {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": "planted",
        "kind": 1,
        "startTimeUnixNano": str(now),
        "endTimeUnixNano": str(now + 1_000_000),
        "attributes": _attributes(attributes),
        "events": [{"name": "exception", "timeUnixNano": str(now), "attributes": _attributes(event)}],
        "status": {},
    }
    resource = {"attributes": _attributes({"service.name": "elsewhere"})}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}) + "\n"


def _delta(resource: Mapping[str, str], start: int, end: int, value: int) -> bytes:
    """A counter's growth since the last time that it was told."""
    previous = start if end - start <= 10**10 else end - 10**10
    point = {
        "startTimeUnixNano": str(previous),
        "timeUnixNano": str(end),
        "asInt": str(value),
        "attributes": _attributes({"error.type": "timeout"}),
    }
    growth = {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [point]}
    metric = {"name": "gnomon.model_call.retries", "unit": "{retry}", "sum": growth}
    scope = {"metrics": [metric]}
    payload = {
        "resourceMetrics": [{"resource": {"attributes": _attributes(resource)}, "scopeMetrics": [scope]}]
    }
    return json.dumps(payload).encode()
