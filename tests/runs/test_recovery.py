"""A killed run is seen and counted like any other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gnomon.runs.recovery import recover
from tests.plugin.project import Project
from tests.spool_reader import Run

SUITE = """
import pytest, gnomon

def test_passes(): pass
def test_fails(): assert 0
@pytest.mark.skip
def test_skipped(): pass
@pytest.fixture
def broken(): raise RuntimeError
def test_error(broken): pass
@pytest.mark.xfail
def test_expected_to_fail(): assert 0

@pytest.mark.parametrize("actual", ["search", "create", None])
@pytest.mark.routing(skill="search", category="plain", case_id="c1")
def test_routed(gnomon_test, actual):
    gnomon_test.routed(actual, confidence=0.5)
    gnomon_test.tools(expected=["a", "b"], matched=["a"])

@pytest.mark.routing(clarification=True, category="vague")
def test_clarified(gnomon_test): gnomon_test.routed(None, clarified=True)
@pytest.mark.routing(not_skill="create")
def test_not(gnomon_test): gnomon_test.routed("create")
@pytest.mark.routing(skill="search")
def test_unanswered(gnomon_test): pass

def test_calls():
    for statuses in ((200,), (429, 503, 200), (500,)):
        with gnomon.model_call("claude-sonnet-4-5", provider="anthropic") as made:
            for status in statuses:
                with made.attempt() as attempt: attempt.answered(status)
            made.tokens(1000, 100, cache_read=10) if status == 200 else made.fail("server_5xx")
"""
KILLER = """
import os, signal, time
def test_last():
    time.sleep(1)
    os.kill(os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid(), signal.SIGKILL)
"""
# What a clock says, and the run's number, differ from run to run.
TIMED = {
    "gnomon.run.duration",
    "gnomon.run.sequence_number",
    "gnomon.run.worker.busy_time",
    "gnomon.run.worker.time",
}


def counted(run: Run) -> Counter[Any]:
    """Every point that does not hang on a clock; of histograms how often they were observed."""
    return Counter(
        (
            point.metric,
            tuple(sorted((key, str(value)) for key, value in point.attributes.items())),
            point.count if point.shape == "histogram" else round(point.value, 9),
        )
        for point in run.points
        if point.metric not in TIMED
    )


@pytest.mark.parametrize("way", [pytest.param((), id="alone"), pytest.param(("-n", "1"), id="xdist")])
def test_a_killed_run_has_the_points_of_a_whole_one(tmp_path: Path, way: tuple[str, ...]) -> None:
    """It says `aborted`, counts as an unkilled run of the same tests, and the test it died in as not run."""
    project = Project(tmp_path / "project", tmp_path / "home")
    project.plugins = ("xdist",)
    project.write("test_a.py", SUITE)
    project.write("test_z.py", KILLER)
    whole = project.pytest(*way, "--ignore", "test_z.py")
    assert whole.status == 1, whole.output
    killed = project.pytest(*way)
    assert killed.status == -9
    assert project.gnomon("spool", "status").status == 0
    complete, aborted = project.runs()
    assert complete.root["test.suite.run.status"] == "failure"
    assert aborted.root["test.suite.run.status"] == "aborted"
    assert aborted.root.status == 2
    assert aborted.root.start == aborted.resource["gnomon.run.started_at"]
    assert aborted.root.end >= max(test.end for test in aborted.tests)
    assert {test.trace_id for test in aborted.tests} == {aborted.root.trace_id}
    assert aborted.outcomes == complete.outcomes + Counter({("test_z.py::test_last", "not_run"): 1})
    assert not counted(complete) - counted(aborted)
    (more,) = counted(aborted) - counted(complete)
    assert more[0] == "gnomon.run.tests"
    assert ("gnomon.test.outcome", "not_run") in more[1]
    assert more[2] == 1
    assert len(counted(complete)) > 20
    before = project.spool_names()
    assert recover(project.spool) == []
    assert project.spool_names() == before


@pytest.mark.parametrize("way", [pytest.param((), id="alone"), pytest.param(("-n", "2"), id="xdist")])
def test_a_run_killed_before_its_first_test_ended(tmp_path: Path, way: tuple[str, ...]) -> None:
    """It is a run all the same, and each of its tests one that never ran."""
    project = Project(tmp_path / "project", tmp_path / "home")
    project.plugins = ("xdist",)
    project.write("test_z.py", KILLER + "\ndef test_after(): pass\n")
    assert project.pytest(*way, "-k", "last or after", "--dist=loadfile").status == -9
    assert project.gnomon("spool", "status").status == 0
    run = project.run()
    assert run.root["test.suite.run.status"] == "aborted"
    assert run.root["gnomon.run.collected"] == 2
    assert {test.outcome for test in run.tests} == {"not_run"}
    assert run.total("gnomon.run.tests", gnomon__test__outcome="not_run") == 2
    assert run.total("gnomon.run.finished") == 1
    assert not list(project.spool.glob("*.plan.json"))


def test_what_a_killed_run_never_came_to(tmp_path: Path) -> None:
    """A routing test that a killed run did not reach is known by what it states: case, category and skill."""
    project = Project(tmp_path / "project", tmp_path / "home")
    project.write(
        "test_a.py",
        KILLER
        + """
