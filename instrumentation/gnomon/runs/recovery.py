"""Gives a run that was killed the end that it could not write itself.

A killed run leaves its plan and the spans of the tests it had finished. From those its run span, with
the status `aborted`, the tests that it never came to, and its run points are made, so that it is seen
and counted like any other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gnomon import spool
from gnomon.otlp import encode
from gnomon.runs.plan import Collected, Plan, end_abandoned, missing
from gnomon.runs.points import RunPoints
from gnomon.runs.recorded import plain
from gnomon.runs.result import MAIN_WORKER, Attempt, TestResult
from gnomon.runs.spans import RunSpans
from gnomon.spool import files, journal

_TRACES = ".traces.jsonl"
_END = f".end{_TRACES}"

Spans = list[tuple[dict[str, Any], dict[str, Any]]]
"""Spans with their attributes as plain values in front."""


def recover(directory: Path) -> list[Path]:
    """Completes the journals of dead processes, and the runs that died with them.

    As safe to call as `gnomon.spool.recover`, which it calls; gives the files that came of it.
    """
    made = spool.recover(directory)
    end_abandoned(directory, lambda stem, plan: made.extend(_end(directory, stem, plan)))
    return made


def _end(directory: Path, stem: str, plan: Plan) -> Iterator[Path]:
    """Writes what the run of this plan lacks."""
    if (directory / f"{stem}{_TRACES}{journal.PART}{journal.DAMAGED}").exists():
        return  # what the run had come to is not known
    values = plain(plan.resource.get("attributes", ()))
    spans = _recorded(directory, stem)
    called = list(journal.recorded(directory, lambda name: name.startswith(f"{stem}.")))
    started = values["gnomon.run.started_at"] / 1e9
    ended = max([started, *(int(span["endTimeUnixNano"]) / 1e9 for span in called)])
    ended = max([ended, *(int(span["endTimeUnixNano"]) / 1e9 for _, span in spans)])
    points = RunPoints(values, plan.case_series)
    for attributes, span in spans:
        if "gnomon.test.outcome" in attributes:
            points.add_result(_result(attributes, span))
    if all(span["name"] != "test_run" for _, span in spans):
        never = missing(plan.collected, _seen(spans), ended, plan.stated)
        for result in never:
            points.add_result(result)
        points.settle()
        maker = _maker(plan, values)
        status = {"test.suite.run.status": "aborted", "gnomon.run.collected": points.outcomes.total()}
        lines = [span for result in never for span in maker.test(result)]
        lines.append(maker.run(started, ended, status, failed=True))
        own = encode.traces_line(plan.resource, plan.scope, lines)
        yield files.write(directory / f"{stem}{_END}", [own])
    if not any(name.startswith(f"{stem}.metrics.jsonl") for name in files.names(directory)):
        points.add_spans(called)
        lives = dict.fromkeys(_workers(spans), ended - started)
        line = points.line(plan.scope, started=started, ended=ended, worker_seconds=lives)
        yield files.write(directory / f"{stem}.metrics.jsonl", [line])


def _maker(plan: Plan, values: Mapping[str, Any]) -> RunSpans:
    skills = zip(values.get("gnomon.skills.names", ()), values.get("gnomon.skills.hashes", ()), strict=False)
    return RunSpans(
        run_id=values["gnomon.run.id"],
        trace_id=plan.trace_id,
        parent=plan.parent,
        suite=values["test.suite.name"],
        sequence=values["gnomon.run.sequence"],
        skills_hash=values.get("gnomon.skills.hash"),
        skill_hashes=dict(skills),
    )


def _recorded(directory: Path, stem: str) -> Spans:
    """The spans in the run's own file, whatever became of its delivery."""
    own = journal.recorded(directory, lambda name: name == stem)
    return [(plain(span.get("attributes", ())), span) for span in own]


def _seen(spans: Spans) -> Collected:
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for attributes, _ in spans:
        if "gnomon.test.outcome" in attributes:
            seen[attributes.get("gnomon.worker.id", MAIN_WORKER)][attributes["test.case.name"]] += 1
    return seen


def _workers(spans: Spans) -> set[str]:
    named = {attributes.get("gnomon.worker.id", MAIN_WORKER) for attributes, _ in spans}
    return named - {MAIN_WORKER} or {MAIN_WORKER}


def _result(values: Mapping[str, Any], span: Mapping[str, Any]) -> TestResult:
    """The result that a test's span was made of, as far as counting needs it."""
    record: dict[str, Any] = {"suite": values["test.suite.name"], "case_id": values["gnomon.test.case.id"]}
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
