"""The run's spans as OTLP/JSON text: run, workers, tests, attempts.

A test's span is written for every test of every run, so its text is put together by hand from parts
that are encoded once, and that of a plain pass in short; everything rarer goes through the ordinary encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from types import MappingProxyType
from typing import Any

from gnomon.otlp import encode
from gnomon.otlp.encode import any_value, attributes, dumps, quoted
from gnomon.runs.ids import around_node_id, attempt_span_id, span_id, test_span_id
from gnomon.runs.result import MAIN_WORKER, Attempt, TestResult
from gnomon.runs.routing import correct
from gnomon.spool.forms import Form
from gnomon.version import __version__

MESSAGE_CHARACTERS = 300

_OK, _ERROR = 1, 2
_INTERNAL = 1
_SAMPLED = 0x101  # sampled, and "the parent is not remote" is known
_STATUS = {"passed": "pass", "failed": "fail"}
_FAILURES = frozenset({"failed", "error", "crashed"})


def nanoseconds(seconds: float) -> int:
    """Unix seconds as nanoseconds, rounded to the microsecond: no float of today's seconds holds more."""
    return int(seconds * 1e6 + 0.5) * 1000


def _nanos(seconds: float) -> str:
    return f"{int(seconds * 1e6 + 0.5)}000"


def _seconds(seconds: float) -> str:
    """A duration at microsecond grain; an integer is put into words at a fraction of a float's price."""
    return f"{int(seconds * 1e6 + 0.5)}e-6"


def scope(framework: str) -> dict[str, Any]:
    """The instrumentation scope of a run's spans and points; `framework` as in `gnomon.run.framework`."""
    return encode.scope(f"gnomon.{framework}", __version__)


PlainPass = Callable[[str, tuple[float, float], tuple[float, float], tuple[str, int]], str]
"""Takes a test's node id, its start and stop (Unix seconds), how long it and its call took (seconds), and its
file and line; gives the values of its span."""


