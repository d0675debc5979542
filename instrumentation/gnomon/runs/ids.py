"""Ids of a run: random where a run begins, derived from there on.

A test's span id follows from the run's id, the worker and the test, so that the process that runs a
test and the one that sees its result agree on it without a word, and a worker that dies takes no
id with it. Nothing here touches `random`: a suite that seeds it must not repeat our ids, nor we
disturb its sequence.
"""

from __future__ import annotations

import os

from gnomon.otlp.ids import derived


def new_run_id() -> str:
    """128 random bits as lower-case hex; never all zero, which OpenTelemetry forbids."""
    while True:
        value = os.urandom(16).hex()
        if value.strip("0"):
            return value


def span_id(*parts: str) -> str:
    """64 bits derived from the parts, as lower-case hex; never all zero, either."""
    return derived(_bytes("\0".join(parts)))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def test_span_id(run_id: str, worker: str, node_id: str, execution: int) -> str:
    """The span of one execution of a test; `execution` counts from 1 where a test runs repeatedly."""
    before, after = around_node_id(run_id, worker, execution)
    return derived(_bytes(f"{before}{node_id}{after}"))


def around_node_id(run_id: str, worker: str, execution: int) -> tuple[str, str]:
    """What `test_span_id` puts before and behind a test's node id."""
    return f"{run_id}\0{worker}\0", f"\0{execution}"


def attempt_span_id(test_span: str, attempt: int) -> str:
    """The span of one attempt of a test, counted from 1."""
    return span_id(test_span, str(attempt))


test_span_id.__test__ = False  # type: ignore[attr-defined]
