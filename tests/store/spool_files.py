"""Spool files as the plugin and the SDK write them, from a few words each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gnomon.otlp import encode
from gnomon.spool import files

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def hex_id(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def span(
    name: str,
    *,
    trace: str,
    key: str,
    parent: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    events: Sequence[tuple[str, Mapping[str, Any]]] = (),
    started: float = 0.0,
    duration: float = 1.0,
    error: bool = False,
) -> str:
    """One span as JSON text; times are seconds after START, ids are made from `trace` and `key`."""
    begin = START + round(started * SECOND)
    fields: dict[str, Any] = {
        "traceId": hex_id(trace, 32),
        "spanId": hex_id(trace + key, 16),
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(begin),
        "endTimeUnixNano": str(begin + round(duration * SECOND)),
        "attributes": encode.attributes(attributes or {}),
        "status": {"code": 2} if error else {},
        "events": [
            {"name": event, "timeUnixNano": str(begin), "attributes": encode.attributes(values)}
            for event, values in events
        ],
    }
    if parent is not None:
        fields["parentSpanId"] = hex_id(trace + parent, 16)
    return encode.dumps(fields)


def line(resource: Mapping[str, Any], spans: Iterable[str]) -> str:
    return encode.traces_line(encode.resource(resource), encode.scope(), list(spans))


@dataclass
class Run:
    """A planted test run; `spans()` are what its files hold."""

    key: str = "a"
    sequence: int = 1
    suite: str = "routing"
    commit: str | None = "c" * 40
    dirty: bool = False
    started: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)
    finished: bool = True
    status: str = "success"
    tests: list[str] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        return hex_id("run" + self.key, 32)

    @property
    def resource(self) -> dict[str, Any]:
        return {
            "service.name": "demo-tests",
            "deployment.environment.name": "test",
            "test.suite.name": self.suite,
            "gnomon.run.id": self.run_id,
            "gnomon.run.sequence": self.sequence,
            "gnomon.run.framework": "pytest",
            "gnomon.run.started_at": START + round(self.started * SECOND),
            "vcs.repository.name": "demo",
            "vcs.ref.head.revision": self.commit,
            "vcs.ref.head.name": "main",
            "gnomon.vcs.dirty": self.dirty,
            "gnomon.skills.names": ["alpha", "beta"],
            "gnomon.skills.paths": ["alpha/SKILL.md", "beta/SKILL.md"],
            "gnomon.skills.hashes": ["1" * 40, "2" * 40],
            "gnomon.skills.hash": "3" * 64,
            "gnomon.config.paths": ["CLAUDE.md"],
            "gnomon.config.hashes": ["4" * 40],
            "gnomon.config.hash": "5" * 64,
            "gnomon.golden_set.version": "7",
            **self.extra,
        }

    def test(
        self,
        case: str,
        outcome: str = "passed",
        *,
        expected: str | None = None,
        actual: str | None = None,
        attempts: Sequence[str] = (),
        duration: float = 0.5,
        calls: int = 0,
        cost: float | None = 0.01,
        attributes: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Run:
        """Adds a test, its attempts when there were several, and `calls` model calls with one retry each."""
        values: dict[str, Any] = {
            "test.suite.name": self.suite,
            "test.case.name": f"tests/test_routing.py::test_route[{case}]",
            "gnomon.test.case.id": case,
            "gnomon.test.outcome": outcome,
            "gnomon.test.attempts": len(attempts) or (0 if outcome == "not_run" else 1),
            "gnomon.test.duration": duration,
            "gnomon.worker.id": "main",
            "gnomon.run.id": self.run_id,
            "gnomon.run.sequence": self.sequence,
        }
        if outcome in {"passed", "failed"}:
            values["test.case.result.status"] = "pass" if outcome == "passed" else "fail"
        if expected is not None:
            values["gnomon.routing.expected"] = expected
        if actual is not None:
            values |= {"gnomon.routing.actual": actual, "gnomon.routing.correct": actual == expected}
        name = f"routing_test_{case}" if expected is not None else "test_case"
        self.tests.append(
            span(
                name,
                trace=self.key,
                key=key or case,
                parent="run",
                attributes={**values, **(attributes or {})},
                started=self.started + len(self.tests),
                duration=duration,
                error=outcome == "failed",
            )
        )
        for number, attempt in enumerate(attempts, start=1):
            self.tests.append(
                span(
                    "test_attempt",
                    trace=self.key,
                    key=f"{case}#{number}",
                    parent=case,
                    attributes={
                        "gnomon.run.id": self.run_id,
                        "gnomon.test.case.id": case,
                        "gnomon.test.attempt.number": number,
                        "gnomon.test.attempt.outcome": attempt,
                    },
                    started=self.started + len(self.tests),
                )
            )
        for number in range(calls):
            self.tests.append(
                model_call(
                    trace=self.key,
                    key=f"{case}/call{number}",
                    parent=case,
                    cost=cost,
                    attributes={
                        "gnomon.run.id": self.run_id,
                        "gnomon.test.case.id": case,
                        "test.case.name": f"tests/test_routing.py::test_route[{case}]",
                        "gnomon.test.attempt.number": 1,
                    },
                    started=self.started + len(self.tests),
                )
            )
        return self

    def run_span(self) -> str:
        return span(
            "test_run",
            trace=self.key,
            key="run",
            attributes={
                "test.suite.name": self.suite,
                "test.suite.run.status": self.status,
                "gnomon.run.exit_code": 0 if self.status == "success" else 1,
                "gnomon.run.sequence": self.sequence,
                "gnomon.run.collected": len(self.tests),
            },
            started=self.started,
            duration=100.0,
        )

    def worker(self, worker_id: str, *, crashed: bool = False) -> Run:
        self.tests.append(
            span(
                "test_worker",
                trace=self.key,
                key=worker_id,
                parent="run",
                attributes={
                    "gnomon.worker.id": worker_id,
                    "gnomon.worker.crashed": crashed,
                    "gnomon.worker.busy_time": 2.5,
                },
                started=self.started,
            )
        )
        return self

    def spans(self) -> list[str]:
        return [*self.tests, self.run_span()] if self.finished else list(self.tests)

    def lines(self, size: int = 512) -> list[str]:
        spans = self.spans()
        return [line(self.resource, spans[at : at + size]) for at in range(0, len(spans), size)]

    def write(self, spool: Path) -> Path:
        stem = f"run-20231114T221320Z-{self.run_id[:12]}"
        return files.write(spool / f"{stem}.traces.jsonl", self.lines())


def model_call(
    *,
    trace: str,
    key: str,
    parent: str | None = None,
    cost: float | None = 0.01,
    attributes: Mapping[str, Any] | None = None,
    started: float = 0.0,
) -> str:
    """A model call that was refused once (429) and then answered."""
    return span(
        "chat demo-model",
        trace=trace,
        key=key,
        parent=parent,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "demo-model",
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.output_tokens": 20,
            "gen_ai.usage.cache_read.input_tokens": 60,
            "gnomon.model_call.attempts": 2,
            "gnomon.model_call.retries": 1,
            "gnomon.model_call.api_latency": 0.75,
            "gnomon.model_call.retry_gap": 0.25,
            "gnomon.cost.usd": cost,
            "gnomon.cost.source": "none" if cost is None else "estimated",
            **(attributes or {}),
        },
        events=[
            (
                "gnomon.model_call.attempt",
                {
                    "gnomon.model_call.attempt.number": 1,
                    "gnomon.model_call.attempt.latency": 0.25,
                    "http.response.status_code": 429,
                    "error.type": "rate_limited",
                },
            ),
            (
                "gnomon.model_call.attempt",
                {
                    "gnomon.model_call.attempt.number": 2,
                    "gnomon.model_call.attempt.latency": 0.5,
                    "gnomon.model_call.attempt.gap": 0.25,
                    "http.response.status_code": 200,
                },
            ),
        ],
        started=started,
    )


EVERY_OUTCOME = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "crashed", "not_run")


def varied_run(key: str = "a", **values: Any) -> Run:
    """A run with every outcome, reruns, model calls, workers and a wrong route."""
    run = Run(key=key, status="failure", **values)
    for outcome in EVERY_OUTCOME:
        run.test(f"plain-{outcome}", outcome)
    run.test("right", expected="alpha", actual="alpha", calls=2)
    run.test("wrong", "failed", expected="alpha", actual="beta", calls=1, cost=None)
    run.test("silent", "failed", expected="beta")
    run.test("none", expected="", actual="")
    run.test("rerun", attempts=("failed", "failed", "passed"))
    run.test(
        "tools",
        attributes={
            "gnomon.tool_use.expected": 3,
            "gnomon.tool_use.matched": 2,
            "gnomon.tool_use.missing": ["git log"],
        },
    )
    return run.worker("gw0").worker("gw1", crashed=True)