class RunSpans:
    """Makes the spans of one run.

    `parent` is the span that the run belongs to (hex, from `TRACEPARENT`), if any. `skill_hashes`
    maps a skill's name to the hash of its file, `skills_hash` is that of the whole set. `messages` and
    `confidence` say whether a failure's message and a router's confidence are written.
    """

    def __init__(
        self,
        *,
        run_id: str,
        trace_id: str,
        parent: str | None,
        suite: str,
        sequence: int,
        skills_hash: str | None = None,
        skill_hashes: Mapping[str, str] = MappingProxyType({}),
        messages: bool = True,
        confidence: bool = True,
    ) -> None:
        self.run_span_id = span_id(run_id, "run")
        self._run_id = run_id
        self._trace_id = trace_id
        self._parent = parent
        self._suite = suite
        self._sequence = sequence
        self._skills_hash = skills_hash
        self._skill_hashes = skill_hashes
        self._messages = messages
        self._confidence = confidence
        self._head = f'{{"traceId":"{trace_id}","spanId":"'
        self._fixed = _joined({"gnomon.run.id": run_id, "gnomon.run.sequence": sequence})
        self._outcomes: dict[tuple[str, str], str] = {}

    # A test.

    def test(self, result: TestResult) -> list[str]:
        """The spans of one test: its own, and those of its attempts where there is something to tell."""
        span = test_span_id(self._run_id, result.worker, result.node_id, result.execution)
        record = result.record
        name = '"test_case"'
        said = event = ""
        if record:
            if "routing" in record:
                name = quoted(f"routing_test_{record.get('case_id') or result.node_id}")
            said = self._said(result)
            event = _verdict_event(result)
        # A test that began in another worker is no part of the last one's life.
        parent = self._parent_of(MAIN_WORKER if result.moved else result.worker)
        own = (
            f'{self._head}{span}","parentSpanId":"{parent}","name":{name},"kind":1,'
            f'"startTimeUnixNano":"{_nanos(result.start)}","endTimeUnixNano":"{_nanos(result.stop)}",'
            f'"attributes":[{self._identity(result)}{self._outcome(result)}{said}],{event}'
            f'"status":{_status(result.outcome)},"flags":{_SAMPLED}}}'
        )
        if len(result.attempts) > 1 or result.outcome == "crashed" or (record and record.get("children")):
            attempts = enumerate(result.attempts, start=1)
            return [own, *(self._attempt(result, span, number, attempt) for number, attempt in attempts)]
        return [own]

    def plain_passes(self, worker: str) -> tuple[Form, PlainPass]:
        """The form of tests that passed at once and said nothing, and what gives the values of each.

        For a test's first execution in this worker and an ASCII node id.
        """
        paths: dict[str, str] = {}

        def values(
            node_id: str, times: tuple[float, float], durations: tuple[float, float], place: tuple[str, int]
        ) -> str:
            # Once a test, with cold caches: all that is touched here is this function's own.
            (start, stop), (duration, call_duration), (path, line) = times, durations, place
            file = paths.get(path)
            if file is None:
                file = paths[path] = quoted(path)
            return (
                f"{encode_basestring_ascii(node_id)}\t{int(start * 1e6 + 0.5)}\t{int(stop * 1e6 + 0.5)}\t"
                f"{file}\t{line}\t{int(duration * 1e6 + 0.5)}\t{int(call_duration * 1e6 + 0.5)}"
            )

        return self._pass_form(worker), values

    def _pass_form(self, worker: str) -> Form:
        """What plain passes in one worker have in common; `plain_passes` gives the values in this order."""
        span, node, start, stop, path, line, duration, call_duration = range(8)
        parts: list[str | int] = [
            *(self._head, span),
            f'","parentSpanId":"{self._parent_of(worker)}","name":"test_case","kind":1,',
            *('"startTimeUnixNano":"', start, '000","endTimeUnixNano":"', stop, '000","attributes":['),
            f"{self._suite_attribute(self._suite)},{self._fixed}{self._outcome_and_worker('passed', worker)}",
            ',{"key":"gnomon.test.attempts","value":{"intValue":"1"}}',
            *(',{"key":"test.case.name","value":{"stringValue":', node),
            *('}},{"key":"gnomon.test.case.id","value":{"stringValue":', node),
            *('}},{"key":"code.file.path","value":{"stringValue":', path),
            *('}},{"key":"code.line.number","value":{"intValue":"', line),
            *('"}},{"key":"gnomon.test.duration","value":{"doubleValue":', duration),
            *('e-6}},{"key":"gnomon.test.call.duration","value":{"doubleValue":', call_duration),
            f'e-6}}}}],"status":{_status("passed")},"flags":{_SAMPLED}}}',
        ]
        return Form.of(parts, *around_node_id(self._run_id, worker, 1))

    def _parent_of(self, worker: str) -> str:
        return self.run_span_id if worker == MAIN_WORKER else self.worker_span_id(worker)

    @staticmethod
    def _suite_attribute(suite: str) -> str:
        return f'{{"key":"test.suite.name","value":{{"stringValue":{quoted(suite)}}}}}'

    def _identity(self, result: TestResult) -> str:
        node = quoted(result.node_id)
        record = result.record
        case = quoted(str(record["case_id"])) if record and record.get("case_id") else node
        return (
            f"{self._suite_attribute(record.get('suite', self._suite))},"
            f'{{"key":"test.case.name","value":{{"stringValue":{node}}}}},'
            f'{{"key":"gnomon.test.case.id","value":{{"stringValue":{case}}}}},{self._fixed}{_place(result)}'
        )

    def _outcome_and_worker(self, outcome: str, worker: str) -> str:
        key = (outcome, worker)
        fixed = self._outcomes.get(key)
        if fixed is None:
            fixed = self._outcomes[key] = "," + _joined(
                {
                    "gnomon.test.outcome": outcome,
                    "test.case.result.status": _STATUS.get(outcome),
                    "gnomon.worker.id": worker,
                }
            )
        return fixed

    def _outcome(self, result: TestResult) -> str:
        parts = (
            f"{self._outcome_and_worker(result.outcome, result.worker)},"
            f'{{"key":"gnomon.test.attempts","value":{{"intValue":"{len(result.attempts)}"}}}},'
            f'{{"key":"gnomon.test.duration","value":{{"doubleValue":{_seconds(result.duration)}}}}},'
            f'{{"key":"gnomon.test.call.duration","value":{{"doubleValue":{_seconds(result.call_duration)}}}}}'
        )
        if result.outcome == "passed":
            return parts
        why = {
            "gnomon.test.phase": result.phase,
            "error.type": result.error_type,
            "gnomon.test.message": self._message(result),
        }
        return f"{parts},{more}" if (more := _joined(why)) else parts

    def _message(self, result: TestResult) -> str | None:
        if not self._messages or result.message is None:
            return None
        message = result.message
        return message if len(message) <= MESSAGE_CHARACTERS else message[: MESSAGE_CHARACTERS - 1] + "…"

    def _said(self, result: TestResult) -> str:
        """What the test said of itself, as attributes with a comma in front."""
        record = result.record
        values: dict[str, Any] = {"gnomon.test.category": record.get("category")}
        if (routing := record.get("routing")) is not None:
            values |= _routing_attributes(routing, self._confidence)
            expected = routing.get("expected")
            values["skill.md.hash"] = self._skill_hashes.get(expected or "", self._skills_hash)
        if (tools := record.get("tools")) is not None:
            values |= {
                "gnomon.tool_use.expected": tools[0],
                "gnomon.tool_use.matched": tools[1],
                "gnomon.tool_use.missing": tools[2],
            }
        if (totals := record.get("totals")) is not None:
            values |= {attribute: totals.get(key) for attribute, key in _TOTALS.items()}
        return f",{parts}" if (parts := _joined(values)) else ""

    def _attempt(self, result: TestResult, test_span: str, number: int, attempt: Attempt) -> str:
        return self._span(
            attempt_span_id(test_span, number),
            test_span,
            "test_attempt",
            start=attempt.start,
            stop=attempt.stop,
            values={
                "gnomon.test.attempt.number": number,
                "gnomon.test.attempt.outcome": attempt.outcome,
                "gnomon.test.case.id": result.record.get("case_id") or result.node_id,
                "gnomon.run.id": self._run_id,
                "error.type": attempt.error_type,
            },
            failed=attempt.outcome in _FAILURES,
        )

    # The run and its workers.

    def worker_span_id(self, worker: str) -> str:
        """The span of an xdist worker, `gw0` and so on."""
        return span_id(self._run_id, "worker", worker)

    def worker(self, worker: str, start: float, stop: float, busy: float, crashed: bool) -> str:
        """An xdist worker's span. Times are Unix seconds, `busy` seconds in tests."""
        return self._span(
            self.worker_span_id(worker),
            self.run_span_id,
            "test_worker",
            start=start,
            stop=stop,
            values={
                "gnomon.worker.id": worker,
                "gnomon.worker.crashed": crashed,
                "gnomon.worker.busy_time": busy,
                "gnomon.run.id": self._run_id,
            },
            failed=crashed,
        )

    def run(
        self,
        start: float,
        stop: float,
        values: Mapping[str, Any],
        *,
        failed: bool,
        events: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """The run's own span, the root of its trace; `events` are OTLP/JSON events."""
        common = {
            "test.suite.name": self._suite,
            "gnomon.run.id": self._run_id,
            "gnomon.run.sequence": self._sequence,
        }
        return self._span(
            self.run_span_id,
            self._parent,
            "test_run",
            start=start,
            stop=stop,
            values=common | dict(values),
            failed=failed,
            events=events,
        )

    def _span(
        self,
        own: str,
        parent: str | None,
        name: str,
        *,
        start: float,
        stop: float,
        values: Mapping[str, Any],
        failed: bool,
        events: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        fields: dict[str, Any] = {"traceId": self._trace_id, "spanId": own}
        if parent:
            fields["parentSpanId"] = parent
        fields |= {
            "name": name,
            "kind": _INTERNAL,
            "startTimeUnixNano": _nanos(start),
            "endTimeUnixNano": _nanos(max(start, stop)),
            "attributes": attributes(values),
            "status": {"code": _ERROR if failed else _OK},
            "flags": _SAMPLED,
        }
        if events:
            fields["events"] = list(events)
        return dumps(fields)


_TOTALS = {
    "gnomon.test.model_calls": "calls",
    "gnomon.test.retries": "retries",
    "gnomon.test.api_latency": "api_latency",
    "gnomon.test.input_tokens": "input_tokens",
    "gnomon.test.output_tokens": "output_tokens",
    "gnomon.test.cost.usd": "cost_usd",
}


def _routing_attributes(routing: Mapping[str, Any], confidence: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "expected" in routing:
        values |= {
            "gnomon.routing.expected": routing["expected"] or "",
            "gnomon.routing.alternates": routing["alternates"] or None,
            "gnomon.routing.clarification.expected": routing["clarification"],
        }
    if "actual" in routing:
        values |= {
            "gnomon.routing.actual": routing["actual"] or "",
            "gnomon.routing.clarification.asked": routing["clarified"],
            "gnomon.routing.confidence": routing.get("confidence") if confidence else None,
            "gnomon.routing.correct": correct(routing),
        }
    return values


def _verdict_event(result: TestResult) -> str:
    """The verdict as OpenTelemetry's `gen_ai.evaluation.result`, with a comma behind."""
    verdict = correct(result.record.get("routing") or {})
    if verdict is None:
        return ""
    event = {
        "timeUnixNano": _nanos(result.stop),
        "name": "gen_ai.evaluation.result",
        "attributes": attributes(
            {
                "gen_ai.evaluation.name": "routing",
                "gen_ai.evaluation.score.value": 1.0 if verdict else 0.0,
                "gen_ai.evaluation.score.label": "pass" if verdict else "fail",
            }
        ),
    }
    return f'"events":[{dumps(event)}],'


def _status(outcome: str) -> str:
    if outcome == "passed":
        return '{"code":1}'
    return '{"code":2}' if outcome in _FAILURES else "{}"


def _place(result: TestResult) -> str:
    """Where the test stands in the code, as attributes with a comma in front."""
    parts = ""
    if result.path is not None:
        parts += f',{{"key":"code.file.path","value":{{"stringValue":{quoted(result.path)}}}}}'
    if result.line is not None:
        parts += f',{{"key":"code.line.number","value":{{"intValue":"{result.line}"}}}}'
    return parts


def _joined(values: Mapping[str, Any]) -> str:
    return ",".join(
        dumps({"key": key, "value": any_value(value)}) for key, value in values.items() if value is not None
    )
