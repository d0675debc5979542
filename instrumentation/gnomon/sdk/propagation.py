"""The trace carried along: into threads, into other processes, over HTTP.

Over HTTP and between processes the carrier is W3C trace context; in an environment it is spelled
`TRACEPARENT` and `TRACESTATE` (OpenTelemetry, "Environment Variables as Context Propagation Carriers").
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any, Generic, ParamSpec, TypeVar, cast

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gnomon import session
from gnomon.sdk.block import Block, leave
from gnomon.sdk.generators import async_generator, generator
from gnomon.sdk.guard import failed

P = ParamSpec("P")
R = TypeVar("R")

_W3C = TraceContextTextMapPropagator()


# --- HTTP ------------------------------------------------------------------------------------------


def inject(headers: MutableMapping[str, str]) -> MutableMapping[str, str]:
    """Adds the current span's `traceparent` and `tracestate` to the headers, and gives them back.

    In a test without a step around, the span is the test's.
    """
    _put(otel_context.get_current(), headers)
    return headers


def _put(context: Context, carrier: MutableMapping[str, str]) -> None:
    try:
        _W3C.inject(carrier, context=_leaving(context))
    except Exception as error:
        failed("injecting trace context", error)


def _leaving(context: Context) -> Context:
    """The context to carry out of this process; a test session's recorder knows what roots belong under."""
    if session.active is None or trace.get_current_span(context).get_span_context().is_valid:
        return context
    from gnomon.sdk import testing  # noqa: PLC0415 - loads the SDK, which only a test session needs here

    return testing.recorder(session.active).around()


def extract(headers: Mapping[str, Any]) -> Context:
    """The context that a request's headers carry, in whatever case they are written."""
    try:
        carrier = {str(name).lower(): value for name, value in headers.items()}
        return _W3C.extract(carrier, context=Context())
    except Exception as error:
        failed("extracting trace context", error)
        return Context()


@contextmanager
def remote_parent(headers: Mapping[str, Any]) -> Iterator[Context]:
    """Spans started inside continue the trace of the request with these headers."""
    context = extract(headers)
    token = otel_context.attach(trace.set_span_in_context(trace.get_current_span(context)))
    try:
        yield context
    finally:
        leave(token)


# --- processes -------------------------------------------------------------------------------------


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """A copy of `base` (default: this process's environment) that carries the current span.

    For `subprocess.run(…, env=gnomon.environment())`: a child that calls `gnomon.configure()`
    continues the trace.
    """
    copy = dict(os.environ if base is None else base)
    carrier: dict[str, str] = {}
    inject(carrier)
    if carrier:
        for name in ("TRACEPARENT", "TRACESTATE"):
            copy.pop(name, None)
        copy.update({name.upper(): value for name, value in carrier.items()})
    return copy


def carried_in(environ: Mapping[str, str]) -> Context | None:
    """The parent that an environment carries, or None."""
    if "TRACEPARENT" not in environ:
        return None
    context = extract({name: environ[name] for name in ("TRACEPARENT", "TRACESTATE") if name in environ})
    return context if trace.get_current_span(context).get_span_context().is_valid else None


# --- threads, executors, and processes of a pool ---------------------------------------------------


class Propagated(Generic[P, R]):
    """A callable that runs in the context in which it was made, wherever it is called.

    In another thread it takes the whole context along. Pickled into another process it takes the
    trace, and sets telemetry up there as it is set up here.
    """

    def __init__(self, function: Callable[P, R]) -> None:
        self._function = function
        self._context: Context | None = otel_context.get_current()
        self._carrier: dict[str, str] = {}
        self._recipe: Mapping[str, Any] | None = None
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls the function with the context current."""
        token = otel_context.attach(self._context if self._context is not None else self._arrived())
        try:
            return self._function(*args, **kwargs)
        finally:
            leave(token)

    def _arrived(self) -> Context:
        from gnomon.sdk import setup  # noqa: PLC0415 - `setup` builds on this module

        if self._recipe is not None and setup.recipe() is None:
            setup.configure(**self._recipe)
        self._context = extract(self._carrier)
        return self._context

    def __getstate__(self) -> dict[str, Any]:
        from gnomon.sdk import setup  # noqa: PLC0415 - `setup` builds on this module

        carrier = dict(self._carrier)
        if self._context is not None:
            _put(self._context, carrier)
        return {"function": self._function, "carrier": carrier, "recipe": setup.recipe()}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._function = state["function"]
        self._carrier = state["carrier"]
        self._recipe = state["recipe"]
        self._context = None


class _Carried(Block):
    """A block of no record of its own, in a context that came from elsewhere."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def begin(self) -> Context:
        """Gives that context."""
        return self._context

    def end(self, error: BaseException | None = None) -> None:
        """Nothing ends."""


def propagate(function: Callable[P, R]) -> Callable[P, R]:
    """The function bound to the current span, for another thread or a process pool.

    `Thread(target=gnomon.propagate(work))`, `pool.submit(gnomon.propagate(work), …)`. A coroutine
    function becomes one whose body runs in the context, a generator function likewise.
    """
    carried = functools.partial(_Carried, otel_context.get_current())
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with carried():
                return await function(*args, **kwargs)

        return cast("Callable[P, R]", wrapper)
    if inspect.isgeneratorfunction(function):
        return cast("Callable[P, R]", generator(function, carried))
    if inspect.isasyncgenfunction(function):
        return cast("Callable[P, R]", async_generator(function, carried))
    return Propagated(function)


class PropagatingExecutor(Executor):
    """An executor whose tasks run in the context in which they were submitted."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """See `Executor.submit`."""
        return self._executor.submit(propagate(fn), *args, **kwargs)

    def map(
        self, fn: Callable[..., R], *iterables: Any, timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[R]:
        """See `Executor.map`."""
        return self._executor.map(propagate(fn), *iterables, timeout=timeout, chunksize=chunksize)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `Executor.shutdown`."""
        self._executor.shutdown(wait, cancel_futures=cancel_futures)


def propagating(executor: Executor) -> PropagatingExecutor:
    """The executor, with the current span handed to every task: threads or processes."""
    return PropagatingExecutor(executor)
