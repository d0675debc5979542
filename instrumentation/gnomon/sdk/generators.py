"""Generators run as a block: what is recorded in their body belongs to it, what their consumer does not."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import Token
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from gnomon.sdk.block import Block, leave


class _Body:
    """The context of a generator's body: current while it runs, kept as it left it while it waits."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context | None) -> None:
        self._context = context
        self._token: Token[Context] | None = None

    def __enter__(self) -> None:
        if self._context is not None:
            self._token = otel_context.attach(self._context)

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            # A step that the body began is still current there when the body goes on.
            self._context = otel_context.get_current()
            leave(self._token)
            self._token = None


def generator(
    function: Callable[..., Generator[Any, Any, Any]], block: Callable[[], Block]
) -> Callable[..., Generator[Any, Any, Any]]:
    """A generator function whose generators each run as a new block, from their first value on."""

    @functools.wraps(function)
    def driven(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        around, inner = block(), function(*args, **kwargs)
        body = _Body(around.begin())
        action: Callable[[], Any] = functools.partial(next, inner)
        try:
            while True:
                try:
                    with body:
                        value = action()
                except StopIteration as stop:
                    around.end()
                    return stop.value
                try:
                    action = functools.partial(inner.send, (yield value))
                except GeneratorExit:
                    with body:
                        inner.close()
                    raise
                except BaseException as error:
                    action = functools.partial(inner.throw, error)
        except BaseException as error:
            around.end(error)
            raise

    return driven


def async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]], block: Callable[[], Block]
) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Like `generator`, of an async generator function."""

    @functools.wraps(function)
    async def driven(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        around, inner = block(), function(*args, **kwargs)
        body = _Body(around.begin())
        action: Callable[[], Any] = inner.__anext__
        try:
            while True:
                try:
                    with body:
                        value = await action()
                except StopAsyncIteration:
                    around.end()
                    return
                try:
                    action = functools.partial(inner.asend, (yield value))
                except GeneratorExit:
                    with body:
                        await inner.aclose()
                    raise
                except BaseException as error:
                    action = functools.partial(inner.athrow, error)
        except BaseException as error:
            around.end(error)
            raise

    return driven
