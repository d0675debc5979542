"""Model calls made by tests: each is counted once, whatever becomes of the test that made it."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.plugin.project import Project
from tests.spool_reader import Run

WAYS = [pytest.param((), id="alone"), pytest.param(("-n", "2"), id="xdist")]

# A call of known numbers. Costs are binary fractions, so that their sums are exact.
CALLS = """
import gnomon

def call(model="claude-sonnet-4-5", statuses=(200,), cost=0.25, input=1000, output=100, **tokens):
    with gnomon.model_call(model, provider="anthropic") as made:
        for status in statuses:
            with made.attempt() as attempt:
                attempt.answered(status)
        if statuses[-1] == 200:
            made.tokens(input, output, **tokens)
            made.cost_usd(cost)
        else:
            made.fail("server_5xx")
"""

PLANTED = """
import asyncio, threading
import pytest
from calls import call

def test_one(): call()
def test_three():
    for _ in range(3): call(cost=0.5)
def test_retried(): call(statuses=(429, 503, 200))
def test_given_up(): call(statuses=(500, 500))
def test_cached(): call(cache_read=600, cache_write=200, reasoning=40)
def test_other_model(): call(model="claude-haiku-4-5", cost=0.125)

def test_thread():
    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()

def test_asyncio():
    async def work(): call()
    async def all_of_it(): await asyncio.gather(*(work() for _ in range(3)))
    asyncio.run(all_of_it())

@pytest.fixture
def in_fixture():
    call()
    yield
    call()

def test_fixture(in_fixture): call()
def test_fails():
    call()
    assert 0
def test_none(): pass
"""
# test: (calls, retries, input tokens, output tokens, dollars)
TRUTH = {
    "test_one": (1, 0, 1000, 100, 0.25),
    "test_three": (3, 0, 3000, 300, 1.5),
    "test_retried": (1, 2, 1000, 100, 0.25),
    "test_given_up": (1, 1, 0, 0, 0.0),
    "test_cached": (1, 0, 1000, 100, 0.25),
    "test_other_model": (1, 0, 1000, 100, 0.125),
    "test_thread": (4, 0, 4000, 400, 1.0),
    "test_asyncio": (3, 0, 3000, 300, 0.75),
    "test_fixture": (3, 0, 3000, 300, 0.75),
    "test_fails": (1, 0, 1000, 100, 0.25),
    "test_none": (0, 0, 0, 0, 0.0),
}
CALLS_MADE = sum(row[0] for row in TRUTH.values())


@pytest.fixture
def suite(project: Project) -> Project:
    project.plugins = ("xdist", "rerunfailures")
    project.write("calls.py", CALLS)
    project.write("gnomon.yaml", "costs:\n  source: provider\n")
    return project


@pytest.fixture(params=WAYS)
def planted(request: pytest.FixtureRequest, suite: Project) -> Run:
    suite.write("test_calls.py", PLANTED)
    done = suite.pytest(*request.param)
    assert done.summary == "1 failed, 10 passed", done.output
    return suite.run()


def totals(run: Run) -> tuple[float, float, float, float, float]:
    return (
        run.total("gnomon.run.model_calls"),
        run.total("gnomon.run.retries"),
        run.total("gnomon.run.tokens", gen_ai__token__type="input"),
        run.total("gnomon.run.tokens", gen_ai__token__type="output"),
        run.total("gnomon.run.cost.usd"),
    )


def test_every_call_is_a_span_of_its_test(planted: Run) -> None:
    """Each call is one span under the test that made it, also from threads, tasks and fixtures."""
    assert len(planted.model_calls) == CALLS_MADE
    made = Counter(span["test.case.name"].rpartition("::")[2] for span in planted.model_calls)
    assert made == {name: row[0] for name, row in TRUTH.items() if row[0]}
    by_id = {span.span_id: span for span in planted.spans}
    for span in planted.model_calls:
        parent = by_id[span.parent_id]
        assert parent.name == "test_attempt"
        assert by_id[parent.parent_id].node_id == span["test.case.name"]
        assert span.trace_id == planted.root.trace_id
        assert span["gnomon.run.id"] == planted.id
        assert span.resource == planted.resource


def test_sums_on_the_tests(planted: Run) -> None:
    """Each test span carries the exact sums of its own calls."""
    for name, (calls, retries, tokens_in, tokens_out, cost) in TRUTH.items():
        test = planted.test(f"test_calls.py::{name}")
        assert test.get("gnomon.test.model_calls", 0) == calls, name
        assert test.get("gnomon.test.retries", 0) == retries, name
        assert test.get("gnomon.test.input_tokens", 0) == tokens_in, name
        assert test.get("gnomon.test.output_tokens", 0) == tokens_out, name
        assert test.get("gnomon.test.cost.usd", 0.0) == cost, name


def test_run_points_of_the_calls(planted: Run) -> None:
    """The run's points are the exact sums over all calls, by model, token type, error and cost source."""
    assert totals(planted) == tuple(sum(row[n] for row in TRUTH.values()) for n in range(5))
    assert planted.by("gnomon.run.model_calls", "gen_ai.request.model") == {
        "claude-sonnet-4-5": CALLS_MADE - 1,
        "claude-haiku-4-5": 1,
    }
    assert planted.by("gnomon.run.model_calls", "error.type") == {"none": CALLS_MADE - 1, "server_5xx": 1}
    assert planted.by("gnomon.run.retries", "error.type") == {"rate_limited": 1, "server_5xx": 2}
    assert planted.by("gnomon.run.tokens", "gen_ai.token.type") == {
        "input": sum(row[2] for row in TRUTH.values()),
        "output": sum(row[3] for row in TRUTH.values()),
        "cache_read": 600,
        "cache_write": 200,
        "reasoning": 40,
    }
    assert set(planted.by("gnomon.run.cost.usd", "gnomon.cost.source")) == {"provider"}
    latency = [point for point in planted.points if point.metric == "gnomon.run.api.latency"]
    assert sum(point.count for point in latency) == CALLS_MADE + 3  # one observation an attempt


