"""Ids of a run: random where a run begins, derived from there on.

A test's span id follows from the run's id, the worker and the test, so that the process that runs a
test and the one that sees its result agree on it without a word, and a worker that dies takes no
id with it. Nothing here touches `random`: a suite that seeds it must not repeat our ids, nor we
disturb its sequence.
"""

from __future__ import annotations

import os
from hashlib import blake2b

_ZERO = "0" * 16
_ONE = "0" * 15 + "1"


def new_run_id() -> str:
    """128 random bits as lower-case hex; never all zero, which OpenTelemetry forbids."""
    while True:
        value = os.urandom(16).hex()
        if value.strip("0"):
            return value


def span_id(*parts: str) -> str:
    """64 bits derived from the parts, as lower-case hex; never all zero, either."""
    return _never_zero(blake2b(_bytes("\0".join(parts)), digest_size=8).hexdigest())


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _never_zero(value: str) -> str:
    return value if value != _ZERO else _ONE


def test_span_id(run_id: str, worker: str, node_id: str, execution: int) -> str:
    """The span of one execution of a test; `execution` counts from 1 where a test runs repeatedly."""
    return TestSpanIds(run_id)(worker, node_id, execution)


class TestSpanIds:
    """`test_span_id` for many tests of one run: what they have in common is hashed once."""

    __test__ = False

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._begun: dict[str, blake2b] = {}

    def __call__(self, worker: str, node_id: str, execution: int) -> str:
        """The id of one execution of a test."""
        begun = self._begun.get(worker)
        if begun is None:
            begun = self._begun[worker] = blake2b(_bytes(f"{self._run_id}\0{worker}\0"), digest_size=8)
        test = begun.copy()
        test.update(_bytes(f"{node_id}\0{execution}"))
        return _never_zero(test.hexdigest())


def attempt_span_id(test_span: str, attempt: int) -> str:
    """The span of one attempt of a test, counted from 1."""
    return span_id(test_span, str(attempt))


test_span_id.__test__ = False  # type: ignore[attr-defined]
