"""Counts the attempts of model calls that travel through httpx (or its successor httpx2).

The clients of Anthropic and OpenAI retry by themselves, inside one call: each try is one request to
their HTTP transport, and that is where it is seen, with its status, its error and its duration. The
attempts join the `gnomon.model_call` that is current; without one nothing is counted.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

from gnomon.clients.endpoints import Match, is_model_request
from gnomon.sdk.attempts import Attempt
from gnomon.sdk.calls import ModelCall, current_call
from gnomon.sdk.guard import failed

T = TypeVar("T")

_LIBRARIES = ("httpx", "httpx2")
_ORIGINAL = "_gnomon_original"

# Set while a request is being observed: a transport may be wrapped, and so may its class.
_observing: ContextVar[bool] = ContextVar("gnomon_observing_httpx", default=False)


def instrument(client: T, *, match: Match = is_model_request) -> T:
    """Observes the requests of one client, and gives it back.

    Takes an httpx or httpx2 client, sync or async, or a client built on one such as `Anthropic`,
    `AsyncAnthropic`, `OpenAI` or `AsyncOpenAI`. `match` decides which requests are calls to a model.
    Calling it twice does no harm. Never raises; on an object without transports it does nothing.
    """
    try:
        inner: Any = client
        while not hasattr(inner, "_transport") and getattr(inner, "_client", None) is not None:
            inner = inner._client
        mounts = getattr(inner, "_mounts", None) or {}
        for transport in (getattr(inner, "_transport", None), *mounts.values()):
            if transport is not None:
                _wrap(transport, match)
    except Exception as error:
        failed("observing an httpx client", error)
    return client


def instrument_all(*, match: Match = is_model_request) -> None:
    """Observes every client of this process, those that exist and those still to come."""
    for transport in _transport_classes():
        _wrap(transport, match)


def uninstrument_all() -> None:
    """Undoes `instrument_all`."""
    for transport in _transport_classes():
        for name in ("handle_request", "handle_async_request"):
            original = getattr(vars(transport).get(name), _ORIGINAL, None)
            if original is not None:
                setattr(transport, name, original)


def _transport_classes() -> Iterator[Any]:
    for library in _LIBRARIES:
        try:
            module = importlib.import_module(library)
        except ImportError:
            continue
        yield module.HTTPTransport
        yield module.AsyncHTTPTransport


def _wrap(transport: Any, match: Match) -> None:
    """Replaces the methods of a transport object, or of a transport class."""
    for name, observer in (("handle_request", _observed), ("handle_async_request", _observed_async)):
        method = getattr(transport, name, None)
        # Both base classes of a sync and an async transport may be there; a class has its own alone.
        if method is None or getattr(method, _ORIGINAL, None) is not None:
            continue
        wrapped = observer(method, match)
        setattr(wrapped, _ORIGINAL, method)
        setattr(transport, name, wrapped)


def _observed(method: Callable[..., Any], match: Match) -> Callable[..., Any]:
    @functools.wraps(method)
    def handle_request(*args: Any, **kwargs: Any) -> Any:
        call, attempt = _begin(args, kwargs, match)
        if call is None or attempt is None:
            return method(*args, **kwargs)
        token = _observing.set(True)
        try:
            response = method(*args, **kwargs)
        except BaseException as error:
            _broken(attempt, error)
            raise
        finally:
            _observing.reset(token)
        _answered(call, attempt, response, "SyncByteStream")
        return response

    return handle_request


def _observed_async(method: Callable[..., Any], match: Match) -> Callable[..., Any]:
    @functools.wraps(method)
    async def handle_async_request(*args: Any, **kwargs: Any) -> Any:
        call, attempt = _begin(args, kwargs, match)
        if call is None or attempt is None:
            return await method(*args, **kwargs)
        token = _observing.set(True)
        try:
            response = await method(*args, **kwargs)
        except BaseException as error:
            _broken(attempt, error)
            raise
        finally:
            _observing.reset(token)
        _answered(call, attempt, response, "AsyncByteStream")
        return response

    return handle_async_request


def _begin(
    args: tuple[Any, ...], kwargs: dict[str, Any], match: Match
) -> tuple[ModelCall | None, Attempt | None]:
    try:
        call = current_call()
        if call is None or _observing.get():
            return None, None
        request = kwargs.get("request") or args[-1]
        if not match(str(request.method), request.url.path):
            return None, None
        return call, call.observed()
    except Exception as error:
        failed("observing a request", error)
        return None, None


def _broken(attempt: Attempt, error: BaseException) -> None:
    try:
        attempt.failed(error)
        attempt.finish()
    except Exception as failure:
        failed("observing a request", failure)


def _answered(call: ModelCall, attempt: Attempt, response: Any, base: str) -> None:
    """Notes the status; the attempt ends when the body has been read or thrown away."""
    try:
        if 300 <= response.status_code < 400:
            call.discard(attempt)
            return
        attempt.answered(response.status_code)
        library = sys.modules[type(response).__module__.partition(".")[0]]
        response.stream = _stream_class(getattr(library, base))(response.stream, attempt)
    except Exception as error:
        failed("observing a response", error)


@functools.lru_cache(maxsize=8)
def _stream_class(base: type) -> type:
    """A stream of the client library's own kind, which it insists on."""

    class ObservedStream(base):  # type: ignore[misc]  # the base is known only at run time
        def __init__(self, stream: Any, attempt: Attempt) -> None:
            self._stream = stream
            self._attempt = attempt

        def __iter__(self) -> Iterator[bytes]:
            try:
                yield from self._stream
            except Exception as error:
                _broken(self._attempt, error)
                raise

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for chunk in self._stream:
                    yield chunk
            except Exception as error:
                _broken(self._attempt, error)
                raise

        def close(self) -> None:
            self._attempt.finish()
            self._stream.close()

        async def aclose(self) -> None:
            self._attempt.finish()
            await self._stream.aclose()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._stream, name)

    return ObservedStream