def test_attempts_of_a_call_are_events(planted: Run) -> None:
    """A retried call has one event an attempt, with its status and the gap before it."""
    (span,) = (span for span in planted.model_calls if span["test.case.name"].endswith("test_retried"))
    attempts = [event for event in span.events if event.name == "gnomon.model_call.attempt"]
    assert [event.attributes["http.response.status_code"] for event in attempts] == [429, 503, 200]
    assert [event.attributes["gnomon.model_call.attempt.number"] for event in attempts] == [1, 2, 3]
    assert span["gnomon.model_call.retries"] == 2


@pytest.mark.parametrize("arguments", WAYS)
def test_calls_of_every_attempt_are_paid(suite: Project, arguments: tuple[str, ...]) -> None:
    """A test that is rerun pays for the calls of each attempt: all of them count, under one test."""
    suite.write(
        "test_again.py",
        """
        import pathlib
        from calls import call
        def test_a():
            call(cost=0.5)
            path = pathlib.Path(__file__).with_name("count")
            with path.open("a") as file: file.write("x")
            assert path.stat().st_size == 3
        def test_b(): call()
        """,
    )
    done = suite.pytest("--reruns", "4", *arguments)
    assert done.status == 0, done.output
    run = suite.run()
    assert totals(run) == (4, 0, 4000, 400, 1.75)
    test = run.test("test_again.py::test_a")
    assert test["gnomon.test.model_calls"] == 3
    assert test["gnomon.test.cost.usd"] == 1.5
    numbers = sorted(
        span["gnomon.test.attempt.number"]
        for span in run.model_calls
        if span["test.case.name"].endswith("test_a")
    )
    assert numbers == [1, 2, 3]


