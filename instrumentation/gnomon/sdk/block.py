"""What is recorded from the beginning to the end of a `with` block, in asynchronous code, too."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextvars import Token
from types import TracebackType
from typing import Self

from opentelemetry import context as otel_context
from opentelemetry.context import Context


def leave(token: Token[Context]) -> None:
    """Makes the context before the current one again, as OpenTelemetry's `detach`.

    That one logs a traceback where a block is left in another context than it was entered in, as in an
    async generator that asyncio closes or a thread that ends another's work: there is nothing to go back to.
    """
    if not isinstance(token, Token):  # a runtime context of the host's own
        otel_context.detach(token)
        return
    try:  # noqa: SIM105 - `suppress` costs more than all else here
        token.var.reset(token)
    except (ValueError, RuntimeError):
        pass


class Block(ABC):
    """One such thing; while its block lasts, what else is recorded belongs to it."""

    __slots__ = ("_token",)

    def __init__(self) -> None:
        self._token: Token[Context] | None = None

    @abstractmethod
    def begin(self) -> Context | None:
        """Begins; gives the context of what is recorded inside, None where nothing is recorded."""

    @abstractmethod
    def end(self, error: BaseException | None = None) -> None:
        """Ends, with the error that ended it."""

    def __enter__(self) -> Self:
        context = self.begin()
        if context is not None:
            self._token = otel_context.attach(context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        if self._token is not None:
            leave(self._token)
            self._token = None
        self.end(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace_back)
