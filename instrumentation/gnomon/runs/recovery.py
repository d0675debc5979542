"""Gives a run that was killed the end that it could not write itself.

A killed run leaves the spans of the tests it had finished. From those its run span, with the status
`aborted`, and its run points are made, so that it is seen and counted like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gnomon import spool
from gnomon.otlp import encode
from gnomon.runs.points import RunPoints
from gnomon.runs.recorded import plain
from gnomon.runs.result import MAIN_WORKER, Attempt, TestResult
from gnomon.runs.spans import RunSpans, scope
from gnomon.spool import files, journal

_TRACES = ".traces.jsonl"
_END = f".end{_TRACES}"


def recover(directory: Path) -> list[Path]:
    """Completes the journals of dead processes, and the runs that died with them.

    As safe to call as `gnomon.spool.recover`, which it calls; gives the files that came of it.
    """
    recovered = spool.recover(directory)
    made = list(recovered)
    for path in recovered:
        if path.name.startswith("run-") and path.name.count(".") == _TRACES.count("."):
            made += _end(path)
    return made


def _end(path: Path) -> Iterator[Path]:
    """Writes what the run of this file lacks."""
    resource, spans = _read(path)
    values = plain(resource.get("attributes", ()))
    if not spans or any(span["name"] == "test_run" for _, span in spans):
        return
    stem = path.name.removesuffix(_TRACES)
    recorded = [span for extra in path.parent.glob(f"{stem}.*{_TRACES}*") for span in journal.spans(extra)]
    points = RunPoints(values)
    for attributes, span in spans:
        if "gnomon.test.outcome" in attributes:
            points.add_result(_result(attributes, span))
    points.add_spans(recorded)
    points.settle()
    started = values["gnomon.run.started_at"] / 1e9
    ended = max(int(span["endTimeUnixNano"]) for _, span in spans) / 1e9
    first = spans[0][1]
    maker = RunSpans(
        run_id=values["gnomon.run.id"],
        trace_id=first["traceId"],
        parent=None,
        suite=values["test.suite.name"],
        sequence=values["gnomon.run.sequence"],
    )
    own_scope = scope(values["gnomon.run.framework"])
    status = {"test.suite.run.status": "aborted", "gnomon.run.collected": points.outcomes.total()}
    run = maker.run(started, ended, status, failed=True)
    yield files.write(path.with_name(stem + _END), [encode.traces_line(resource, own_scope, [run])])
    line = points.line(
        own_scope,
        started=started,
        ended=ended,
        worker_seconds=dict.fromkeys(_workers(spans), ended - started),
    )
    yield files.write(path.with_name(f"{stem}.metrics.jsonl"), [line])


def _read(path: Path) -> tuple[dict[str, Any], list[tuple[dict[str, Any], dict[str, Any]]]]:
    resource: dict[str, Any] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            resource = json.loads(line)["resourceSpans"][0]["resource"]
    return resource, [(plain(span.get("attributes", ())), span) for span in journal.spans(path)]


def _workers(spans: list[tuple[dict[str, Any], dict[str, Any]]]) -> set[str]:
    named = {attributes.get("gnomon.worker.id", MAIN_WORKER) for attributes, _ in spans}
    return named - {MAIN_WORKER} or {MAIN_WORKER}


def _result(values: Mapping[str, Any], span: Mapping[str, Any]) -> TestResult:
    """The result that a test's span was made of, as far as counting needs it."""
    record: dict[str, Any] = {"suite": values["test.suite.name"]}
    if (category := values.get("gnomon.test.category")) is not None:
        record["category"] = category
    if "gnomon.routing.expected" in values:
        record["routing"] = _routing(values)
    if "gnomon.tool_use.expected" in values:
        record["tools"] = [
            values["gnomon.tool_use.expected"],
            values["gnomon.tool_use.matched"],
            values.get("gnomon.tool_use.missing", []),
        ]
    start, stop = int(span["startTimeUnixNano"]) / 1e9, int(span["endTimeUnixNano"]) / 1e9
    outcome = values["gnomon.test.outcome"]
    return TestResult(
        node_id=values["test.case.name"],
        worker=values.get("gnomon.worker.id", MAIN_WORKER),
        execution=1,
        outcome=outcome,
        phase=values.get("gnomon.test.phase"),
        start=start,
        stop=stop,
        duration=values["gnomon.test.duration"],
        call_duration=values.get("gnomon.test.call.duration", 0.0),
        attempts=[Attempt(outcome, start, stop)] * values["gnomon.test.attempts"],
        error_type=values.get("error.type"),
        message=values.get("gnomon.test.message"),
        path=values.get("code.file.path"),
        line=values.get("code.line.number"),
        record=record,
    )


def _routing(values: Mapping[str, Any]) -> dict[str, Any]:
    routing: dict[str, Any] = {
        "expected": values["gnomon.routing.expected"] or None,
        "alternates": values.get("gnomon.routing.alternates", []),
        "clarification": values.get("gnomon.routing.clarification.expected", False),
        "not_skill": [],
    }
    if "gnomon.routing.actual" in values:
        routing |= {
            "actual": values["gnomon.routing.actual"] or None,
            "clarified": values.get("gnomon.routing.clarification.asked", False),
            # The verdict was given when the test ended, with all that was known then.
            "correct": values["gnomon.routing.correct"],
        }
    return routing