@pytest.mark.parametrize("death", ["os._exit(1)", "os.kill(os.getpid(), 9)"], ids=["exit", "kill"])
def test_calls_before_a_crash_are_paid(suite: Project, death: str) -> None:
    """Calls that a worker made before it died are in the run's sums and in its trace."""
    suite.write(
        "test_crash.py",
        f"""
        import os
        from calls import call
        def test_a(): call()
        def test_dies():
            call(cost=0.5)
            call(cost=0.5)
            {death}
        def test_b(): call()
        """,
    )
    suite.pytest("-n", "2")
    run = suite.run()
    assert run.test("test_crash.py::test_dies").outcome == "crashed"
    assert totals(run) == (4, 0, 4000, 400, 1.5)
    assert len(run.model_calls) == 4
    by_id = {span.span_id for span in run.spans}
    assert all(span.parent_id in by_id for span in run.model_calls)
    assert run.test("test_crash.py::test_dies")["gnomon.test.model_calls"] == 2
    assert run.test("test_crash.py::test_dies")["gnomon.test.cost.usd"] == 1.0


def test_calls_before_a_crash_without_workers(suite: Project) -> None:
    """The same where the whole run dies: the next run completes both journals."""
    suite.write(
        "test_crash.py",
        """
        import os
        from calls import call
        def test_a(): call()
        def test_dies():
            call()
            os._exit(1)
        """,
    )
    suite.pytest()
    suite.write("test_fine.py", "def test_fine(): pass\n")
    suite.pytest("test_fine.py")
    killed = suite.runs()[0]
    assert len(killed.model_calls) == 2
    assert {span["test.case.name"] for span in killed.model_calls} == {
        "test_crash.py::test_a",
        "test_crash.py::test_dies",
    }
    assert len([name for name in suite.spool_names() if name.endswith(".part")]) == 0


def test_calls_of_an_interrupted_test(suite: Project) -> None:
    """Calls made before Ctrl-C are in the run's sums."""
    suite.write(
        "test_interrupt.py",
        """
        from calls import call
        def test_a(): call()
        def test_b():
            call()
            raise KeyboardInterrupt
        def test_c(): call()
        """,
    )
    suite.pytest()
    assert totals(suite.run()) == (2, 0, 2000, 200, 0.5)


def test_calls_outside_of_tests(suite: Project) -> None:
    """Calls made while collecting or in a session fixture belong to the run, and are counted once."""
    suite.write(
        "conftest.py",
        """
        import pytest
        from calls import call

        @pytest.fixture(scope="session", autouse=True)
        def warmed():
            call()
            yield
            call()

        def pytest_sessionfinish(): call()
        """,
    )
    suite.write("test_a.py", "from calls import call\ndef test_a(): call()\ndef test_b(): call()\n")
    suite.pytest()
    run = suite.run()
    assert len(run.model_calls) == 5
    assert totals(run)[0] == 5


def test_a_call_that_outlives_its_test(suite: Project) -> None:
    """A call that ends in a thread after its test is over is still counted, once."""
    suite.write(
        "test_late.py",
        """
        import threading
        from calls import call
        import gnomon
        threads, begun, over = [], threading.Event(), threading.Event()

        def test_starts():
            def work():
                with gnomon.model_call("claude-sonnet-4-5", provider="anthropic") as made:
                    begun.set()
                    assert over.wait(60)
                    made.tokens(10, 1)
                    made.cost_usd(0.25)
            threads.append(threading.Thread(target=work))
            threads[0].start()
            assert begun.wait(60)

        def test_other():
            call()
            over.set()

        def test_joins(): threads[0].join()
        """,
    )
    suite.pytest()
    run = suite.run()
    assert totals(run) == (2, 0, 1010, 101, 0.5)
    late = next(span for span in run.model_calls if span["gen_ai.usage.input_tokens"] == 10)
    assert late["test.case.name"] == "test_late.py::test_starts"


