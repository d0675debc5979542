"""Span ids that are derived and not drawn: whoever knows what they stand for agrees on them."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

_ZERO = "0" * 16
_ONE = "0" * 15 + "1"


def derived(data: bytes) -> str:
    """64 bits derived from the data, as lower-case hex; never all zero, which OpenTelemetry forbids."""
    return _valid(blake2b(data, digest_size=8).hexdigest())


def derived_between(before: bytes, after: bytes) -> Callable[[bytes], str]:
    """Gives what is `derived` from the data between these two, for many: what all begin with is read once."""
    begun = blake2b(before, digest_size=8)

    def derive(data: bytes) -> str:
        whole = begun.copy()
        whole.update(data + after)
        return _valid(whole.hexdigest())

    return derive


def _valid(value: str) -> str:
    return value if value != _ZERO else _ONE
