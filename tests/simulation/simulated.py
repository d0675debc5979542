"""Runs `gnomon simulate` as a process of its own, and reads what it leaves."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.cli.run import gnomon
from tests.spool_reader import Point, Span, read_points, read_spans

# Much in little time: few agents, of which each is asked often, and incidents at once.
SCENARIO = """
name: desk
agents: 6
departments: [support, {name: sales, share: 0.5}]
environments: [{name: production, share: 3}, {name: staging, agents_percent: 50}]
work: {workflow_percent: 20}
calls: {attempt_failed_percent: 6, attempts: 3}
incidents:
  - {name: storm, kind: rate_limited, after: 10m, lasts: 10m, percent: 50}
  - {name: hanging, kind: timeout, provider: openai, after: 5m, lasts: 5m, percent: 40}
  - {name: tool, kind: broken_tool, tool: search, after: 1m, lasts: 50m, percent: 60}
deployments: [{name: worse, agent: support-01, after: 15m, failed_points: 30}]
tests: {suites: [{name: routing, department: support, agent: support-01}, pricing], cases: 12, flaky: 2}
"""
BEGAN = "2026-03-02T08:40:00"
ENDED = "2026-03-02T09:10:00"


@dataclass(frozen=True)
class Simulated:
    """A simulation that ended."""

    status: int
    output: str
    log: str
    spool: Path
    truth_file: Path

    @cached_property
    def truth(self) -> Any:
        return json.loads(self.truth_file.read_text("utf-8"))

    @cached_property
    def hours(self) -> dict[str, list[dict[str, Any]]]:
        return {hour["hour"]: hour["rows"] for hour in self.truth["hours"]}

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        return [row for rows in self.hours.values() for row in rows]

    @cached_property
    def spans(self) -> list[Span]:
        """The fleet's spans, without those of runs of tests."""
        return [span for span in read_spans(self.spool) if "gnomon.run.id" not in span.resource]

    @cached_property
    def points(self) -> list[Point]:
        """The fleet's points."""
        return [point for point in read_points(self.spool) if "telemetry.sdk.name" in point.resource]


def simulate(folder: Path, *arguments: str, scenario: str = SCENARIO, **environment: str) -> Simulated:
    """One simulation in a folder of its own; it must end well."""
    done = attempt(folder, *arguments, scenario=scenario, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return left_in(folder, done)


def attempt(
    folder: Path, *arguments: str, scenario: str = SCENARIO, **environment: str
) -> subprocess.CompletedProcess[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.yaml").write_text(scenario, "utf-8")
    given = ("--scenario", "scenario.yaml", "--spool", "spool", "--truth", "truth.json", *arguments)
    return gnomon("simulate", *given, cwd=folder, **environment)


def left_in(folder: Path, done: subprocess.CompletedProcess[str]) -> Simulated:
    return Simulated(done.returncode, done.stdout, done.stderr, folder / "spool", folder / "truth.json")


def calls_of(spans: list[Span], since: int = 0) -> list[tuple[Any, ...]]:
    """What was called, without ids, in an order of its own; times in nanoseconds since `since`."""
    said = []
    for span in spans:
        values = {key: value for key, value in span.attributes.items() if not isinstance(value, list)}
        events = tuple(tuple(sorted(event.attributes.items())) for event in span.events)
        said.append((span.start - since, span.end - since, span.name, tuple(sorted(values.items())), events))
    return sorted(said, key=repr)