@pytest.mark.parametrize("arguments", WAYS)
def test_calls_of_forked_children(suite: Project, arguments: tuple[str, ...]) -> None:
    """A call of a child that a test forked is a span of that test, also where the test made none itself."""
    suite.write(
        "test_fork.py",
        """
        import multiprocessing, os
        from calls import call

        def test_process():
            child = multiprocessing.get_context("fork").Process(target=call)
            child.start()
            child.join()

        def test_fork():
            if (child := os.fork()) == 0:
                call()
                os._exit(0)
            os.waitpid(child, 0)

        def test_both():
            call()
            test_fork()

        def test_none(): pass
        """,
    )
    suite.pytest(*arguments)
    run = suite.run()
    assert totals(run) == (4, 0, 4000, 400, 1.0)
    by_id = {span.span_id: span for span in run.spans}
    attempts = [by_id[call.parent_id] for call in run.model_calls]
    assert {attempt.name for attempt in attempts} == {"test_attempt"}
    made = Counter(by_id[attempt.parent_id].node_id.rpartition("::")[2] for attempt in attempts)
    assert made == {"test_process": 1, "test_fork": 1, "test_both": 2}


def test_a_call_of_a_thread_while_its_test_is_written(suite: Project) -> None:
    """What another thread records once a test has passed belongs to the run, not to a test that is over."""
    # Between the last report and the written span, the interpreter is let go only to write to the journal.
    suite.write(
        "conftest.py",
        """
        import os, sys, threading
        from calls import call

        def watch(frame, event, function):
            written = frame.f_locals.get("data", b"") if event == "c_call" and function is os.write else b""
            if b"test_passes" in written:
                sys.setprofile(None)
                thread = threading.Thread(target=call)
                thread.start()
                thread.join()

        def pytest_runtest_logstart(nodeid):
            if "test_passes" in nodeid: sys.setprofile(watch)

        def pytest_runtest_logfinish(nodeid):
            if "test_passes" in nodeid: call(input=7)
        """,
    )
    suite.write("test_plain.py", "def test_passes(): pass\ndef test_other(): pass\n")
    suite.pytest()
    run = suite.run()
    assert sorted(span["gen_ai.usage.input_tokens"] for span in run.model_calls) == [7, 1000]
    for span in run.model_calls:
        assert span.parent_id in ("", run.root.span_id)
        assert span.get("test.case.name") is None


def test_suites_record_calls_without_gnomon(suite: Project) -> None:
    """With the plugin off, the same code runs and leaves nothing behind."""
    suite.write("test_calls.py", PLANTED)
    done = suite.pytest(gnomon=False)
    assert done.summary == "1 failed, 10 passed", done.output
    assert not suite.state.exists()


def test_summary_shows_cost_and_retries(suite: Project) -> None:
    """The terminal summary gives the run's calls, retries, tokens and dollars."""
    suite.write("test_calls.py", PLANTED)
    done = suite.pytest()
    ours = done.stdout.partition("- gnomon -")[2]
    assert f"{sum(row[4] for row in TRUTH.values()):.2f}" in ours
    assert str(CALLS_MADE) in ours
    assert "retr" in ours


def test_a_number_that_is_none_stops_no_sum(project: Project) -> None:
    """An attribute set by hand to what cannot be added up is left out, and the run gets its end."""
    project.write(
        "test_odd.py",
        """
        import gnomon

        def test_odd():
            with gnomon.model_call("m") as call:
                call.set("gen_ai.usage.input_tokens", "many")
                call.set("gnomon.cost.usd", "dear")
            with gnomon.model_call("m") as call:
                call.tokens(input=5, output=2)
        """,
    )
    done = project.pytest()
    assert "note:" not in done.output
    assert "2 model calls, 0 retries, 7 tokens, cost unknown" in done.output
    assert project.run().root["test.suite.run.status"] == "success"


def test_a_single_cheap_call_is_not_told_as_free(project: Project) -> None:
    """Twenty millionths of a dollar are written as such, at the run's end and by `gnomon show`."""
    project.write(
        "test_cheap.py",
        """
        import gnomon

        def test_cheap():
            with gnomon.model_call("claude-haiku-4-5") as call:
                call.tokens(input=10, output=2)
        """,
    )
    assert "0.000020 USD estimated" in project.pytest().output
    assert "cost      0.000020 USD" in project.gnomon("show", "last").stdout
