"""Delivery: everything once, within the deadline, and what is not accepted stays."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from gnomon.otlp.endpoint import resolve
from gnomon.spool import DeliveryReport, deliver, files
from tests.otlp_sink import Sink, grpc_sink, http_sink, refusing_port
from tests.spool.test_journal import span

BASE = "OTEL_EXPORTER_OTLP"


def traces(directory: Path, name: str, lines: int = 1, *, first: int = 0, age: float = 0) -> Path:
    """A pending file with one span a line."""
    path = files.write(
        directory / f"{name}.traces.jsonl",
        [
            f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span(first + number)}]}}]}}]}}'
            for number in range(lines)
        ],
    )
    _age(path, age)
    return path


def metrics(directory: Path, name: str) -> Path:
    point = '{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":"1"}]}}'
    return files.write(
        directory / f"{name}.metrics.jsonl",
        [f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{point}]}}]}}]}}'],
    )


def _age(path: Path, seconds: float) -> None:
    when = path.stat().st_mtime - seconds
    os.utime(path, (when, when))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))


def numbers(sink: Sink) -> list[int]:
    return [int(found.span_id, 16) - 1 for found in sink.spans]


def to(sink: Sink, directory: Path, protocol: str = "http/json", deadline: float = 20) -> DeliveryReport:
    return deliver(directory, resolve({}, endpoint=sink.endpoint, protocol=protocol), deadline)


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf", "grpc"])
def test_everything_once_and_in_order(tmp_path: Path, protocol: str) -> None:
    """Pending files go out oldest first, line by line, once; a second delivery sends nothing."""
    traces(tmp_path, "young", 2, first=3, age=10)
    traces(tmp_path, "old", 3, age=20)
    metrics(tmp_path, "run")
    with grpc_sink() if protocol == "grpc" else http_sink() as sink:
        report = to(sink, tmp_path, protocol)
        assert (report.sent, report.refused, report.waiting, report.requests) == (3, 0, 0, 6)
        assert report.why == ""
        assert to(sink, tmp_path, protocol).sent == 0
    assert numbers(sink) == [0, 1, 2, 3, 4]
    assert len(sink.points) == 1
    assert names(tmp_path) == ["old.traces.jsonl.sent", "run.metrics.jsonl.sent", "young.traces.jsonl.sent"]


def test_one_connection_for_all_signals_of_a_server(tmp_path: Path) -> None:
    """Files of several signals go to one server over one connection, which is made anew where it is lost."""
    traces(tmp_path, "first", lines=2)
    metrics(tmp_path, "first")
    with http_sink() as sink:
        assert to(sink, tmp_path).sent == 2
        assert sink.connections == 1
    traces(tmp_path, "second", age=10)
    metrics(tmp_path, "second")
    with http_sink(behaviour="close") as sink:
        assert to(sink, tmp_path).waiting == 2
        assert [request.signal for request in sink.refused] == ["traces", "metrics"]


def test_a_half_delivered_file_resumes_where_it_stopped(tmp_path: Path) -> None:
    """A line that was accepted is not sent again, however often the rest has to wait."""
    path = traces(tmp_path, "a", 5)
    with http_sink(limit=2) as sink:
        report = to(sink, tmp_path)
        assert (report.sent, report.waiting, report.requests) == (0, 1, 2)
        assert report.why
        assert files.acknowledged(path) == 2
        sink.limit = 3
        assert to(sink, tmp_path).requests == 1
        sink.limit = None
        assert to(sink, tmp_path).sent == 1
    assert numbers(sink) == [0, 1, 2, 3, 4]
    assert names(tmp_path) == ["a.traces.jsonl.sent"]


def test_a_delivery_that_is_killed(tmp_path: Path) -> None:
    """What was accepted before the process died is not sent again by the next one."""
    traces(tmp_path, "a", 5)
    code = """
        import pathlib, sys
        from gnomon.otlp.endpoint import resolve
        from gnomon.spool import deliver
        deliver(pathlib.Path(sys.argv[1]), resolve({}, endpoint=sys.argv[2]), 60)
        """
    with http_sink(limit=3, afterwards="hang") as sink:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(tmp_path), sink.endpoint]
        )
        while not sink.refused:  # the fourth line is on its way, and will never be answered
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait(60)
    with http_sink() as again:
        assert to(again, tmp_path).requests == 2
    assert numbers(sink) + numbers(again) == [0, 1, 2, 3, 4]
    assert names(tmp_path) == ["a.traces.jsonl.sent"]


@pytest.mark.parametrize("written", ["2", "00000000000000000002", "2\n"])
def test_a_cursor_as_others_wrote_it(tmp_path: Path, written: str) -> None:
    """A cursor counts whatever its width, and moves on from where it stood."""
    path = traces(tmp_path, "a", 5)
    (tmp_path / "a.traces.jsonl.acked").write_text(written)
    with http_sink(limit=1) as sink:
        assert to(sink, tmp_path).requests == 1
        assert files.acknowledged(path) == 3
        sink.limit = None
        assert to(sink, tmp_path).sent == 1
    assert numbers(sink) == [2, 3, 4]
    assert names(tmp_path) == ["a.traces.jsonl.sent"]


def test_a_damaged_cursor_is_mended(tmp_path: Path) -> None:
    """The first line that is accepted makes a cursor of whatever lay in its place, longer or shorter."""
    path = traces(tmp_path, "a", 3)
    (tmp_path / "a.traces.jsonl.acked").write_text("rubbish" * 10)
    with http_sink(limit=2) as sink:
        to(sink, tmp_path)
    assert files.acknowledged(path) == 2


def test_a_cursor_that_cannot_be_read(tmp_path: Path) -> None:
    """A damaged cursor means sending again, which backends can bear, not losing."""
    traces(tmp_path, "a", 2)
    (tmp_path / "a.traces.jsonl.acked").write_text("rubbish")
    with http_sink() as sink:
        to(sink, tmp_path)
    assert numbers(sink) == [0, 1]


def test_two_processes_deliver_once(tmp_path: Path) -> None:
    """Of processes that deliver at the same time one does, and the others say so."""
    for number in range(20):
        traces(tmp_path, f"file{number:02}", 2, first=2 * number)
    code = """
        import pathlib, sys
        from gnomon.otlp.endpoint import resolve
        from gnomon.spool import deliver
        print("ready", flush=True)
        sys.stdin.read()
        report = deliver(pathlib.Path(sys.argv[1]), resolve({}, endpoint=sys.argv[2]), 30)
        print(report.sent, report.why, flush=True)
        """
    with http_sink() as sink:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(code), str(tmp_path), sink.endpoint],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        said = []
        for process in processes:
            assert process.stdout is not None
            said.append(process.stdout.read().split(maxsplit=1))
            assert process.wait(60) == 0
        to(sink, tmp_path)
    assert Counter(numbers(sink)) == Counter(range(40))
    assert sum(int(words[0]) for words in said) == 20
    assert {words[1].strip() for words in said if words[0] == "0" and len(words) > 1} <= {
        "another process is delivering"
    }


def test_a_dead_backend_of_one_signal(tmp_path: Path) -> None:
    """Traces that nobody takes do not hold up the metrics behind them."""
    traces(tmp_path, "a", age=100)
    traces(tmp_path, "b", age=90)
    metrics(tmp_path, "run")
    with http_sink() as sink, refusing_port() as port:
        environ = {
            f"{BASE}_ENDPOINT": sink.endpoint,
            f"{BASE}_TRACES_ENDPOINT": f"http://127.0.0.1:{port}/v1/traces",
        }
        report = deliver(tmp_path, resolve(environ), 20)
    assert (report.sent, report.waiting) == (1, 2)
    assert f"127.0.0.1:{port}" in report.why
    assert len(sink.points) == 1
    assert names(tmp_path) == ["a.traces.jsonl", "b.traces.jsonl", "run.metrics.jsonl.sent"]


def test_a_signal_without_a_target_stays(tmp_path: Path) -> None:
    """What nobody is named for is neither sent nor counted as waiting."""
    traces(tmp_path, "a")
    metrics(tmp_path, "run")
    with http_sink() as sink:
        found = resolve({"OTEL_METRICS_EXPORTER": "none"}, endpoint=sink.endpoint)
        report = deliver(tmp_path, found, 20)
    assert (report.sent, report.waiting) == (1, 0)
    assert names(tmp_path) == ["a.traces.jsonl.sent", "run.metrics.jsonl"]


LATER = [401, 403, 404, 405, 407, 301, 429, 500, 502, 503, 504]
REFUSED = [400, 411, 413, 415, 422, 431]


@pytest.mark.parametrize("status", LATER)
def test_answers_that_keep_the_data(tmp_path: Path, status: int) -> None:
    """What is overloaded, wrongly addressed or not allowed can be mended: the data wait."""
    traces(tmp_path, "a")
    with http_sink(behaviour="status", status=status, headers={"Retry-After": "7"}) as sink:
        report = to(sink, tmp_path)
    assert (report.sent, report.refused, report.waiting) == (0, 0, 1)
    assert str(status) in report.why
    assert report.retry_after == (7 if status in (429, 502, 503, 504) else 0)
    assert names(tmp_path) == ["a.traces.jsonl"]


@pytest.mark.parametrize("status", REFUSED)
def test_answers_that_refuse_the_data(tmp_path: Path, status: int) -> None:
    """Data that are wrong will not get better: they are set aside, kept, and hold up nothing."""
    traces(tmp_path, "a", age=10)
    with http_sink(behaviour="status", status=status) as sink:
        report = to(sink, tmp_path)
        sink.behaviour = "accept"
        traces(tmp_path, "b", first=1)
        assert to(sink, tmp_path).sent == 1
    assert (report.sent, report.refused, report.waiting) == (0, 1, 0)
    assert str(status) in report.why
    assert names(tmp_path) == ["a.traces.jsonl.rejected", "b.traces.jsonl.sent"]


# gRPC codes by number, as the OTLP specification sorts them.
@pytest.mark.parametrize(
    ("code", "kept"), [(3, False), (9, False), (1, True), (7, True), (8, True), (14, True), (16, True)]
)
def test_grpc_codes(tmp_path: Path, code: int, kept: bool) -> None:
    """Wrong data are set aside; whatever else a gRPC backend says, the data wait."""
    traces(tmp_path, "a")
    with grpc_sink(behaviour="status", status=code) as sink:
        report = to(sink, tmp_path, "grpc")
    assert (report.refused, report.waiting) == ((0, 1) if kept else (1, 0))
    assert report.why


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf", "grpc"])
def test_a_partial_success(tmp_path: Path, protocol: str) -> None:
    """What a backend took in part is not sent again, and is kept with the backend's reason."""
    traces(tmp_path, "a", 2)
    with grpc_sink(behaviour="partial") if protocol == "grpc" else http_sink(behaviour="partial") as sink:
        report = to(sink, tmp_path, protocol)
    assert (report.sent, report.refused, report.waiting) == (0, 1, 0)
    assert "one was too old" in report.why
    assert numbers(sink) == [0, 1]
    assert names(tmp_path) == ["a.traces.jsonl.rejected"]


