"""Trace and span ids from the operating system's random source.

The SDK's own generator draws from `random`: a suite that seeds it would repeat our ids, and we would
shift its sequence.
"""

from __future__ import annotations

import os

from opentelemetry.sdk.trace.id_generator import IdGenerator

_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8


def _random(size: int) -> int:
    value = 0
    while value == 0:  # zero is the invalid id of W3C trace context
        value = int.from_bytes(os.urandom(size), "big")
    return value


class UrandomIdGenerator(IdGenerator):
    """Ids that neither read nor advance the generator of the `random` module."""

    def generate_span_id(self) -> int:
        """A random 64-bit span id."""
        return _random(_SPAN_ID_BYTES)

    def generate_trace_id(self) -> int:
        """A random 128-bit trace id."""
        return _random(_TRACE_ID_BYTES)

    def is_trace_id_random(self) -> bool:
        """All bits are random, as W3C trace context level 2 lets us say."""
        return True


class OneTraceIdGenerator(UrandomIdGenerator):
    """Gives every root span the same trace id: a test run is one trace."""

    def __init__(self, trace_id: int) -> None:
        self._trace_id = trace_id

    def generate_trace_id(self) -> int:
        """The run's trace id."""
        return self._trace_id