import pytest
@pytest.mark.routing(skill="search", category="plain", case_id="c7")
def test_routed(gnomon_test): gnomon_test.routed("search")
""",
    )
    assert project.pytest().status == -9
    assert project.gnomon("spool", "status").status == 0
    never = project.run().test("test_a.py::test_routed")
    assert never.outcome == "not_run"
    assert never["gnomon.test.case.id"] == "c7"
    assert never["gnomon.routing.expected"] == "search"
    points = project.run().by("gnomon.run.tests", "gnomon.test.category")
    assert points == {"none": 1, "plain": 1}


def test_a_run_killed_while_it_wrote_its_end(tmp_path: Path) -> None:
    """A run whose spans are whole and whose points are missing gets the points that it was about to write."""
    project = Project(tmp_path / "project", tmp_path / "home")
    project.write("test_a.py", SUITE)
    project.write(
        "conftest.py",
        """
        import pathlib, shutil
        def pytest_runtest_teardown():
            (plan,) = pathlib.Path(".gnomon/spool").glob("*.plan.json")
            shutil.copy(plan, "kept.json")
            pathlib.Path("name").write_text(str(plan))
        """,
    )
    assert project.pytest().status == 1
    complete = project.run()
    (points,) = project.spool.glob("*.metrics.jsonl")
    points.unlink()
    (project.path / "kept.json").rename(project.path / (project.path / "name").read_text())
    assert recover(project.spool) == [points]
    assert counted(project.run()) == counted(complete)
    assert len(project.run().tests) == len(complete.tests)
    assert recover(project.spool) == []


def test_a_run_that_still_lives_is_left_alone(tmp_path: Path) -> None:
    """Whoever recovers while a run goes on changes nothing of it."""
    project = Project(tmp_path / "project", tmp_path / "home")
    project.write(
        "test_a.py",
        """
        import pathlib
        from gnomon.runs.recovery import recover
        def test_a(): pass
        def test_b(): assert recover(pathlib.Path(".gnomon/spool")) == []
        def test_c(): pass
        """,
    )
    assert project.pytest().status == 0
    run = project.run()
    assert run.root["test.suite.run.status"] == "success"
    assert len(run.tests) == 3


def test_a_finished_run_gets_no_second_end(tmp_path: Path) -> None:
    """A run that was killed after it had written its own end is completed as it is."""
    project = Project(tmp_path / "project", tmp_path / "home")
    project.write("test_a.py", "def test_a(): pass\n")
    assert project.pytest().status == 0
    (finished,) = project.spool.glob("run-*.traces.jsonl")
    header = '{"resource":{"attributes":[]},"scope":{"name":"gnomon"}}\n'
    finished.with_name(finished.name + ".part").write_text(header)
    assert recover(project.spool) == []
    assert len(project.run().tests) == 1


@pytest.mark.parametrize("content", ["{}", "[]", "null", '{"resource": {}, "scope": {}, "traceId": ""}'])
def test_a_plan_that_says_nothing_stands_in_nobodys_way(tmp_path: Path, content: str) -> None:
    """A plan of which no end can be made is set aside and told of once, and all the rest goes on."""
    project = Project(tmp_path / "project", tmp_path / "home")
    project.write("test_a.py", "def test_a(): pass")
    assert project.pytest().status == 0
    plan = project.spool / "run-20260101T000000Z-abcdefabcdef.plan.json"
    plan.write_text(content)
    told = project.gnomon("runs")
    assert (told.status, told.stderr.count("end of a killed run")) == (0, 1)
    assert plan.with_name(f"{plan.name}.damaged").read_text() == content
    again = project.gnomon("runs")
    assert (again.status, again.stderr) == (0, "")
