"""Nothing is lost without a word, and nothing makes the host wait."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gnomon.spool import recover
from tests.otlp_sink import http_sink, refusing_port
from tests.sdk.programs import environment, run
from tests.spool_reader import read_points, read_spans

# Spans to a backend are on their way after the shortest delay that the standard variable allows.
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "50"}

WORK = """
    import time, gnomon
    gnomon.configure(endpoint={endpoint!r})
    slowest = 0.0
    for number in range(300):
        begin = time.perf_counter()
        with gnomon.agent("a"), gnomon.tool(str(number)):
            pass
        slowest = max(slowest, time.perf_counter() - begin)
        time.sleep(0.001)
    begin = time.perf_counter()
    gnomon.shutdown()
    print(slowest, time.perf_counter() - begin)
    """


def test_a_backend_that_answers_has_everything(tmp_path: Path) -> None:
    """Every span and metric arrives once, and the files say that they were sent."""
    with http_sink() as sink:
        ended = run(tmp_path, WORK.format(endpoint=sink.endpoint), **QUICK)
        assert ended.status == 0
        assert ended.log == ""
        ids = [span.span_id for span in sink.spans]
        assert len(ids) == len(set(ids)) == 600
        assert any(point.metric == "gen_ai.invoke_agent.duration" for point in sink.points)
    assert {path.suffix for path in ended.spool.iterdir() if "jsonl" in path.name} == {".sent"}


@pytest.mark.parametrize("behaviour", ["hang", "drip", "status", "close", "refused"])
def test_a_backend_that_fails_costs_the_host_nothing(tmp_path: Path, behaviour: str) -> None:
    """The host's own steps stay quick, the end takes the deadline at most, and all lies in the spool."""
    with (
        http_sink(behaviour="hang" if behaviour == "refused" else behaviour) as sink,
        refusing_port() as port,
    ):
        endpoint = f"http://127.0.0.1:{port}" if behaviour == "refused" else sink.endpoint
        ended = run(tmp_path, WORK.format(endpoint=endpoint), **QUICK)
    assert ended.status == 0
    slowest, end = map(float, ended.output.split())
    assert slowest < 1.0, "a step of the host waited for the backend"
    assert end < 3.5, "shutdown took longer than its deadline of 2 s"
    assert len(ended.spans) == 600
    assert "gnomon spool replay" in ended.log


def test_the_interpreters_end_waits_no_longer_than_the_deadline(tmp_path: Path) -> None:
    """Without a call of shutdown the same holds: two seconds, then the process is gone."""
    code = WORK.format(endpoint="ENDPOINT").split("begin = time.perf_counter()\n    gnomon.shutdown")[0]
    with http_sink(behaviour="hang") as sink:
        began = time.monotonic()
        ended = run(tmp_path, code.replace("ENDPOINT", sink.endpoint), **QUICK)
        took = time.monotonic() - began
    assert ended.status == 0
    assert len(ended.spans) == 600
    assert took < 15


def test_a_deadline_of_ones_own(tmp_path: Path) -> None:
    """`shutdown(deadline)` and the setting decide how long the end may take; zero waits for nobody."""
    (tmp_path / "gnomon.yaml").write_text("export:\n  deadline_seconds: 0\n")
    with http_sink(behaviour="hang") as sink:
        ended = run(tmp_path, WORK.format(endpoint=sink.endpoint))
    assert float(ended.output.split()[1]) < 1.0
    assert len(ended.spans) == 600


