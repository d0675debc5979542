"""The view by pass rates over a window says what the recording rule says."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from gnomon import settings
from gnomon_analysis.flakiness import WindowCase, in_window
from gnomon_analysis.store import Store, open_store
from gnomon_generators.artefacts.production import produce
from tests.flakiness.planting import A, B, History
from tests.promql import servers
from tests.promql.planted import PlantedRun, some_runs, store
from tests.store.spool_files import SECOND, START, Run

HOUR, DAY = 3600.0, 86_400.0
# None is near the edge of the window, which moves while the test runs.
AGES = [600.0, 2 * HOUR, 11 * HOUR, 20 * HOUR, *(day * DAY for day in (2, 3.5, 4, 5, 6, 6.5, 8, 10))]
CONFIGURATION = """
global: {evaluation_interval: 1s}
rule_files: [rules.yaml]
"""
LABELS = (
    *("test_suite_name", "deployment_environment_name", "gnomon_department", "gen_ai_agent_name"),
    *("gen_ai_skill_name", "gnomon_test_case_id"),
)


def stored(run: PlantedRun, number: int) -> Run:
    """The same run as spans."""
    planted = Run(
        key=f"planted {number}",
        sequence=number,
        suite=run.suite,
        started=run.ended - 100.0 - START / SECOND,
        extra={"deployment.environment.name": "test", **run.owner},
    )
    for place, test in enumerate(run.tests):
        actual = None if test.right is None else test.expected if test.right else "other"
        planted.test(
            test.case or f"plain-{place}",
            test.outcome,
            expected=test.expected if test.case else None,
            actual=actual,
        )
    return planted


@pytest.mark.parametrize("window", ["7d", "4d12h"])
def test_the_window_is_that_of_the_recording_rule(tmp_path: Path, spool: Path, window: str) -> None:
    """Case by case, with the same labels and pass rates as a real Prometheus records of the same runs."""
    (tmp_path / "gnomon.yaml").write_text(f"rules: {{interval: 1s}}\nflaky: {{window: {window}}}\n")
    own = settings.load(tmp_path / "gnomon.yaml")
    for document in produce(["rules"], own, only=["routing"]):
        (tmp_path / "rules.yaml").write_text(document.text)
    now = float(math.floor(time.time()))
    runs = some_runs(now, AGES, seed=7)
    recorded: dict[tuple[str, ...], float] = {}
    with servers.prometheus(tmp_path, CONFIGURATION, data=store(runs, tmp_path)) as address:
        for _ in range(300):
            found = servers.query(address, "routing_test:flaky_tests", time.time())
            if found:
                recorded = {
                    tuple(dict(row).get(label, "") for label in LABELS): value for row, value in found.items()
                }
                break
            time.sleep(0.1)
    for number, run in enumerate(runs):
        stored(run, number).write(spool)
    with open_store(f"sqlite:///{tmp_path}/planted.db") as results:
        results.ingest(spool)
        cases = in_window(results, own.flaky, now_ns=time.time_ns(), case_series=own.budgets.case_series)

    said = {
        (case.suite, case.environment, case.department, case.agent, case.skill, case.case_id): case.pass_rate
        for case in cases
        if case.flaky
    }
    assert 0 < len(said) < len(cases)
    assert said == recorded


def window_of(results: Store, folder: Path, text: str = "", case_series: int = 2000) -> list[WindowCase]:
    (folder / "gnomon.yaml").write_text(text)
    own = settings.load(folder / "gnomon.yaml")
    return in_window(results, own.flaky, now_ns=START + 86_400 * SECOND, case_series=case_series)


def test_bounds_are_not_in_the_interval(history: History, tmp_path: Path) -> None:
    """Exactly 30 and 70 % are not flaky, whatever the commit; tests of no routing are not looked at."""
    for case, signs in (
        ("three", "+++-------"),
        ("four", "++++------"),
        ("seven", "+++++++---"),
        ("few", "++--"),
    ):
        for place, sign in enumerate(signs):
            run = history.run(A if place < 5 else B)
            outcome = "passed" if sign == "+" else "failed"
            history.add(
                run.test(case, outcome, expected="alpha", actual="alpha").test(f"plain {case}", outcome)
            )
    history.store.ingest(history.spool)

    cases = window_of(history.store, tmp_path)

    assert [(case.case_id, case.runs, case.pass_rate, case.flaky) for case in cases] == [
        ("few", 4, 0.5, False), ("four", 10, 0.4, True), ("seven", 10, 0.7, False), ("three", 10, 0.3, False),
    ]  # fmt: skip
    wide = window_of(history.store, tmp_path, "flaky: {above: 0.2, below: 0.8, minimum_runs: 4}\n")
    assert all(case.flaky for case in wide)
    assert window_of(history.store, tmp_path, "flaky: {window: 1m}\n") == []


def test_cases_beyond_the_budget_have_no_series(history: History, tmp_path: Path) -> None:
    """Of each run only the first cases by id are counted, as its points are."""
    history.add(history.run(A).test("b", expected="alpha").test("a", expected="alpha").test("0"))
    history.store.ingest(history.spool)

    assert [case.case_id for case in window_of(history.store, tmp_path, case_series=1)] == ["a"]
