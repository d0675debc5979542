"""Tests whose pass rate over a window lies strictly between two bounds: what boards and alerts call flaky.

It is what the recording rule `routing_test:flaky_tests` says, counted in the store: of routing tests alone,
by suite, environment, department, agent, skill and case, with the outcomes of whole tests, whatever commit
they ran at. So a test that a commit broke for half of the window is in it, and one that fails once in
ten runs is not: `assess` tells these apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from gnomon.registry import values
from gnomon.settings.model import Flaky
from gnomon_analysis.store.store import Store


@dataclass(frozen=True, slots=True)
class WindowCase:
    """A routing case over the window, by the labels of its recorded series; `pass_rate` is a fraction of 1.

    `flaky` says that it ran often enough and that its pass rate is strictly between the bounds.
    """

    suite: str
    environment: str
    department: str
    agent: str
    skill: str
    case_id: str
    runs: int
    passed: int
    pass_rate: float
    flaky: bool


def in_window(
    store: Store, options: Flaky, *, now_ns: int, case_series: int, suite: str | None = None
) -> list[WindowCase]:
    """Every routing case of the window that ends at `now_ns`, by its labels.

    `case_series` is the setting `budgets.case_series`: the cases of a run that have series of their own.
    """
    since_ns = now_ns - round(options.window.seconds * 1e9)
    counted: dict[tuple[str, ...], list[int]] = {}
    for row in store.window_counts(since_ns, now_ns, case_series):
        if suite in {None, row.suite}:
            tests = counted.setdefault(row[:6], [0, 0])
            tests[0] += row.tests
            tests[1] += row.tests if row.outcome == values.PASSED else 0
    return [_case(labels, runs, passed, options) for labels, (runs, passed) in sorted(counted.items())]


def _case(labels: tuple[str, ...], runs: int, passed: int, options: Flaky) -> WindowCase:
    suite, environment, department, agent, skill, case_id = labels
    rate = passed / runs
    flaky = runs >= options.minimum_runs and options.above < rate < options.below
    return WindowCase(suite, environment, department, agent, skill, case_id, runs, passed, rate, flaky)
