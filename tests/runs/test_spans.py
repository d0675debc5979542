"""Spans of tests: the same, whether written at once or in short."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.otlp import encode
from gnomon.runs.result import MAIN_WORKER, Attempt, TestResult
from gnomon.runs.spans import RunSpans, scope
from gnomon.spool import Journal
from gnomon.spool.journal import spans

SECONDS = st.floats(0, 10**5)


def maker() -> RunSpans:
    return RunSpans(run_id="a" * 32, trace_id="b" * 32, parent=None, suite="100 %", sequence=7)


def in_any_order(span: dict[str, Any]) -> dict[str, Any]:
    """The span with its attributes by name, which is all that their order means."""
    return span | {"attributes": {one["key"]: one["value"] for one in span["attributes"]}}


@st.composite
def results(draw: st.DrawFn) -> TestResult:
    """Plain passes."""
    start = 1.8e9 + draw(SECONDS)
    stop = start + draw(SECONDS)
    return TestResult(
        node_id=draw(st.text(st.characters(max_codepoint=127))),
        worker=draw(st.sampled_from([MAIN_WORKER, "gw0", "a %s b"])),
        execution=1,
        outcome="passed",
        phase=None,
        start=start,
        stop=stop,
        duration=draw(SECONDS),
        call_duration=draw(SECONDS),
        attempts=[Attempt("passed", start, stop)],
        error_type=None,
        message=None,
        path=draw(st.text()),
        line=draw(st.integers(1, 10**6)),
        record={},
    )


@given(results(), st.booleans())
def test_a_plain_pass_in_short(result: TestResult, at_once: bool) -> None:
    """A plain pass in short is the span that its result has otherwise, id and all."""
    assert result.path is not None
    assert result.line is not None
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "a.traces.jsonl", encode.resource({}), scope("pytest"))
        form, tell = maker().plain_passes(result.worker)
        times, durations = (result.start, result.stop), (result.duration, result.call_duration)
        values = tell(result.node_id, times, durations, (result.path, result.line))
        if at_once:
            journal.append(values, form)
        else:
            journal.shorthand(form, lambda _, error: pytest.fail(str(error)))(values)
        (found,) = spans(journal.complete())
    (expected,) = map(json.loads, maker().test(result))
    assert in_any_order(found) == in_any_order(expected)