def test_spans_and_drops_add_up(tmp_path: Path) -> None:
    """Of 100,000 spans through a queue that is too small, each is written or counted, exactly."""
    ended = run(
        tmp_path,
        """
        import json, threading, gnomon
        from opentelemetry import trace
        gnomon.configure()
        tracer = trace.get_tracer("host")
        def work():
            for _ in range(25_000):
                tracer.start_span("s").end()
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        before = gnomon.account()
        assert before["written"] + before["queued"] + sum(before["dropped"].values()) in (99_999, 100_000)
        gnomon.flush(60)
        print(json.dumps(gnomon.account()))
        gnomon.shutdown(60)
        """,
        180,
        OTEL_BSP_MAX_QUEUE_SIZE="1000",
    )
    assert ended.status == 0, ended.log
    account = json.loads(ended.output)
    dropped = account["dropped"]["queue_full"]
    assert dropped > 0
    assert account["written"] + dropped == 100_000
    assert len(ended.spans) == account["written"]
    assert f"100000 spans recorded, {dropped} of them dropped (queue_full: {dropped})" in ended.log
    (point,) = [
        point
        for point in ended.points
        if point.metric == "gnomon.spool.dropped"
        and point.attributes["gnomon.spool.drop.reason"] == "queue_full"
        and point.time == max(each.time for each in ended.points)
    ]
    assert point.value == dropped


def test_what_a_short_deadline_cuts_off_is_counted(tmp_path: Path) -> None:
    """Spans still queued when the deadline passes are dropped as `shutdown`, and each is counted."""
    ended = run(
        tmp_path,
        """
        import json, sys, gnomon
        from opentelemetry import trace
        gnomon.configure()
        tracer = trace.get_tracer("host")
        attributes = {f"key{number}": f"value{number}" for number in range(100)}
        sys.setswitchinterval(100)  # leaves the writer as little time as a busy host would
        for _ in range(16_000):
            tracer.start_span("slow to encode", attributes=attributes).end()
        gnomon.shutdown(0)
        tracer.start_span("too late").end()
        """,
        OTEL_BSP_MAX_QUEUE_SIZE="20000",
    )
    found = re.search(r"(\d+) spans recorded, (\d+) of them dropped \(shutdown: (\d+)\)", ended.log)
    recorded, dropped, by_shutdown = map(int, found.groups()) if found else (16_000, 0, 0)
    assert dropped == by_shutdown
    recover(ended.spool)  # the journal that was open at the end
    assert len(ended.spans) + dropped == recorded
    assert recorded in (15_999, 16_000)  # one may be in the writer's hands


def test_a_killed_process_keeps_what_it_finished(tmp_path: Path) -> None:
    """After kill -9 every span that was finished a moment before is in the spool."""
    code = """
        import time, gnomon
        gnomon.configure()
        for number in range(500):
            with gnomon.tool(str(number)): pass
        time.sleep(1)
        print("done", flush=True)
        with gnomon.tool("under way"):
            time.sleep(60)
        """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path,
        env=environment({}),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == "done\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    spool = tmp_path / ".gnomon" / "spool"
    recover(spool)
    assert sorted(int(span["gen_ai.tool.name"]) for span in read_spans(spool)) == list(range(500))


def test_a_spool_that_cannot_be_written(tmp_path: Path) -> None:
    """With a file where the folder should be, the program runs on; each span is counted as dropped."""
    (tmp_path / "blocked").write_text("")
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure(spool_directory="blocked/spool")
        for _ in range(3):
            with gnomon.tool("t"): pass
        print("alive")
        gnomon.shutdown()
        """,
    )
    assert ended.output == "alive\n"
    assert "3 spans recorded, 3 of them dropped (write_failed: 3)" in ended.log


def test_a_logging_handler_that_raises(tmp_path: Path) -> None:
    """Even the host's own broken logging does not turn our failures into its exceptions."""
    ended = run(
        tmp_path,
        """
        import logging, gnomon
        class Broken(logging.Handler):
            def emit(self, record): raise RuntimeError("broken handler")
        logging.getLogger().addHandler(Broken())
        gnomon.configure()
        with gnomon.model_call("m") as call:
            call.set("key", object())
            call.tokens("many", None)
        with gnomon.tool(None) as step:
            step.set(5, {})
        print("alive", sum(gnomon.failures().values()) > 0)
        """,
    )
    assert (ended.status, ended.output) == (0, "alive True\n")


