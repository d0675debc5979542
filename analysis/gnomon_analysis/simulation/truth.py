"""What really was emitted, counted from the plan and not from the telemetry, by hour and by who and where."""

from __future__ import annotations

import heapq
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

from gnomon import prices
from gnomon_analysis.simulation.plan import Call, Request, Skill, Step, Task, Tool

FORMAT = 1
_HOUR = 3_600

Key = tuple[tuple[str, str], ...]
"""Dimensions with their values, in a fixed order."""

Measures = dict[str, Any]
"""Numbers by name, or by name and kind: `{"calls": 3, "retries": {"timeout": 1}}`."""


def moment_text(moment: float) -> str:
    """A moment (Unix seconds) as ISO 8601 in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def cost_of(call: Call, shift: float) -> float | None:
    """What a call cost by the price list of the day with which it is stamped; None where it is not known."""
    return prices.cost(call.usage, call.model, call.provider, call.start + shift).usd


@dataclass(frozen=True, slots=True)
class Counted:
    """What one process counted; `hours` is a file of its own with a line an hour, if hours are wanted."""

    totals: Measures
    by: Mapping[str, Mapping[str, Measures]]
    spans: int
    runs: Sequence[Mapping[str, Any]]
    hours: Path | None


class Truth:
    """Counts tasks, which come in the order of their ends; what an hour came to goes to a file then.

    The file `hours` is temporary, and its owner's to remove. Without it the totals alone are kept.
    """

    def __init__(self, hours: Path | None) -> None:
        self._totals: Measures = {}
        self._spans = 0
        self._by: dict[str, dict[str, Measures]] = {}
        self._rows: defaultdict[Key, Measures] = defaultdict(dict)
        self._hour = 0
        self._runs: list[Mapping[str, Any]] = []
        self._path = hours
        self._hours: TextIO | None = None if hours is None else hours.open("w", encoding="utf-8")

    def count(self, task: Task, shift: float) -> None:
        """Counts a task in the hour of its end, `shift` seconds from its simulated times."""
        hour = int((task.end + shift) // _HOUR)
        if hour != self._hour:
            self._settle()
            self._hour = hour
        if task.workflow:
            self._workflow(task)
        for request in task.requests:
            self._request(request)
            where = _where(request)
            for step in request.steps:
                self._step(step, where, shift)

    def add_run(self, run: Mapping[str, Any]) -> None:
        """Adds what a run of tests came to."""
        if self._path is not None:
            self._runs.append(run)

    def _workflow(self, task: Task) -> None:
        first = task.requests[0]
        row = self._rows[
            ("environment", first.environment),
            ("department", first.agent.department),
            ("workflow", task.workflow),
        ]
        self._spans += 1
        _count(row, "workflows", task.end - task.start, task.error_type)

    def _request(self, request: Request) -> None:
        self._spans += 1
        row = self._rows[(*_where(request), ("version", request.version))]
        _count(row, "requests", request.duration, request.error_type)

    def _step(self, step: Step, where: Key, shift: float) -> None:
        self._spans += 1
        if isinstance(step, Call):
            row = self._rows[(*where, ("provider", step.provider), ("model", step.model))]
            count_call(row, step, shift)
        elif isinstance(step, Skill):
            _count(self._rows[(*where, ("skill", step.name))], "skill_uses", step.duration, "")
            for tool in step.tools:
                self._step(tool, where, shift)
        elif isinstance(step, Tool):
            _count(self._rows[(*where, ("tool", step.name))], "tool_calls", step.duration, step.error_type)

    def _settle(self) -> None:
        """Closes the hour: adds it to the totals and writes its rows."""
        for key, measures in self._rows.items():
            _merge(self._totals, measures)
            for dimension, value in key:
                _merge(self._by.setdefault(dimension, {}).setdefault(value, {}), measures)
        if self._hours is not None and self._rows:
            rows = [{**dict(key), **measures} for key, measures in sorted(self._rows.items())]
            line = json.dumps({"hour": moment_text(self._hour * _HOUR), "rows": rows})
            self._hours.write(f"{line}\n")
        self._rows.clear()

    def close(self) -> Counted:
        """Settles the last hour, and gives what was counted."""
        self._settle()
        if self._hours is not None:
            self._hours.close()
        return Counted(self._totals, self._by, self._spans, self._runs, self._path)


def totals_of(parts: Iterable[Counted]) -> Measures:
    """The totals of several processes together."""
    totals: Measures = {}
    for part in parts:
        _merge(totals, part.totals)
    return totals


def write_truth(path: Path, header: Mapping[str, Any], parts: Sequence[Counted]) -> None:
    """Writes the truth file, in one step; `header` stands at its beginning.

    Hours are read and written one by one, so that a long simulation needs no more memory than a short one.
    Raises OSError where it cannot be written.
    """
    by: Measures = {}
    for part in parts:
        _merge(by, part.by)
    whole = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with ExitStack() as stack, whole.open("w", encoding="utf-8") as out:
            files = [stack.enter_context(part.hours.open(encoding="utf-8")) for part in parts if part.hours]
            said = {"format": FORMAT, **header, "totals": totals_of(parts), "by": by}
            out.write(json.dumps(said, indent=1)[:-2])
            _write_list(out, "runs", (json.dumps(run) for part in parts for run in part.runs))
            _write_list(out, "hours", _hours(files))
            out.write("\n}\n")
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)


def _hours(files: Iterable[Iterable[str]]) -> Iterator[str]:
    """The hours of several processes in their order, the rows of each hour together."""
    lines = heapq.merge(*(map(json.loads, file) for file in files), key=_hour_of)
    for hour, several in groupby(lines, key=_hour_of):
        rows = [row for each in several for row in each["rows"]]
        yield json.dumps({"hour": hour, "rows": rows})


def _hour_of(line: Mapping[str, Any]) -> str:
    return str(line["hour"])


def _write_list(out: TextIO, name: str, lines: Iterable[str]) -> None:
    out.write(f',\n "{name}": [')
    for number, line in enumerate(lines):
        out.write(f"{',' if number else ''}\n  {line}")
    out.write("\n ]")


def _where(request: Request) -> Key:
    return (
        ("environment", request.environment),
        ("department", request.agent.department),
        ("agent", request.agent.name),
    )


def _count(row: Measures, name: str, seconds: float, error_type: str) -> None:
    row[name] = row.get(name, 0) + 1
    row[f"{name}_seconds"] = row.get(f"{name}_seconds", 0.0) + seconds
    if error_type:
        _add(row, f"{name}_failed", error_type, 1)


def _add(row: Measures, name: str, kind: str, number: float) -> None:
    kinds = row.setdefault(name, {})
    kinds[kind] = kinds.get(kind, 0) + number


def count_call(row: Measures, call: Call, shift: float) -> None:
    """Adds a model call to a row; `shift` seconds lie between its times and those that it is stamped with."""
    _count(row, "calls", call.duration, call.error_type)
    row["attempts"] = row.get("attempts", 0) + len(call.attempts)
    for attempt in call.attempts[:-1]:
        _add(row, "retries", attempt.error_type, 1)
    if call.usage is not None:
        for kind in ("input", "output", "cache_read", "cache_write", "reasoning"):
            _add(row, "tokens", kind, getattr(call.usage, kind))
    usd = cost_of(call, shift)
    if usd is None:
        row["unpriced_calls"] = row.get("unpriced_calls", 0) + 1
    else:
        row["cost_usd"] = row.get("cost_usd", 0.0) + usd


def _merge(into: Measures, more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict):
            _merge(into.setdefault(name, {}), value)
        else:
            into[name] = into.get(name, 0) + value
