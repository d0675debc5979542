"""Routing cases have points of their own: by case and outcome, within a budget, killed runs included."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.plugin.project import Project
from tests.plugin.test_interruptions import wait_for
from tests.spool_reader import Run

CASES = "gnomon.run.case.tests"

PLANTED = """
import pytest

@pytest.mark.routing(skill="search", case_id="case-1")
def test_right(gnomon_test): gnomon_test.routed("search")

@pytest.mark.routing(skill="search", case_id="case-2")
def test_wrong(gnomon_test):
    gnomon_test.routed("create")
    assert gnomon_test.correct

@pytest.mark.routing(skill=None)
def test_without_an_id(gnomon_test): gnomon_test.routed(None)

@pytest.mark.routing(skill="search", case_id="case-3")
def test_unanswered(gnomon_test): raise RuntimeError

@pytest.mark.routing(skill="search", case_id="case-4")
@pytest.mark.skip
def test_skipped(gnomon_test): pass

@pytest.mark.routing(skill="search", case_id="case-5")
@pytest.mark.parametrize("text", ["one", "two"])
def test_twice(gnomon_test, text): gnomon_test.routed("search")

def test_plain(): pass

def test_said_something(gnomon_test): gnomon_test.tools(expected=["a"], matched=["a"])
"""
TRUTH = Counter(
    {
        ("case-1", "passed", "search"): 1,
        ("case-2", "failed", "search"): 1,
        ("test_routing.py::test_without_an_id", "passed", "none"): 1,
        ("case-3", "failed", "search"): 1,
        ("case-4", "skipped", "search"): 1,
        ("case-5", "passed", "search"): 2,
    }
)


def cases(run: Run) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for point in run.points:
        if point.metric == CASES:
            labels = point.attributes
            key = labels["gnomon.test.case.id"], labels["gnomon.test.outcome"], labels["gen_ai.skill.name"]
            found[key] += int(point.value)
    return found


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_each_case_is_counted(project: Project, arguments: tuple[str, ...]) -> None:
    """Every routing test is counted under its case and outcome, and no other test is."""
    project.plugins = ("xdist",)
    project.write("test_routing.py", PLANTED)
    done = project.pytest(*arguments)
    run = project.run()
    assert cases(run) == TRUTH
    assert {point.attributes["test.suite.name"] for point in run.points if point.metric == CASES} == {
        run.root["test.suite.name"]
    }
    assert "case_series" not in done.output


def test_cases_beyond_the_budget(project: Project) -> None:
    """Of more cases than the budget, the first by id have points; the run says once that others have none."""
    project.write("gnomon.yaml", "budgets: {case_series: 3}\n")
    project.write("test_routing.py", PLANTED)
    done = project.pytest()
    assert {case for case, _, _ in cases(project.run())} == {"case-1", "case-2", "case-3"}
    note = "3 routing cases have no series of their own (budgets.case_series)"
    assert done.output.count(note) == 1
    assert done.output.count("case_series") == 1


def test_a_budget_of_nothing(project: Project) -> None:
    """With a budget of 0 no case has points; the routing verdicts are counted all the same."""
    project.write("gnomon.yaml", "budgets: {case_series: 0}\n")
    project.write("test_routing.py", PLANTED)
    project.pytest()
    assert not cases(project.run())
    assert project.run().total("gnomon.run.routing.verdicts") == 5


@pytest.mark.parametrize("budget", [2, 2000])
def test_cases_of_a_killed_run(project: Project, budget: int) -> None:
    """A killed run's cases are counted when it is recovered, within the budget that the run had."""
    project.write("gnomon.yaml", f"budgets: {{case_series: {budget}}}\n")
    project.write("test_routing.py", PLANTED)
    project.write(
        "test_slow.py",
        """
        import pathlib, time
        def test_slow():
            pathlib.Path(__file__).with_name("reached").touch()
            time.sleep(60)
        """,
    )
    process = project.start()
    wait_for(project.path / "reached", process)
    process.kill()
    process.communicate(timeout=60)
    project.write("gnomon.yaml", "")
    project.write("test_next.py", "def test_next(): pass\n")
    project.pytest("test_next.py")
    killed, following = project.runs()
    first = dict(sorted(TRUTH.items())[:budget])
    assert cases(killed) == first
    assert not cases(following)
