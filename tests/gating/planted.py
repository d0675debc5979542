"""Sides of a comparison made by hand: results of tests with what matters to the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gnomon_analysis.gating.observations import Conditions, Side
from gnomon_analysis.store import ModelCallTotals, ResultRow, RunRow, Tally

START = datetime(2026, 5, 4, 9, tzinfo=UTC)
MODEL = "anthropic demo-model"

_RESULT: dict[str, Any] = {
    "run_id": "", "span_id": "", "suite": "routing", "case_name": "", "category": None, "outcome": "passed",
    "phase": None, "attempts": 1, "duration": 1.0, "call_duration": None, "worker_id": "main",
    "error_type": None, "message": None, "file": None, "line": None, "started_at": START,
    "expected": "alpha", "alternates": (), "actual": "alpha", "correct": True,
    "clarification_expected": None, "clarification_asked": None, "confidence": None, "tools_expected": None,
    "tools_matched": None, "tools_missing": (), "skill_hash": None,
}  # fmt: skip


def result(
    case: str,
    good: bool = True,
    *,
    latency: float | None = None,
    cost: float | None = None,
    tokens: int = 100,
    **values: Any,
) -> ResultRow:
    """One test; with a latency it made one model call."""
    calls = ModelCallTotals()
    if latency is not None:
        calls = ModelCallTotals(
            calls=1,
            input_tokens=tokens,
            cost_usd=cost,
            unpriced=int(cost is None),
            api_latency=latency,
        )
    routed = {
        "outcome": "passed" if good else "failed",
        "correct": good,
        "actual": "alpha" if good else "beta",
    }
    return ResultRow(**{**_RESULT, **routed, "case_id": case, "calls": calls, **values})


def run(number: int, commit: str, **values: Any) -> RunRow:
    """A run that came to its end."""
    started = START + timedelta(minutes=number)
    known: dict[str, Any] = {
        "run_id": f"{commit[:4]}{number:028d}", "sequence": number, "suite": "routing", "status": "success",
        "complete": True, "exit_code": 0, "collected": 1, "framework": "pytest", "started_at": started,
        "ended_at": started + timedelta(seconds=60), "duration": 60.0, "commit": commit, "branch": "main",
        "dirty": False, "repository": "shop", "environment": "test", "department": None, "agent": None,
        "service": None, "golden_set_version": "1", "skills_hash": None, "config_hash": None,
        "pipeline_url": None, "trace_id": None, "tally": Tally(),
        "calls": ModelCallTotals(calls=1, cost_usd=0.5),
    }  # fmt: skip
    return RunRow(**{**known, **values})


def side(
    commit: str,
    runs: Sequence[Sequence[ResultRow]],
    *,
    conditions: Mapping[str, frozenset[str]] | None = None,
) -> Side:
    """A side with one sequence of results a run."""
    rows = [run(number, commit) for number in range(len(runs))]
    known = {
        "models": frozenset({MODEL}),
        "golden_sets": frozenset({"1"}),
        "environments": frozenset({"test"}),
        **(conditions or {}),
    }
    return Side(
        commit=commit,
        suite="routing",
        runs=tuple(rows),
        results={row.run_id: tuple(results) for row, results in zip(rows, runs, strict=True)},
        conditions=Conditions(**known),
    )
