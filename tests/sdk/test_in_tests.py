"""The SDK inside a test session: what the plugin relies on."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from gnomon.spool import recover
from tests.sdk.programs import Ended, run
from tests.spool_reader import read_spans

SESSION = """
    import os, pathlib, random, threading
    import gnomon
    from gnomon import session
    active = session.active = session.TestSession(
        run_id="a" * 32, trace_id="b" * 32, worker_id="gw1", file_stem="run-1-aaaaaaaaaaaa", sequence=7,
        spool_directory=pathlib.Path(".gnomon/spool"),
        resource={"service.name": "suite", "gnomon.run.id": "a" * 32},
    )
    def test(number):
        current = session.CurrentTest(f"case{number}", f"test_a.py::test[{number}]", 2, f"{number:016x}")
        active.enter(lambda: current)
        return current
    def close():
        for finish in active.on_close: finish()
        session.active = None
    """


def in_session(folder: Path, body: str, **variables: str) -> Ended:
    return run(folder, textwrap.dedent(SESSION) + textwrap.dedent(body), **variables)


def test_spans_belong_to_the_test_that_runs(tmp_path: Path) -> None:
    """Roots of every thread go under the test, carry its names, and its calls reach it as numbers."""
    ended = in_session(
        tmp_path,
        """
        first = test(1)
        with gnomon.agent("a"):
            with gnomon.model_call("claude-opus-4-5") as call:
                call.tokens(1000, 10)
        thread = threading.Thread(target=gnomon.tool("threaded")(lambda: None))
        thread.start(); thread.join()
        (stats,) = first.take_calls()
        assert first.children == 3
        assert stats["input_tokens"] == 1000 and stats["cost_source"] == "estimated"
        second = test(2)
        with gnomon.tool("t"): pass
        active.leave()
        with gnomon.tool("between"): pass
        close()
        from opentelemetry import trace
        assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert [path.name for path in ended.spool.iterdir()] == ["run-1-aaaaaaaaaaaa.gw1.sdk.traces.jsonl"]
    spans = {span.name.removeprefix("execute_tool "): span for span in ended.spans}
    assert {span.trace_id for span in spans.values()} == {"b" * 32}
    assert spans["invoke_agent a"].parent_id == f"{1:016x}"
    assert spans["threaded"].parent_id == f"{1:016x}"
    assert spans["chat claude-opus-4-5"].parent_id == spans["invoke_agent a"].span_id
    assert spans["t"].parent_id == f"{2:016x}"
    assert spans["between"].parent_id == ""
    assert spans["between"].get("gnomon.test.case.id") is None
    for span in spans.values():
        assert span["gnomon.run.id"] == "a" * 32
        assert span["gnomon.worker.id"] == "gw1"
        assert span.resource == {"service.name": "suite", "gnomon.run.id": "a" * 32}
    assert spans["threaded"]["test.case.name"] == "test_a.py::test[1]"
    assert spans["threaded"]["gnomon.test.case.id"] == "case1"
    assert spans["threaded"]["gnomon.test.attempt.number"] == 2
    assert len({span.span_id for span in spans.values()}) == len(spans)


def test_a_span_is_on_disk_when_it_ends(tmp_path: Path) -> None:
    """A process that dies in the middle of a test leaves every span that had ended."""
    ended = in_session(
        tmp_path,
        """
        test(1)
        for number in range(50):
            with gnomon.model_call(f"m{number}"): pass
        with gnomon.tool("under way"):
            os._exit(3)
        """,
    )
    assert ended.status == 3
    assert [path.suffix for path in ended.spool.iterdir()] == [".part"]
    recover(ended.spool)
    assert len(ended.spans) == 50


