"""Trace and span ids from the operating system's random source.

The SDK's own generator draws from `random`: a suite that seeds it would repeat our ids, and we would
shift its sequence.
"""

from __future__ import annotations

import os
import struct
from collections import deque

from opentelemetry.sdk.trace.id_generator import IdGenerator

# One system call gives the interpreter's lock away, and a busy program waits to have it back: so
# numbers are fetched by the hundred. Taking one from a deque is atomic.
_BATCH = struct.Struct("256Q")
_pool: deque[int] = deque()


def _random_64() -> int:
    while True:
        try:
            value = _pool.popleft()
        except IndexError:
            _pool.extend(_BATCH.unpack(os.urandom(_BATCH.size)))
            continue
        if value:  # zero is the invalid id of W3C trace context
            return value


# A forked child must not draw the numbers that its parent will draw.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.clear)


class UrandomIdGenerator(IdGenerator):
    """Ids that neither read nor advance the generator of the `random` module."""

    def generate_span_id(self) -> int:
        """A random 64-bit span id."""
        return _random_64()

    def generate_trace_id(self) -> int:
        """A random 128-bit trace id."""
        return _random_64() << 64 | _random_64()

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