def test_files_are_rotated_while_the_program_runs(tmp_path: Path) -> None:
    """A long-running program's spans become complete files by time, without an end."""
    ended = run(
        tmp_path,
        """
        import time, pathlib, gnomon
        gnomon.configure()
        for _ in range(3):
            with gnomon.tool("t"): pass
            time.sleep(0.5)
        print(len(list(pathlib.Path(".gnomon/spool").glob("*.traces.jsonl"))))
        """,
        **QUICK,
    )
    assert int(ended.output) >= 2
    assert len(ended.spans) == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_measure_what_they_did_themselves(tmp_path: Path) -> None:
    """What a parent counted before it forked is in no child's metrics; a child of a child is no different."""
    ended = run(
        tmp_path,
        """
        import multiprocessing, os, gnomon
        from opentelemetry import metrics
        gnomon.configure()
        theirs = metrics.get_meter("theirs").create_up_down_counter("theirs")

        def work(calls, generations):
            print(os.getpid(), flush=True)
            for _ in range(calls):
                with gnomon.tool("t"), gnomon.model_call("claude-haiku-4-5") as call: call.tokens(10, 1)
            theirs.add(1, {"generation": generations})
            if generations:
                process = multiprocessing.get_context("fork").Process(target=work, args=(1, generations - 1))
                process.start()
                process.join()

        work(5, 2)
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    names = {
        "gen_ai.client.inference.duration": "count",
        "gen_ai.execute_tool.duration": "count",
        "gen_ai.client.inference.usage.input_tokens": "value",
    }
    points = read_points(ended.spool)
    counted = {
        metric: sorted(getattr(point, field) for point in points if point.metric == metric)
        for metric, field in names.items()
    }
    assert counted == {
        "gen_ai.client.inference.duration": [1, 1, 5],
        "gen_ai.execute_tool.duration": [1, 1, 5],
        "gen_ai.client.inference.usage.input_tokens": [10, 10, 50],
    }
    assert {point.attributes["generation"] for point in points if point.metric == "theirs"} == {0, 1, 2}
    ours = [point for point in points if point.metric in names]
    for told in (ended.spans, ours):
        assert sorted({one.resource["process.pid"] for one in told}) == sorted(map(int, ended.output.split()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("before", ["", "gnomon.configure(); gnomon.shutdown()"], ids=["first", "again"])
def test_a_forked_child_that_sets_up_for_itself(tmp_path: Path, before: str) -> None:
    """It loses nothing at its end, although multiprocessing leaves exit handlers out."""
    ended = run(
        tmp_path,
        f"""
        import multiprocessing, gnomon
        {before}
        def child():
            gnomon.configure()
            with gnomon.tool("t"): pass
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join()
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert [span.name for span in ended.spans] == ["execute_tool t"]
    assert not list(ended.spool.glob("*.part"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_write_files_of_their_own(tmp_path: Path) -> None:
    """Parent and children lose nothing and write nothing twice: multiprocessing, sys.exit, os._exit."""
    ended = run(
        tmp_path,
        """
        import multiprocessing, os, sys, time, gnomon
        gnomon.configure()
        with gnomon.tool("before"): pass

        def child(name):
            with gnomon.tool(name): pass

        with gnomon.agent("parent"):
            fork = multiprocessing.get_context("fork")
            processes = [fork.Process(target=child, args=(f"process {n}",)) for n in range(3)]
            for process in processes: process.start()
            for process in processes: process.join()
            pid = os.fork()
            if pid == 0:
                child("forked")
                sys.exit(0)
            os.waitpid(pid, 0)
            pid = os.fork()
            if pid == 0:
                child("gone at once")
                time.sleep(1)
                os._exit(0)
            os.waitpid(pid, 0)
        """,
    )
    assert ended.status == 0, ended.log
    recover(ended.spool)
    spans = read_spans(ended.spool)
    names = sorted(span.name.removeprefix("execute_tool ") for span in spans)
    assert names == sorted(
        ["before", "process 0", "process 1", "process 2", "forked", "gone at once", "invoke_agent parent"]
    )
    (parent,) = [span for span in spans if span.name == "invoke_agent parent"]
    for span in spans:
        if span.name not in ("execute_tool before", "invoke_agent parent"):
            assert span.parent_id == parent.span_id