def test_a_call_that_outlives_its_test_stays_with_it(tmp_path: Path) -> None:
    """A thread that a test left running does not give its call to the next test."""
    ended = in_session(
        tmp_path,
        """
        go = threading.Event()
        first = test(1)
        def late():
            with gnomon.model_call("m"):
                started.set(); go.wait()
        started = threading.Event()
        thread = threading.Thread(target=late); thread.start(); started.wait()
        second = test(2)
        with gnomon.model_call("n"): pass
        go.set(); thread.join()
        assert [c["model"] for c in first.take_calls()] == ["m"]
        assert [c["model"] for c in second.take_calls()] == ["n"]
        close()
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    cases = {span["gen_ai.request.model"]: span["gnomon.test.case.id"] for span in ended.spans}
    assert cases == {"m": "case1", "n": "case2"}


def test_a_foreign_trace_is_linked_and_not_followed(tmp_path: Path) -> None:
    """Code under test with a tracer of its own keeps its trace; ours stays in the run's."""
    ended = in_session(
        tmp_path,
        """
        from opentelemetry.sdk.trace import TracerProvider
        test(1)
        with TracerProvider().get_tracer("theirs").start_as_current_span("theirs"):
            with gnomon.tool("ours"): pass
        close()
        """,
    )
    (span,) = ended.spans
    assert span.trace_id == "b" * 32
    assert span.parent_id == f"{1:016x}"
    assert '"links":[' in next(ended.spool.iterdir()).read_text()


def test_set_up_by_the_code_under_test_changes_nothing(tmp_path: Path) -> None:
    """`gnomon.configure()` in the code under test sets no globals, and starts neither files nor threads."""
    ended = in_session(
        tmp_path,
        """
        gnomon.configure(service_name="agent under test")
        test(1)
        with gnomon.tool("t"): pass
        gnomon.shutdown()
        with gnomon.tool("u"): pass
        from opentelemetry import metrics, trace
        assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        assert threading.active_count() == 1
        close()
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert {span.resource["service.name"] for span in ended.spans} == {"suite"}
    assert not list(ended.spool.glob("*.metrics.*"))


def test_a_seeding_suite(tmp_path: Path) -> None:
    """A suite that seeds `random` before each test has its sequence and gets no span id twice."""
    ended = in_session(
        tmp_path,
        """
        drawn = set()
        for number in range(1, 21):
            test(number)
            random.seed(7)
            with gnomon.agent("a"): pass
            drawn.add(random.random())
        assert len(drawn) == 1
        close()
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert len({span.span_id for span in ended.spans}) == 20


def test_a_forked_child_of_a_test(tmp_path: Path) -> None:
    """A test that forks has the child's spans in a journal of the child's own, under the same test."""
    ended = in_session(
        tmp_path,
        """
        import multiprocessing
        test(1)
        with gnomon.agent("parent"):
            child = multiprocessing.get_context("fork").Process(target=gnomon.tool("child")(lambda: None))
            child.start(); child.join()
        assert child.exitcode == 0
        close()
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    recover(ended.spool)
    spans = {span.name: span for span in read_spans(ended.spool)}
    assert spans["execute_tool child"].parent_id == spans["invoke_agent parent"].span_id
    assert len(list(ended.spool.iterdir())) == 2


def test_what_leaves_the_process_carries_the_test(tmp_path: Path) -> None:
    """Headers, environments and work for a pool are under the test where no step is around."""
    ended = in_session(
        tmp_path,
        """
        import pickle
        def carried():
            pickled = pickle.loads(pickle.dumps(gnomon.propagate(print)))
            return [gnomon.inject({}).get("traceparent"), gnomon.environment({}).get("TRACEPARENT"),
                    pickled.__getstate__()["carrier"].get("traceparent")]
        assert carried() == [None] * 3
        current = test(5)
        assert carried() == ["00-" + "b" * 32 + "-" + "5".zfill(16) + "-01"] * 3
        assert current.children == 3
        with gnomon.agent("a") as step:
            assert carried() == [f"00-{'b' * 32}-{step.span_id}-01"] * 3
        active.leave()
        assert carried() == [None] * 3
        close()
        """,
    )
    assert (ended.status, ended.log) == (0, "")


def test_a_journal_that_cannot_be_completed(tmp_path: Path) -> None:
    """It is told, and the rest of the session's end goes on; its spans stay for the next to complete."""
    ended = in_session(
        tmp_path,
        """
        test(1)
        with gnomon.tool("t"): pass
        spool = active.spool_directory
        spool.rename("elsewhere")
        spool.touch()
        active.on_close.append(lambda: print("the rest"))
        close()
        spool.unlink()
        pathlib.Path("elsewhere").rename(spool)
        """,
    )
    assert (ended.status, ended.output) == (0, "the rest\n")
    assert "completing a spool file failed" in ended.log
    recover(ended.spool)
    assert [span.name for span in read_spans(ended.spool)] == ["execute_tool t"]


def test_a_fork_may_be_the_first_to_record(tmp_path: Path) -> None:
    """A test knows that there may be spans under it as soon as it forks; between tests a fork is nobody's."""
    ended = in_session(
        tmp_path,
        """
        import sys
        def fork():
            if (child := os.fork()) == 0:
                with gnomon.tool("child"): pass
                os._exit(0)
            os.waitpid(child, 0)
        current = test(1)
        fork()
        assert current.children == 1
        active.leave()
        fork()
        assert (current.children, active.touched) == (1, None)
        assert "gnomon.sdk" not in sys.modules
        close()
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    recover(ended.spool)
    assert sorted(span.parent_id for span in read_spans(ended.spool)) == ["", f"{1:016x}"]


def test_calls_of_forked_children_are_the_tests(tmp_path: Path) -> None:
    """Children and theirs hand the numbers of their calls to the test that forked them, to no later one."""
    ended = in_session(
        tmp_path,
        """
        def forked(work):
            if (child := os.fork()) == 0:
                work()
                os._exit(0)
            os.waitpid(child, 0)
        def call(tokens, more=lambda: None):
            with gnomon.model_call("m") as call:
                call.tokens(tokens)
            more()
        def daemon():
            os.closerange(3, 100)
            kept = [open(f"own{number}", "w") for number in range(20)]
            call(32)
        def counted(current):
            return sorted(stats["input_tokens"] for stats in current.take_calls())
        first = test(1)
        call(1)
        forked(lambda: call(2, lambda: forked(lambda: call(4))))
        call(8)
        forked(daemon)
        assert counted(first) == [1, 2, 4, 8]
        forked(lambda: call(16))
        second = test(2)
        forked(lambda: call(64))
        assert counted(second) == [64]
        def another():
            third = test(3)
            call(128)
            forked(lambda: call(256))
            assert counted(third) == [128, 256]
            print("counted", flush=True)
        forked(another)
        assert counted(second) == []
        close()
        """,
    )
    assert (ended.status, ended.output, ended.log) == (0, "counted\n", "")
    assert not any(path.stat().st_size for path in tmp_path.glob("own*"))


def test_files_of_a_host_that_closed_all_are_left_alone(tmp_path: Path) -> None:
    """What leads to forked children is neither read nor closed once its number is another file's."""
    ended = in_session(
        tmp_path,
        """
        first = test(1)
        assert active.current is first
        def forked(tokens):
            if (child := os.fork()) == 0:
                first.add_call({"input_tokens": tokens})
                os._exit(0)
            os.waitpid(child, 0)
        forked(1)
        assert first.take_calls() == [{"input_tokens": 1}]
        forked(2)
        os.closerange(3, 100)
        kept = [open(f"own{number}", "w+") for number in range(20)]
        assert first.take_calls() == []
        close()
        for file in kept:
            file.write("whole")
            file.close()
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert {path.read_text() for path in tmp_path.glob("own*")} == {"whole"}


@pytest.mark.parametrize("count", [1, 300])
def test_nothing_is_written_for_a_suite_that_records_nothing(tmp_path: Path, count: int) -> None:
    """Tests without spans cost no file and do not load the SDK."""
    ended = in_session(
        tmp_path,
        f"""
        import sys
        for number in range({count}):
            test(number + 1); active.leave()
        assert "gnomon.sdk" not in sys.modules
        assert "opentelemetry" not in sys.modules
        close()
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert not ended.spool.exists()
