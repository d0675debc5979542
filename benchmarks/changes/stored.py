"""A store with a run of 200 cases at each of 10,000 commits: `gnomon changes` from its rows to its findings.

Five metrics: routing accuracy, tool-use accuracy, the rate of needless questions, latency and attempts.
"""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SUITE = "routing"
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
EVERY = 500
"""So many commits lie between two that move a tenth of the cases."""

_RUNS = (
    "INSERT INTO runs (run_id, trace_id, sequence, suite, status, complete, started_ns, ended_ns,"
    " environment, repository, revision, dirty, golden_set_version)"
    " VALUES (?, ?, ?, ?, 'success', 1, ?, ?, 'test', ?, ?, 0, '1')"
)
_RESULTS = (
    "INSERT INTO results (trace_id, span_id, run_id, suite, case_id, case_name, category, outcome, attempts,"
    " duration, expected_skill, actual_skill, correct, clarification_expected, clarification_asked,"
    " tools_expected, tools_matched, started_ns)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)"
)


class Suite:
    """Cases with levels that commits move; gives the rows of one run after another."""

    def __init__(self, commits: int, cases: int, skills: int) -> None:
        self._rng = np.random.default_rng(7)
        self._cases = cases
        self._skills = skills
        self._rate = self._rng.uniform(0.75, 0.98, cases)
        moved = self._rng.random((commits // EVERY + 1, cases)) < 0.1
        moved[0] = False
        self._state = np.cumsum(moved, axis=0) % 2

    def rows(self, number: int, run_id: str) -> Iterator[tuple[object, ...]]:
        """The results of the run at a commit."""
        state = self._state[number // EVERY]
        drawn = self._rng.random((3, self._cases))
        right = drawn[0] < self._rate - 0.4 * state
        tools = drawn[1] < self._rate - 0.2 * state
        asked = drawn[2] < 0.05 + 0.2 * state
        duration = 2.0 * 1.5**state * self._rng.lognormal(0, 0.4, self._cases)
        attempts = 1 + self._rng.poisson(0.1 + 0.5 * state)
        began = START + number * 600 * SECOND
        for case in range(self._cases):
            skill = f"s{case % self._skills:02}"
            answered = skill if right[case] else "other"
            yield (
                *(run_id, f"{case:016x}", run_id, SUITE, f"c{case:03}", f"test_route[c{case:03}]", "easy"),
                *("passed" if right[case] else "failed", int(attempts[case]), float(duration[case])),
                *(skill, answered, bool(right[case]), bool(asked[case]), 1, int(tools[case]), began),
            )


def plant(database: Path, folder: Path, cases: int, skills: int) -> tuple[Suite, list[str]]:
    """Writes a run at each commit of the repository but its newest into a new store."""
    from gnomon_analysis.store import open_store  # noqa: PLC0415

    with open_store(f"sqlite:///{database}"):
        pass
    commits = subprocess.run(
        ["git", "-C", str(folder), "rev-list", "--first-parent", "--reverse", "HEAD"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    suite = Suite(len(commits), cases, skills)
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for number in range(len(commits) - 1):
            add_run(connection, suite, number, commits[number])
    connection.close()
    return suite, commits


def add_run(connection: sqlite3.Connection, suite: Suite, number: int, commit: str) -> None:
    """One run more."""
    run_id = f"{number:032x}"
    began = START + number * 600 * SECOND
    connection.execute(
        _RUNS, (run_id, run_id, number + 1, SUITE, began, began + SECOND, "repository", commit)
    )
    connection.executemany(_RESULTS, suite.rows(number, run_id))


def updated(database: Path, folder: Path) -> tuple[float, int]:
    """Seconds that an update took, with reading the history, and the findings there are then."""
    from gnomon.settings import load  # noqa: PLC0415
    from gnomon_analysis.attribution import findings, update  # noqa: PLC0415
    from gnomon_analysis.changes import Patterns, read_history  # noqa: PLC0415
    from gnomon_analysis.store import open_store  # noqa: PLC0415

    settings = load(start=folder)
    with open_store(f"sqlite:///{database}") as store:
        began = time.perf_counter()
        with read_history(folder, Patterns.of(settings, folder)) as history:
            update(store, settings, history, now_ns=time.time_ns())
        seconds = time.perf_counter() - began
        return seconds, len(findings(store))
