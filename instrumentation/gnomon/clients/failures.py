"""Why a call failed that began well: by then its status is 200, and an API says the rest in words.

Sources: docs.anthropic.com, "Errors"; platform.openai.com, "Error codes"; openrouter.ai, "Errors", for
statuses in place of words.
"""

from __future__ import annotations

from gnomon import error_types
from gnomon.clients.reading import View

_WORDS = {
    "rate_limit_error": error_types.RATE_LIMITED,
    "rate_limit_exceeded": error_types.RATE_LIMITED,
    "insufficient_quota": error_types.RATE_LIMITED,
    "overloaded_error": error_types.SERVER,
    "api_error": error_types.SERVER,
    "server_error": error_types.SERVER,
    "timeout_error": error_types.TIMEOUT,
    "content_filter": error_types.CONTENT_FILTER,
    "invalid_request_error": error_types.CLIENT,
    "authentication_error": error_types.CLIENT,
    "billing_error": error_types.CLIENT,
    "permission_error": error_types.CLIENT,
    "not_found_error": error_types.CLIENT,
    "request_too_large": error_types.CLIENT,
}


def told_by(answer: View) -> str | None:
    """The error type that an API's error tells, bare or in what it is sent in; None where it tells none."""
    error = answer.part("error") if answer.has("error") else answer
    code = error.get("code")
    if isinstance(code, int):
        return error_types.of_status(code)
    return _WORDS.get(error.text("code") or "") or _WORDS.get(error.text("type") or "")
