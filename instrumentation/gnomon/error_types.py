"""Why a call failed, in the few words that a metric's label may hold.

Exceptions are recognised by shape, so that no client library needs to be imported: a status code
somewhere on them, or the words that client libraries agree on in their class names.
"""

from __future__ import annotations

from gnomon.registry.values import ERROR_TYPES

RATE_LIMITED, SERVER, TIMEOUT, CLIENT, CONNECTION, CONTENT_FILTER, TOOL, ASSERTION, OTHER = ERROR_TYPES

_TOO_MANY_REQUESTS = 429
_REQUEST_TIMEOUT = 408


def of_status(status: int | None) -> str | None:
    """The error type of an HTTP status, or None where the status is no error."""
    if status is None or status < 400:
        return None
    if status == _TOO_MANY_REQUESTS:
        return RATE_LIMITED
    if status == _REQUEST_TIMEOUT:
        return TIMEOUT
    return SERVER if status >= 500 else CLIENT


def named(error_type: object) -> str | None:
    """One of the error types as a caller names it, or as its exception says; None for none."""
    if isinstance(error_type, BaseException):
        return of_exception(error_type)
    return error_type if error_type in ERROR_TYPES else OTHER if error_type else None


def failure_in(error: BaseException | None) -> BaseException | None:
    """The exception that left a block, if it says that what ran there failed.

    A generator that its consumer leaves early has not, nor a program that exits with success.
    """
    if isinstance(error, SystemExit):
        return None if error.code in (None, 0) else error
    return None if isinstance(error, GeneratorExit) else error


def of_exception(error: BaseException) -> str:
    """The error type of an exception, whichever client library it came from."""
    if by_status := of_status(status_of(error)):
        return by_status
    names = [kind.__name__.lower() for kind in type(error).__mro__]
    if isinstance(error, TimeoutError) or any("timeout" in name or "timedout" in name for name in names):
        return TIMEOUT
    if any("contentfilter" in name for name in names):
        return CONTENT_FILTER
    if isinstance(error, ConnectionError) or any(
        word in name for name in names for word in ("connect", "networkerror", "protocolerror", "readerror")
    ):
        return CONNECTION
    if isinstance(error, AssertionError):
        return ASSERTION
    return OTHER


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an exception carries, if it carries one."""
    for holder in (error, _read(error, "response")):
        for name in ("status_code", "status", "code"):
            value = _read(holder, name)
            if isinstance(value, int) and not isinstance(value, bool) and 100 <= value < 600:
                return value
    return None


def _read(holder: object, name: str) -> object:
    try:
        return getattr(holder, name, None)
    except Exception:  # a property of the host's own class
        return None
