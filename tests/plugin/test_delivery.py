"""Sending what was recorded: to backends that answer, refuse, hang, drip, come back, or die half-way."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.otlp_sink import Sink, grpc_sink, http_sink, refusing_port
from tests.plugin.project import Completed, Project
from tests.spool_reader import read_points, read_spans

# A bound that no machine exceeds for honest reasons, against minutes that a queue would wait.
PATIENCE_SECONDS = 15.0

MANY = """
import pytest
@pytest.mark.parametrize("n", range(1500))
def test_n(n): assert n % 100
"""
MANY_SUMMARY = "15 failed, 1485 passed"
# For backends that do answer: a busy machine must not look like a dead backend.
UNHURRIED = "export:\n  deadline_seconds: 60\n"


@pytest.fixture
def suite(project: Project) -> Project:
    project.plugins = ("xdist",)
    project.write("test_many.py", MANY)
    return project


@pytest.fixture
def unhurried(suite: Project) -> Project:
    suite.write("gnomon.yaml", UNHURRIED)
    return suite


def send(project: Project, endpoint: str, *arguments: str, **env: str) -> Completed:
    return project.pytest("--tb=no", "-q", *arguments, env={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **env})


def delivered_once(project: Project, *sinks: Sink) -> None:
    """Everything in the spool arrived, all sinks together, and nothing arrived twice."""
    spans = Counter((span.trace_id, span.span_id) for sink in sinks for span in sink.spans)
    kept = {(span.trace_id, span.span_id) for span in read_spans(project.spool)}
    assert set(spans) == kept
    assert max(spans.values()) == 1
    points = Counter(point_key(point) for sink in sinks for point in sink.points)
    assert set(points) == {point_key(point) for point in read_points(project.spool)}
    assert max(points.values()) == 1


def point_key(point: Any) -> tuple[Any, ...]:
    return (point.metric, point.time, repr(sorted(point.attributes.items())), point.value)


def waiting(project: Project) -> list[str]:
    return [name for name in project.spool_names() if name.endswith(".jsonl")]


def sent(project: Project) -> list[str]:
    return [name for name in project.spool_names() if name.endswith(".sent")]


PROTOCOLS = [
    pytest.param(http_sink, {}, id="default"),
    pytest.param(http_sink, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, id="json"),
    pytest.param(http_sink, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, id="protobuf"),
    pytest.param(
        http_sink,
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"},
        id="gzip",
    ),
    pytest.param(grpc_sink, {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, id="grpc"),
]
Serve = Callable[..., contextlib.AbstractContextManager[Sink]]


@pytest.mark.parametrize(("serve", "env"), PROTOCOLS)
@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_backend_that_answers(
    unhurried: Project, serve: Serve, env: dict[str, str], arguments: tuple[str, ...]
) -> None:
    """Each protocol delivers every span and point of the run once, unchanged."""
    with serve() as sink:
        done = send(unhurried, sink.endpoint, *arguments, **env)
    assert done.summary == MANY_SUMMARY, done.output
    assert waiting(unhurried) == []
    assert sent(unhurried)
    delivered_once(unhurried, sink)
    arrived = {span.span_id: span for span in sink.spans}
    for span in read_spans(unhurried.spool):
        assert arrived[span.span_id] == span


def test_headers_and_their_secrets(unhurried: Project) -> None:
    """Headers reach the backend decoded, and neither spool nor terminal ever show them."""
    with http_sink() as sink:
        done = send(
            unhurried,
            sink.endpoint,
            OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20s3cr3t-t0ken,x-team=a",
        )
    assert {request.headers["authorization"] for request in sink.accepted} == {"Bearer s3cr3t-t0ken"}
    assert {request.headers["x-team"] for request in sink.accepted} == {"a"}
    assert "s3cr3t" not in done.output
    for path in unhurried.state.rglob("*"):
        assert not path.is_file() or b"s3cr3t" not in path.read_bytes()


def test_each_signal_may_have_its_own_endpoint(unhurried: Project) -> None:
    """The variables of one signal win over the common ones."""
    with http_sink() as traces, http_sink() as metrics:
        unhurried.pytest(
            "-q",
            "--tb=no",
            env={
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{traces.endpoint}/v1/traces",
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{metrics.endpoint}/v1/metrics",
            },
        )
    assert {request.signal for request in traces.accepted} == {"traces"}
    assert {request.signal for request in metrics.accepted} == {"metrics"}
    delivered_once(unhurried, traces, metrics)


def test_endpoint_of_the_settings(suite: Project) -> None:
    """Without a variable, `export.endpoint` of gnomon.yaml is where the data go."""
    with http_sink() as sink:
        suite.write("gnomon.yaml", f"{UNHURRIED}  endpoint: {sink.endpoint}\n")
        done = suite.pytest("-q", "--tb=no")
    assert done.summary == MANY_SUMMARY, done.output
    delivered_once(suite, sink)


@pytest.mark.parametrize("disabled", ["OTEL_SDK_DISABLED=true", "OTEL_TRACES_EXPORTER=none"])
def test_sending_may_be_switched_off(suite: Project, disabled: str) -> None:
    """The standard switches keep data from being sent; the spool has them all the same."""
    name, value = disabled.split("=")
    with http_sink() as sink:
        send(suite, sink.endpoint, **{name: value})
    assert sink.spans == []
    assert len(suite.run().tests) == 1500


def test_nothing_is_sent_without_an_endpoint(suite: Project) -> None:
    """Without an endpoint nothing leaves the machine, and nothing is said to be lost."""
    done = suite.pytest("-q", "--tb=no")
    assert done.summary == MANY_SUMMARY
    assert len(waiting(suite)) >= 2
    assert len(suite.run().tests) == 1500


@contextlib.contextmanager
def refusing(**_: Any) -> Iterator[Sink]:
    with refusing_port() as port:
        yield Sink(port=port)


DEAD = [
    pytest.param(refusing, {}, id="refusing"),
    pytest.param(http_sink, {"behaviour": "hang"}, id="hanging"),
    pytest.param(http_sink, {"behaviour": "drip"}, id="dripping"),
    pytest.param(http_sink, {"behaviour": "close"}, id="closing"),
    pytest.param(http_sink, {"behaviour": "status", "status": 503}, id="503"),
    pytest.param(http_sink, {"behaviour": "status", "status": 500}, id="500"),
    pytest.param(http_sink, {"behaviour": "status", "status": 404}, id="404"),
    pytest.param(http_sink, {"behaviour": "status", "status": 401}, id="401"),
    pytest.param(
        http_sink, {"behaviour": "status", "status": 429, "headers": {"Retry-After": "3600"}}, id="429"
    ),
    pytest.param(
        http_sink, {"behaviour": "status", "status": 307, "headers": {"Location": "/elsewhere"}}, id="307"
    ),
    pytest.param(
        http_sink,
        {"behaviour": "status", "status": 200, "headers": {"Content-Type": "text/html; charset=utf-8"}},
        id="a-web-page",
    ),
]


@pytest.mark.parametrize(("serve", "options"), DEAD)
@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_backend_that_does_not_take_it(
    suite: Project, serve: Serve, options: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    """pytest ends as ever and soon, says where the data are, and a replay delivers all of it once."""
    with serve(**options) as sink:
        started = time.monotonic()
        done = send(suite, sink.endpoint, *arguments)
        assert time.monotonic() - started < PATIENCE_SECONDS + 15
        assert (done.status, done.summary) == (1, MANY_SUMMARY), done.output
        assert "Traceback" not in done.output
    assert sink.spans == []
    assert len(suite.run().tests) == 1500
    assert sent(suite) == []
    assert len(waiting(suite)) >= 2
    assert ".gnomon" in done.output or "spool" in done.output
    replayed(suite)


def replayed(project: Project, *earlier: Sink) -> None:
    with http_sink() as alive:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": alive.endpoint}
        done = project.gnomon("spool", "replay", env=env)
        assert done.status == 0, done.output
        assert waiting(project) == []
        delivered_once(project, *earlier, alive)
        before = len(alive.accepted)
        again = project.gnomon("spool", "replay", env=env)
        assert again.status in {0, 1}, again.output
        assert len(alive.accepted) == before


@pytest.mark.parametrize(
    ("options", "protocol"),
    [({"behaviour": "hang"}, "grpc"), ({"behaviour": "status", "status": 14}, "grpc"), ({}, "refusing")],
    ids=["hanging", "unavailable", "refusing"],
)
def test_a_grpc_backend_that_does_not_take_it(suite: Project, options: dict[str, Any], protocol: str) -> None:
    """The same over gRPC."""
    serve: Serve = grpc_sink if protocol == "grpc" else refusing
    with serve(**options) as sink:
        started = time.monotonic()
        done = send(suite, sink.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
        assert time.monotonic() - started < PATIENCE_SECONDS + 15
        assert (done.status, done.summary) == (1, MANY_SUMMARY), done.output
        assert "Traceback" not in done.output
    assert len(suite.run().tests) == 1500
    replayed(suite)


def test_the_deadline_is_a_setting(suite: Project) -> None:
    """`export.deadline_seconds` bounds the wait for a hanging backend."""
    suite.write("gnomon.yaml", "export:\n  deadline_seconds: 0.2\n")
    with http_sink(behaviour="hang") as sink:
        started = time.monotonic()
        done = send(suite, sink.endpoint)
        assert time.monotonic() - started < PATIENCE_SECONDS
    assert done.summary == MANY_SUMMARY


@pytest.mark.parametrize("afterwards", ["close", "hang", "status"])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_backend_that_dies_half_way(suite: Project, afterwards: str, limit: int) -> None:
    """What was accepted is not sent again: a replay delivers the rest, each span once."""
    with http_sink(limit=limit, afterwards=afterwards) as sink:
        done = send(suite, sink.endpoint)
        assert done.summary == MANY_SUMMARY
    assert 0 < len(sink.accepted) <= limit
    replayed(suite, sink)


def test_a_slow_backend(suite: Project) -> None:
    """A backend that takes a second an answer gets what fits into the deadline, the replay the rest."""
    with http_sink(behaviour="slow") as sink:
        done = send(suite, sink.endpoint)
        assert done.summary == MANY_SUMMARY
    with http_sink() as alive:
        suite.gnomon("spool", "replay", env={"OTEL_EXPORTER_OTLP_ENDPOINT": alive.endpoint})
    arrived = {span.span_id for sink in (sink, alive) for span in sink.spans}
    assert arrived == {span.span_id for span in read_spans(suite.spool)}


def test_the_next_run_delivers_what_is_left(project: Project) -> None:
    """Runs that met a dead backend are delivered by the first run that meets a living one."""
    project.write("test_a.py", "def test_a(): pass\n")
    project.write("gnomon.yaml", UNHURRIED)
    with refusing_port() as port:
        for _ in range(3):
            send(project, f"http://127.0.0.1:{port}")
    assert len(waiting(project)) >= 6
    with http_sink() as sink:
        send(project, sink.endpoint)
    assert waiting(project) == []
    delivered_once(project, sink)
    order = [int(span.resource["gnomon.run.sequence"]) for span in sink.spans]
    assert order == sorted(order) or len(set(order)) == 4
    assert [run.sequence for run in project.runs()] == [1, 2, 3, 4]


def test_points_keep_the_time_of_their_run(project: Project) -> None:
    """A run delivered late carries the time it ended, not the time of its delivery."""
    project.write("test_a.py", "def test_a(): pass\n")
    project.pytest()
    (stamp,) = {point.time for point in project.run().points}
    time.sleep(0.2)
    with http_sink() as sink:
        project.gnomon("spool", "replay", env={"OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint})
    assert {point.time for point in sink.points} == {stamp}


@pytest.mark.parametrize("status", [400, 413, 422])
def test_data_that_a_backend_refuses_for_good(project: Project, status: int) -> None:
    """A refusal of the data themselves is not repeated for ever, and the data are kept."""
    project.write("test_a.py", "def test_a(): pass\n")
    with http_sink(behaviour="status", status=status) as sink:
        done = send(project, sink.endpoint)
        assert done.summary == "1 passed"
        assert (
            f"2 files refused, kept in .gnomon/spool (127.0.0.1:{sink.port} answered {status})" in done.output
        )
        assert "`gnomon spool replay --again` sends the whole spool anew" in done.output
        first = len(sink.refused)
        send(project, sink.endpoint)
        assert len(sink.refused) == 2 * first
    assert [len(run.tests) for run in project.runs()] == [1, 1]
    assert any(name.endswith(".rejected") for name in project.spool_names())


@pytest.mark.parametrize(
    ("serve", "protocol"),
    [(http_sink, "http/json"), (http_sink, "http/protobuf"), (grpc_sink, "grpc")],
    ids=["json", "protobuf", "grpc"],
)
def test_partial_success(project: Project, serve: Serve, protocol: str) -> None:
    """A backend that took all but one span is told of, and not sent the same request again."""
    project.write("test_a.py", "def test_a(): pass\n")
    project.write("gnomon.yaml", UNHURRIED)
    with serve(behaviour="partial") as sink:
        done = send(project, sink.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
        count = len(sink.accepted)
        project.gnomon(
            "spool",
            "replay",
            env={
                "OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint,
                "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            },
        )
        assert len(sink.accepted) == count
    assert done.summary == "1 passed"
    assert waiting(project) == []
    assert any(name.endswith(".rejected") for name in project.spool_names())
    assert len(project.run().tests) == 1


@pytest.mark.parametrize("endpoint", ["ftp://example.org", "http://", "localhost:notaport", "::::"])
def test_an_endpoint_that_is_none(project: Project, endpoint: str) -> None:
    """A wrong endpoint never costs the run: either pytest names it at the start, or the spool has it all."""
    project.write("test_a.py", "def test_a(): pass\n")
    done = send(project, endpoint)
    assert "Traceback" not in done.output
    assert "endpoint" in done.output.lower()
    if done.status == 0:
        assert len(project.run().tests) == 1
    else:
        assert done.status == 4


def test_a_name_that_does_not_resolve(project: Project) -> None:
    """A host name that nobody knows is a dead backend like any other."""
    project.write("test_a.py", "def test_a(): pass\n")
    done = send(project, "http://collector.invalid:4318")
    assert done.summary == "1 passed", done.output
    assert len(project.run().tests) == 1
    replayed(project)


def test_two_replays_at_once(unhurried: Project) -> None:
    """Two replays side by side deliver everything once, whoever does the work."""
    unhurried.pytest("-q", "--tb=no")
    with http_sink() as sink:
        import subprocess

        from tests.plugin.project import GNOMON

        env = unhurried.environment({"OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint})
        command = [GNOMON, "spool", "replay"]
        both = [
            subprocess.Popen(command, cwd=unhurried.path, env=env, stdout=subprocess.DEVNULL)
            for _ in range(2)
        ]
        for process in both:
            process.wait(timeout=60)
        unhurried.gnomon("spool", "replay", env={"OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint})
    delivered_once(unhurried, sink)


def test_replay_without_an_endpoint_says_what_is_missing(project: Project) -> None:
    """`gnomon spool replay` with nowhere to send to is a mistake that it explains."""
    project.write("test_a.py", "def test_a(): pass\n")
    project.pytest()
    done = project.gnomon("spool", "replay")
    assert done.status in {2, 3}
    assert "endpoint" in done.output.lower()
    assert "Traceback" not in done.output


def test_replay_to_a_dead_backend_keeps_everything(project: Project) -> None:
    """A replay that fails says so with status 1 or 3, and everything still waits."""
    project.write("test_a.py", "def test_a(): pass\n")
    project.pytest()
    before = waiting(project)
    with refusing_port() as port:
        done = project.gnomon(
            "spool", "replay", env={"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
        )
    assert done.status in {1, 3}
    assert waiting(project) == before
    assert "Traceback" not in done.output


def test_the_spool_stays_within_its_bounds(project: Project) -> None:
    """A spool with a limit does not grow beyond it, and the newest run is not the one that goes."""
    project.write("gnomon.yaml", "spool:\n  max_bytes: 1048576\n")
    project.write(
        "test_n.py", 'import pytest\n@pytest.mark.parametrize("n", range(400))\ndef test_n(n): pass\n'
    )
    for _ in range(5):
        assert project.pytest("-q").status == 0
    size = sum(path.stat().st_size for path in project.spool.iterdir())
    assert size <= 1_048_576
    runs = project.runs()
    assert 1 <= len(runs) < 5
    assert (runs[-1].sequence, len(runs[-1].tests)) == (5, 400)


def test_a_spool_that_is_too_small_is_told(project: Project) -> None:
    """When unsent results had to go, the summary says so."""
    project.write("gnomon.yaml", "spool:\n  max_bytes: 1048576\n")
    project.write(
        "test_n.py", 'import pytest\n@pytest.mark.parametrize("n", range(400))\ndef test_n(n): pass\n'
    )
    outputs = [project.pytest("-q").output for _ in range(4)]
    assert "max_bytes" in outputs[-1]
