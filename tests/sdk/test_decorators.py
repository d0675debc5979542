"""Steps as decorators and as blocks in generators, methods and other contexts than they began in."""

from __future__ import annotations

from pathlib import Path

from tests.sdk.programs import Ended, run


def tree(ended: Ended) -> list[str]:
    """Each span below its parents, as "agent a / tool t"."""
    spans = {span.span_id: span for span in ended.spans}

    def path(span_id: str) -> str:
        span = spans[span_id]
        name = span.name.partition("_")[2]
        return f"{path(span.parent_id)} / {name}" if span.parent_id in spans else name

    return sorted(map(path, spans))


def test_decorators_of_every_kind_of_function(tmp_path: Path) -> None:
    """Functions, coroutines, generators and async generators keep their meaning and their parents."""
    ended = run(
        tmp_path,
        """
        import asyncio, gnomon
        gnomon.configure()

        @gnomon.tool("inner")
        def inner(x): "doc"; return x + 1

        @gnomon.agent("plain")
        def plain(): return inner(1)

        @gnomon.agent("coroutine")
        async def coroutine():
            await asyncio.sleep(0)
            return inner(2)

        @gnomon.agent("generator")
        def generator():
            got = yield inner(3)
            yield got
            return "end"

        @gnomon.agent("async")
        async def async_generator():
            yield inner(4)
            await asyncio.sleep(0)
            yield inner(5)

        assert inner.__doc__ == "doc" and inner.__name__ == "inner"
        assert plain() == 2
        assert asyncio.run(coroutine()) == 3
        g = generator()
        assert next(g) == 4
        with gnomon.tool("between"): pass
        assert g.send("sent") == "sent"
        try: next(g)
        except StopIteration as stop: assert stop.value == "end"
        async def consume():
            out = []
            async for value in async_generator():
                with gnomon.tool("consumer"): pass
                out.append(value)
            return out
        assert asyncio.run(consume()) == [5, 6]
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    names = {span.span_id: span.name for span in ended.spans}
    parents = sorted((span.name, names.get(span.parent_id, "-")) for span in ended.spans)
    assert parents == sorted(
        [
            ("execute_tool inner", "invoke_agent plain"),
            ("execute_tool inner", "invoke_agent coroutine"),
            ("execute_tool inner", "invoke_agent generator"),
            ("execute_tool inner", "invoke_agent async"),
            ("execute_tool inner", "invoke_agent async"),
            ("execute_tool between", "-"),
            ("execute_tool consumer", "-"),
            ("execute_tool consumer", "-"),
            ("invoke_agent plain", "-"),
            ("invoke_agent coroutine", "-"),
            ("invoke_agent generator", "-"),
            ("invoke_agent async", "-"),
        ]
    )
    assert all(span.status != 2 for span in ended.spans)


def test_steps_inside_a_decorated_generator(tmp_path: Path) -> None:
    """A block around a `yield` is the parent of what follows in it, the step is that of the clean-up."""
    ended = run(
        tmp_path,
        """
        import asyncio, gnomon
        gnomon.configure()
        def use(name):
            with gnomon.tool(name): pass
        @gnomon.agent("plain")
        def plain():
            try:
                with gnomon.tool("block"):
                    yield 1
                    use("inside")
                    yield 2
                use("behind")
                yield 3
            finally:
                use("clean-up")
        @gnomon.agent("async")
        async def asynchronous():
            try:
                async with gnomon.tool("block"):
                    yield 1
                    use("inside")
                    yield 2
                use("behind")
                yield 3
            finally:
                use("clean-up")
        left = plain()
        for value in left:
            use("consumer")
            if value == 3: break
        left.close()
        async def consume():
            left = asynchronous()
            async for value in left:
                use("consumer")
                if value == 3: break
            await left.aclose()
        asyncio.run(consume())
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert tree(ended) == sorted(
        [
            *["tool consumer"] * 6,
            *(
                f"agent {kind}{path}"
                for kind in ("plain", "async")
                for path in (
                    "",
                    " / tool block",
                    " / tool block / tool inside",
                    " / tool behind",
                    " / tool clean-up",
                )
            ),
        ]
    )
    assert all(span.status != 2 for span in ended.spans)


def test_decorated_functions_stay_what_they_are(tmp_path: Path) -> None:
    """Decorators stack on generators, on methods in either order, and on objects that are called."""
    ended = run(
        tmp_path,
        """
        import asyncio, contextlib, inspect, gnomon
        gnomon.configure()
        both = lambda function: gnomon.agent("a")(gnomon.tool("t")(function))
        def use():
            with gnomon.tool("inside"): pass

        @both
        def numbers():
            use(); yield 1
        @both
        async def stream():
            use(); yield 1
        @both
        async def coroutine(): use()
        assert inspect.isgeneratorfunction(numbers) and inspect.isasyncgenfunction(stream)
        assert inspect.iscoroutinefunction(coroutine)
        assert list(numbers()) == [1]
        async def consume():
            await coroutine()
            return [value async for value in stream()]
        assert asyncio.run(consume()) == [1]
        with contextlib.contextmanager(numbers)() as number: assert number == 1

        class Methods:
            @both
            def plain(self): use(); return self
            @classmethod
            @both
            def of_class(cls): use(); return cls
            @both
            @classmethod
            def of_class_too(cls): use(); return cls
            @both
            @staticmethod
            def static(): use(); return 3
        one = Methods()
        assert one.plain() is one
        assert one.of_class() is Methods.of_class_too() is Methods
        assert one.static() == Methods.static() == 3

        class Called:
            async def __call__(self):
                await asyncio.sleep(0)
                use()
                return 4
        assert asyncio.run(both(Called())()) == 4
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    assert tree(ended) == sorted(10 * ["agent a", "agent a / tool t", "agent a / tool t / tool inside"])


def test_blocks_that_are_left_elsewhere(tmp_path: Path) -> None:
    """A block may end in another thread or task than it began in: it is recorded, and nothing is logged."""
    ended = run(
        tmp_path,
        """
        import asyncio, threading, gnomon
        gnomon.configure()
        def in_thread(work):
            thread = threading.Thread(target=work)
            thread.start(); thread.join()

        async def stream():
            with gnomon.agent("stream"), gnomon.model_call("m") as call, call.attempt():
                yield 1
                yield 2
        async def leave():
            async for _ in stream(): break
        asyncio.run(leave())

        def request():
            with gnomon.remote_parent({}), gnomon.agent("request"):
                yield
        def begin_and_end():
            generator = request()
            next(generator)
            in_thread(generator.close)
        in_thread(begin_and_end)
        """,
    )
    assert (ended.status, ended.output, ended.log) == (0, "", "")
    assert sorted(span.name for span in ended.spans) == [
        "chat m",
        "invoke_agent request",
        "invoke_agent stream",
    ]


def test_leaving_is_no_failure(tmp_path: Path) -> None:
    """A generator that is closed and a program that exits with success have not failed; with 1 it has."""
    ended = run(
        tmp_path,
        """
        import sys, gnomon
        gnomon.configure()
        def chunks():
            with gnomon.tool("closed"), gnomon.model_call("closed") as call, call.attempt():
                yield 1
        stream = chunks()
        next(stream)
        stream.close()
        for status in (None, 0, 1):
            try:
                with gnomon.workflow(f"exit {status}"), gnomon.model_call(f"exit {status}"):
                    sys.exit(status)
            except SystemExit: print("mine")
        """,
    )
    assert (ended.status, ended.output, ended.log) == (0, "mine\n" * 3, "")
    failed = {span.name: span["error.type"] for span in ended.spans if span.get("error.type")}
    assert failed == {"invoke_workflow exit 1": "SystemExit", "chat exit 1": "other"}
    attempts = [event.attributes for span in ended.spans for event in span.events if "attempt" in event.name]
    assert [attempt["error.type"] for attempt in attempts if "error.type" in attempt] == ["other"]


def test_a_step_that_runs_again(tmp_path: Path) -> None:
    """One object used twice says nothing of its first time at its second."""
    ended = run(
        tmp_path,
        """
        import gnomon
        gnomon.configure()
        search = gnomon.tool("search")
        for agent in ("first", "second"):
            with gnomon.agent(agent), search:
                if agent == "first": search.fail("timeout")
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    searches = [span for span in ended.spans if span.name == "execute_tool search"]
    assert [(span["gen_ai.agent.name"], span.get("error.type")) for span in searches] == [
        ("first", "timeout"),
        ("second", None),
    ]


def test_one_step_in_several_blocks_at_once(tmp_path: Path) -> None:
    """An object whose block lasts may begin another, inside it, in threads and in tasks: each is a step."""
    ended = run(
        tmp_path,
        """
        import asyncio, threading, gnomon
        gnomon.configure()
        step = gnomon.tool("step")
        def use(name):
            with gnomon.tool(name): pass

        with step:
            with step as inner:
                inner.fail("timeout")
                with step: use("inmost")
            use("outer")
        use("behind")

        together = threading.Barrier(4)
        def work(number):
            with gnomon.agent(f"thread{number}"):
                with step:
                    together.wait()
                    use("inside")
                    together.wait()
                use("beside")
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()

        async def task(number):
            async with gnomon.agent(f"task{number}"):
                async with step:
                    await asyncio.sleep(0)
                    use("inside")
                use("beside")
        async def main():
            await asyncio.gather(*(task(number) for number in range(4)))
        asyncio.run(main())
        """,
    )
    assert (ended.status, ended.log) == (0, "")
    nested = ["", " / tool step", " / tool step / tool step", " / tool step / tool step / tool inmost"]
    at_once = [f"agent {kind}{number}" for kind in ("thread", "task") for number in range(4)]
    assert tree(ended) == sorted(
        [
            *(f"tool step{path}" for path in [*nested, " / tool outer"]),
            "tool behind",
            *(
                f"{agent}{path}"
                for agent in at_once
                for path in ("", " / tool step", " / tool step / tool inside", " / tool beside")
            ),
        ]
    )
    assert [span.get("error.type") for span in ended.spans].count("timeout") == 1
