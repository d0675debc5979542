"""The trace survives tasks, threads, pools, processes and HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace

import gnomon
from tests.sdk.programs import run
from tests.spool_reader import Span, read_spans


def tree(spans: list[Span]) -> dict[str, str]:
    names = {span.span_id: span.name.split()[-1] for span in spans}
    return {span.name.split()[-1]: names.get(span.parent_id, "-") for span in spans}


def test_concurrent_tasks_keep_their_parents(tmp_path: Path) -> None:
    """A hundred interleaved tasks: every model call is under the agent of its own task."""
    ended = run(
        tmp_path,
        """
        import asyncio, gnomon
        gnomon.configure()
        async def one(n):
            async with gnomon.agent(f"agent{n}"):
                await asyncio.sleep(0.001 * (n % 7))
                async with gnomon.model_call(f"model{n}"):
                    await asyncio.sleep(0.001 * (n % 5))
                await asyncio.to_thread(gnomon.tool(f"tool{n}")(lambda: None))
        async def main():
            async with gnomon.workflow("all"):
                await asyncio.gather(*(one(n) for n in range(100)))
        asyncio.run(main())
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    parents = tree(ended.spans)
    assert len(parents) == 301
    for number in range(100):
        assert parents[f"agent{number}"] == "all"
        assert parents[f"model{number}"] == f"agent{number}"
        assert parents[f"tool{number}"] == f"agent{number}"


def test_bodies_that_run_later(tmp_path: Path) -> None:
    """A coroutine or generator handed to another thread has its body under the span that handed it over."""
    ended = run(
        tmp_path,
        """
        import asyncio, threading, gnomon
        gnomon.configure()
        def use(name):
            with gnomon.tool(name): pass
        async def coroutine(): use("coroutine")
        def generator():
            use("generator")
            yield
            use("generator-later")
        async def stream():
            use("stream")
            yield
            use("stream-later")
        async def consume(values):
            async for _ in values: use("consumer-of-stream")
        def in_thread(work):
            thread = threading.Thread(target=work)
            thread.start(); thread.join()
        with gnomon.agent("caller"):
            carried = [gnomon.propagate(function) for function in (coroutine, generator, stream)]
        in_thread(lambda: asyncio.run(carried[0]()))
        in_thread(lambda: [use("consumer") for _ in carried[1]()])
        in_thread(lambda: asyncio.run(consume(carried[2]())))
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    bodies = ("coroutine", "generator", "generator-later", "stream", "stream-later")
    assert tree(ended.spans) == {
        "caller": "-",
        "consumer": "-",
        "consumer-of-stream": "-",
        **dict.fromkeys(bodies, "caller"),
    }


def test_threads_and_pools(tmp_path: Path) -> None:
    """Work handed to threads, thread pools and process pools is under the span that handed it over."""
    (tmp_path / "jobs.py").write_text(
        "import gnomon\n\n\ndef job(name):\n    with gnomon.tool(name):\n        return name\n"
    )
    ended = run(
        tmp_path,
        """
        import multiprocessing, threading, gnomon, jobs
        from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
        if __name__ == "__main__":
            gnomon.configure(service_name="pools")
            with gnomon.agent("threads"):
                thread = threading.Thread(target=gnomon.propagate(jobs.job), args=("thread",))
                thread.start(); thread.join()
            with ThreadPoolExecutor(2) as plain:
                pool = gnomon.propagating(plain)
                with gnomon.agent("pool"):
                    assert pool.submit(jobs.job, "submitted").result() == "submitted"
                    assert list(pool.map(jobs.job, ["m1", "m2", "m3"])) == ["m1", "m2", "m3"]
            for method in ("fork", "spawn", "forkserver"):
                context = multiprocessing.get_context(method)
                with gnomon.agent(method), ProcessPoolExecutor(1, context) as processes:
                    assert gnomon.propagating(processes).submit(jobs.job, "in-" + method).result()
        """,
        PYTHONPATH=f"{Path(__file__).parents[2] / 'instrumentation'}:{tmp_path}",
    )
    assert (ended.status, ended.log) == (0, "")
    assert tree(ended.spans) == {
        "threads": "-",
        "thread": "threads",
        "pool": "-",
        "submitted": "pool",
        "m1": "pool",
        "m2": "pool",
        "m3": "pool",
        "fork": "-",
        "in-fork": "fork",
        "spawn": "-",
        "in-spawn": "spawn",
        "forkserver": "-",
        "in-forkserver": "forkserver",
    }
    assert {span.resource["service.name"] for span in ended.spans} == {"pools"}


def test_a_subprocess_continues_the_trace(tmp_path: Path) -> None:
    """The environment carries the span; a program that sets up Gnomon picks it up for its roots."""
    ended = run(
        tmp_path,
        """
        import subprocess, sys, gnomon
        gnomon.configure()
        child = "import gnomon; gnomon.configure(); noop = lambda: None; "
        child += "gnomon.tool('child')(noop)(); gnomon.tool('second')(noop)()"
        with gnomon.agent("parent"):
            subprocess.run([sys.executable, "-c", child], env=gnomon.environment(), check=True)
        assert "TRACEPARENT" not in gnomon.environment()
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert tree(ended.spans) == {"parent": "-", "child": "parent", "second": "parent"}


def test_over_http(tmp_path: Path) -> None:
    """Headers written by one side are the parent on the other, whatever the case of their names."""
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure()
        with gnomon.agent("client"):
            headers = gnomon.inject({"Accept": "*/*"})
        with gnomon.agent("other"):
            with gnomon.remote_parent({name.title(): value for name, value in headers.items()}):
                with gnomon.tool("server"): pass
            with gnomon.tool("after"): pass
        """,
    )
    assert tree(ended.spans) == {"client": "-", "server": "client", "other": "-", "after": "other"}


def test_coroutines_can_be_bound(tmp_path: Path) -> None:
    """A coroutine function bound in one context runs in it from another loop."""
    ended = run(
        tmp_path,
        """
        import asyncio, threading, gnomon
        gnomon.configure()
        async def work():
            await asyncio.sleep(0)
            with gnomon.tool("bound"): pass
        with gnomon.agent("a"):
            bound = gnomon.propagate(work)
        thread = threading.Thread(target=lambda: asyncio.run(bound())); thread.start(); thread.join()
        """,
    )
    assert tree(ended.spans) == {"a": "-", "bound": "a"}


@given(
    st.dictionaries(
        st.text(max_size=12) | st.sampled_from(["traceparent", "TraceParent"]), st.text(max_size=60)
    )
)
def test_any_headers_can_be_read(headers: Mapping[str, str]) -> None:
    """Headers from anywhere never raise, and broken ones are no parent."""
    with gnomon.remote_parent(headers) as context:
        assert not trace.get_current_span(context).get_span_context().is_valid


@pytest.mark.parametrize("value", ["", "garbage", "00-0-0-00"])
def test_a_broken_variable_is_no_parent(tmp_path: Path, value: str) -> None:
    """A TRACEPARENT that is not one starts a trace of one's own."""
    ended = run(tmp_path, "import gnomon; gnomon.configure()\nwith gnomon.tool('t'): pass", TRACEPARENT=value)
    assert (ended.status, ended.log) == (0, "")
    (span,) = read_spans(ended.spool)
    assert span.parent_id == ""
