"""Counts the attempts of model calls that travel through requests, urllib3's own retries included.

urllib3 retries inside one `Session.request`. Its `Retry` object is told of every failed try
(`increment`) and does the waiting (`sleep`): a subclass of the one in use listens there. The attempts
join the `gnomon.model_call` that is current; without one nothing is counted.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar
from urllib.parse import urlsplit

from gnomon.clients.endpoints import Match, is_model_request
from gnomon.sdk.attempts import Attempt
from gnomon.sdk.calls import ModelCall, current_call
from gnomon.sdk.guard import failed

T = TypeVar("T")

_MARK = "_gnomon_observed"


class _Exchange:
    """One `Session.request`: the call that it belongs to and the try that is under way."""

    __slots__ = ("attempt", "call")

    def __init__(self, call: ModelCall) -> None:
        self.call = call
        self.attempt: Attempt | None = call.observed()

    def tried(self, response: Any, error: BaseException | None) -> None:
        """The try under way is over, and another may follow."""
        attempt = self._current()
        if error is not None:
            attempt.failed("connection" if _is_refusal(error) else error)
        elif response is not None:
            attempt.answered(response.status)
        attempt.finish()
        self.attempt = None

    def ended(self, response: Any, error: BaseException | None) -> None:
        """The last try is over, save that its body may still be under way."""
        attempt = self.attempt
        if attempt is None:
            return  # the retries are used up: the last try was counted when it failed
        if error is not None:
            attempt.failed(error)
            attempt.finish()
            return
        attempt.answered(response.status_code)
        if 300 <= response.status_code < 400:
            self.call.discard(attempt)
        _follow_body(response.raw, attempt)

    def _current(self) -> Attempt:
        if self.attempt is None:
            self.attempt = self.call.observed()
        return self.attempt

    def waited(self) -> None:
        """The pause before a retry is over: the next try begins."""
        if self.attempt is None:
            self.attempt = self.call.observed()


def _is_refusal(error: BaseException) -> bool:
    """Whether no connection came about. urllib3 derives this from its error for one that took too long."""
    return any(kind.__name__ == "NewConnectionError" for kind in type(error).__mro__)


def _follow_body(raw: Any, attempt: Attempt) -> None:
    """Ends the attempt when urllib3 gives the connection back: the body was read or thrown away.

    One that breaks off, or does not come in time, fails the attempt.
    """
    release, read = getattr(raw, "release_conn", None), getattr(raw, "stream", None)
    if release is None or read is None or getattr(raw, "closed", True):
        attempt.finish()
        return

    def release_conn() -> None:
        attempt.finish()
        release()

    def stream(*args: Any, **kwargs: Any) -> Iterator[bytes]:
        try:
            yield from read(*args, **kwargs)
        except Exception as error:
            _safely(attempt.failed, error)
            attempt.finish()
            raise

    raw.release_conn = release_conn
    raw.stream = stream


_exchange: ContextVar[_Exchange | None] = ContextVar("gnomon_requests_exchange", default=None)


def instrument(session: T, *, match: Match = is_model_request) -> T:
    """Observes the requests of a `requests.Session`, and gives it back.

    Adapters mounted later are not seen; calling it again takes them in and does the others no harm.
    `match` decides which requests are calls to a model. Never raises.
    """
    try:
        for adapter in getattr(session, "adapters", {}).values():
            if not getattr(adapter, _MARK, False):
                adapter.send = _observed(adapter.send, match)
                if hasattr(adapter, "max_retries"):
                    adapter.max_retries = _listening(adapter.max_retries)
                setattr(adapter, _MARK, True)
    except Exception as error:
        failed("observing a requests session", error)
    return session


def _observed(send: Callable[..., Any], match: Match) -> Callable[..., Any]:
    @functools.wraps(send)
    def observed_send(request: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = _begin(request, match)
        if exchange is None:
            return send(request, *args, **kwargs)
        token = _exchange.set(exchange)
        try:
            response = send(request, *args, **kwargs)
        except BaseException as error:
            _safely(exchange.ended, None, error)
            raise
        finally:
            _exchange.reset(token)
        _safely(exchange.ended, response, None)
        return response

    return observed_send


def _begin(request: Any, match: Match) -> _Exchange | None:
    try:
        call = current_call()
        if call is None or not match(str(request.method), urlsplit(request.url).path):
            return None
        return _Exchange(call)
    except Exception as error:
        failed("observing a request", error)
        return None


def _safely(note: Callable[..., None], *args: Any) -> None:
    try:
        note(*args)
    except Exception as error:
        failed("observing a request", error)


def _listening(retry: Any) -> Any:
    """The same retry policy, of a class that tells what it does."""
    kind: Any = type(retry)
    copy = retry.new()
    copy.__class__ = _listening_class(kind)
    return copy


@functools.lru_cache(maxsize=8)
def _listening_class(base: Any) -> Any:
    class ListeningRetry(base):  # type: ignore[misc]  # the base is known only at run time
        def increment(self, *args: Any, **kwargs: Any) -> Any:
            exchange = _exchange.get()
            if exchange is not None:
                told = dict(zip(("method", "url", "response", "error"), args, strict=False)) | kwargs
                _safely(exchange.tried, told.get("response"), told.get("error"))
            return super().increment(*args, **kwargs)

        def sleep(self, *args: Any, **kwargs: Any) -> None:
            super().sleep(*args, **kwargs)
            exchange = _exchange.get()
            if exchange is not None:
                _safely(exchange.waited)

        def __reduce_ex__(self, protocol: Any) -> Any:
            # A session that is copied or pickled arrives unobserved, and needs nothing of ours where it does.
            return object.__new__, (base,), self.__dict__

    return ListeningRetry