def test_a_line_that_is_no_otlp(tmp_path: Path) -> None:
    """A damaged line is refused by ourselves where it must be converted; its neighbours arrive."""
    path = traces(tmp_path, "a", 2)
    first, second = path.read_text().splitlines()
    path.write_bytes(f"{first}\n{{\xff\n{second}\n".encode("latin-1"))
    with http_sink() as sink:
        report = to(sink, tmp_path, "http/protobuf")
    assert report.refused == 1
    assert "not OTLP" in report.why
    assert numbers(sink) == [0, 1]


@pytest.mark.parametrize("behaviour", ["drip", "hang"])
@pytest.mark.parametrize("protocol", ["http/json", "grpc"])
def test_the_deadline_holds(tmp_path: Path, behaviour: str, protocol: str) -> None:
    """A backend that never finishes its answer is left at the deadline, with the data still here."""
    traces(tmp_path, "a", 3)
    reports: list[DeliveryReport] = []
    with grpc_sink(behaviour=behaviour) if protocol == "grpc" else http_sink(behaviour=behaviour) as sink:
        # The sink goes on for minutes: that the call comes back while it does is the proof.
        thread = threading.Thread(target=lambda: reports.append(to(sink, tmp_path, protocol, 0.3)))
        thread.start()
        thread.join(20)
        assert not sink.closing.is_set()
        assert reports
    (report,) = reports
    assert (report.sent, report.waiting) == (0, 1)
    assert report.why
    assert names(tmp_path) == ["a.traces.jsonl"]


def test_nothing_to_do(tmp_path: Path) -> None:
    """Without files, without targets or without a directory, nothing happens and nothing is made."""
    assert deliver(tmp_path / "gone", resolve({}, endpoint="http://h"), 1) == DeliveryReport()
    traces(tmp_path, "a")
    assert deliver(tmp_path, {}, 1) == DeliveryReport()
    assert names(tmp_path) == ["a.traces.jsonl"]


def test_a_file_that_is_pruned_meanwhile(tmp_path: Path) -> None:
    """A file that another process removes during a delivery stops nothing."""
    traces(tmp_path, "a", 1, age=20)
    gone = traces(tmp_path, "b", 1, first=1, age=10)
    traces(tmp_path, "c", 1, first=2)
    with http_sink(behaviour="slow") as sink:
        thread = threading.Thread(target=to, args=(sink, tmp_path))
        thread.start()
        while not sink.accepted:
            thread.join(0.01)
        gone.unlink()
        sink.behaviour = "accept"
        thread.join(20)
    assert numbers(sink) == [0, 2]
    assert names(tmp_path) == ["a.traces.jsonl.sent", "c.traces.jsonl.sent"]
