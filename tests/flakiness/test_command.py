"""`gnomon flaky` as a person uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.commands.conftest import Project
from tests.flakiness.planting import A, B, C, call
from tests.store.spool_files import Run

SUITE = """
import os
import pathlib

import pytest


@pytest.mark.gnomon(case_id="TC1")
def test_one():
    counter = pathlib.Path(os.environ["COUNTER"])
    number = int(counter.read_text()) if counter.exists() else 0
    counter.write_text(str(number + 1))
    assert number % 2 or pathlib.Path("fixed.py").exists()


def test_two():
    raise AssertionError("never selected")
"""


def new_project(folder: Path) -> Project:
    shop = folder / "shop"
    shop.mkdir()
    made = Project(shop)
    made.environment["COUNTER"] = str(folder / "counter")
    made.environment["PYTEST_ADDOPTS"] = (
        "-p no:cacheprovider -p no:rerunfailures -p no:pytest-retry -p no:flaky"
    )
    made.environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{made.environment['PATH']}"
    return made


def completed(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return warm.run(project.command(*arguments), cwd=project.folder, env=project.environment)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A test in each state, three of them in quarantine, and an entry that nothing answers to."""
    project = new_project(tmp_path_factory.mktemp("planted"))
    (project.folder / "gnomon.yaml").write_text(
        "project: {name: shop}\nflaky: {quarantine: [flaky-1, 'stable-*', gone]}\n"
    )
    project.spool.mkdir(parents=True)
    signs = {
        "stable-1": "+" * 34,
        "stable-2": "+" * 34,
        "flaky-1": "+-" * 17,
        "broken-1": "+" * 30 + "-" * 4,
        "recovered-1": "+-" * 5 + "+" * 20 + " " * 4,
        "new-1": " " * 33 + "+",
    }
    for number in range(34):
        commit = A if number < 10 else B if number < 30 else C
        run = Run(key=f"r{number}", sequence=number, commit=commit, started=60.0 * number)
        for case, its in signs.items():
            if its[number] != " ":
                outcome = "passed" if its[number] == "+" else "failed"
                actual = "alpha" if outcome == "passed" else "beta"
                call(run.test(case, outcome, expected="alpha", actual=actual), case)
        run.write(project.spool)
    return project


def test_the_table_shows_what_is_not_in_order(planted: Project) -> None:
    """Broken first, quarantine marked and never hidden, a summary of all; unknown entries on stderr."""
    shown = planted.gnomon("flaky")

    lines = shown.splitlines()
    assert lines[0].split() == [
        "state",
        "suite",
        "test",
        "failing",
        "rate",
        "pass^3",
        "stability",
        "class",
        "runs",
        "why",
    ]
    assert [line.split()[2] for line in lines[1:-1]] == [
        "broken-1", "flaky-1", "recovered-1", "stable-1", "stable-2",
    ]  # fmt: skip
    assert "flaky-1 (quarantine)" in shown
    assert "model variance" in lines[2]
    assert lines[-1] == (
        "6 tests: 1 broken, 1 flaky, 1 not enough runs, 1 recovered, 2 stable; "
        "in quarantine 3 (1 flaky, 2 stable)"
    )


def test_unknown_entries_of_the_quarantine_are_named(planted: Project) -> None:
    """So that a typing error does not go unseen; a filter makes no entry unknown."""
    said = "flaky.quarantine names 'gone', which no recorded test answers to\n"
    assert completed(planted, "flaky").stderr == said
    assert completed(planted, "flaky", "--case", "broken").stderr == said


def test_filters(planted: Project) -> None:
    """By state, by a part of the id, by time, by number."""
    cases = json.loads(planted.gnomon("flaky", "--json"))["cases"]
    assert [case["case_id"] for case in cases] == [
        "broken-1", "flaky-1", "new-1", "recovered-1", "stable-1", "stable-2",
    ]  # fmt: skip

    def ids(*arguments: str) -> list[str]:
        found = json.loads(planted.gnomon("flaky", "--json", *arguments))["cases"]
        return [case["case_id"] for case in found]

    assert ids("--state", "stable") == ["stable-1", "stable-2"]
    assert ids("--state", "flaky", "--state", "not-enough-runs") == ["flaky-1", "new-1"]
    assert ids("--case", "STABLE", "--limit", "1") == ["stable-1"]
    assert len(ids("--since", "2023-11-14")) == 6
    assert "neither a time back nor a date" in planted.gnomon("flaky", "--since", "soon", code=2)
    assert "no test matches" in planted.gnomon("flaky", "--since", "1h", code=1)
    assert len(planted.gnomon("flaky", "--state", "all").splitlines()) == 8


def test_json(planted: Project) -> None:
    """Everything about each test, the counts, and the quarantine."""
    told = json.loads(planted.gnomon("flaky", "--json"))

    assert set(told) == {"cases", "counts", "quarantine"}
    assert told["counts"] == {"broken": 1, "flaky": 1, "not_enough_runs": 1, "recovered": 1, "stable": 2}
    assert told["quarantine"]["unknown"] == ["gone"]
    assert told["quarantine"]["counts"]["flaky"] == 1
    [flaky] = [case for case in told["cases"] if case["state"] == "flaky"]
    assert flaky["quarantined"] is True
    assert flaky["failing_rate"]["low"] < flaky["failing_rate"]["estimate"] < flaky["failing_rate"]["high"]
    assert [one["k"] for one in flaky["pass_every_time"]] == [3, 5]
    assert flaky["cause"] == "model_variance"
    assert flaky["shares"] == [["model_variance", 1.0]]
    assert flaky["evidence"] == [
        {"cause": "model_variance", "what": "the model chose beta, not alpha", "failures": 17}
    ]


def test_one_truth_of_flaky(planted: Project) -> None:
    """`gnomon tests` shows the same states."""
    listed = json.loads(planted.gnomon("tests", "--json"))["tests"]
    states = {
        case["case_id"]: case["state"] for case in json.loads(planted.gnomon("flaky", "--json"))["cases"]
    }

    assert {case["case_id"]: case["state"] for case in listed} == states
    assert [
        case["case_id"] for case in json.loads(planted.gnomon("tests", "--flaky", "--json"))["tests"]
    ] == ["flaky-1"]


def test_show(planted: Project) -> None:
    """Rate, stability, pass^k, class, evidence, contradictions and what to do next."""
    shown = planted.gnomon("flaky", "show", "flaky-1")

    for part in (
        "flaky-1: flaky (in quarantine)",
        "why             failed 17 of 34 times at 3 commits where it also passed",
        "pass^3",
        "20 more runs that pass, one after the other at one commit, make it recovered",
        "17  model variance  the model chose beta, not alpha",
        "alpha, beta",
    ):
        assert part in shown
    assert json.loads(planted.gnomon("flaky", "show", "new-1", "--json"))["case"]["runs_needed"] == 4
    assert "options stand behind `show`" in planted.gnomon("flaky", "--json", "show", "new-1", code=2)
    assert "is called 'nobody'" in planted.gnomon("flaky", "show", "nobody", code=1)


def test_the_window_view(planted: Project) -> None:
    """The cases between the bounds; of the default window the runs are too old for any."""
    assert planted.gnomon("flaky", "--view", "window") == (
        "0 tests of 0 passed between 0.3 and 0.7 of the time in 7d, of those that ran 5 times or more\n"
    )
    planted.environment["GNOMON_FLAKY_WINDOW"] = "50y"
    try:
        shown = planted.gnomon("flaky", "--view", "window")
        told = json.loads(planted.gnomon("flaky", "--view", "window", "--json"))
    finally:
        del planted.environment["GNOMON_FLAKY_WINDOW"]
    assert shown.splitlines()[1].split() == ["routing", "flaky-1", "alpha", "34", "17", "50.0", "%"]
    assert (told["flaky"], told["tests"]) == (1, 6)


def test_no_runs_yet(tmp_path: Path) -> None:
    """Nothing recorded is told as ever."""
    assert "no runs yet" in new_project(tmp_path).gnomon("flaky", code=3)


def git(project: Project, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments],
        cwd=project.folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def suite(tmp_path: Path) -> Project:
    """A repository with a test that fails in every other run, as recorded four times."""
    project = new_project(tmp_path)
    (project.folder / "gnomon.yaml").write_text("project: {name: shop}\nflaky: {fixed_runs: 4}\n")
    (project.folder / "test_shop.py").write_text(SUITE)
    (project.folder / ".gitignore").write_text(".gnomon\n__pycache__\n")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "First")
    project.spool.mkdir(parents=True)
    for number, outcome in enumerate(("passed", "failed", "passed", "failed")):
        run = Run(key=f"r{number}", sequence=number, commit=git(project, "rev-parse", "HEAD"), suite="shop")
        run.started = 60.0 * number
        run.test("TC1", outcome, attributes={"test.case.name": "test_shop.py::test_one"}).write(project.spool)
    return project


def test_verifying_runs_the_test_until_it_is_decided(suite: Project) -> None:
    """A failure ends it with exit code 1; after the fix enough passes in a row make it recovered."""
    told = completed(suite, "flaky", "verify", "TC1")
    assert told.returncode == 1
    assert "make it recovered: gnomon flaky verify TC1 --runs " in told.stdout
    failed = completed(suite, "flaky", "verify", "TC1", "--runs", "9")
    assert failed.returncode == 1
    assert "  run 1: bad\nTC1 is flaky: " in failed.stdout

    (suite.folder / "fixed.py").write_text("")
    (suite.folder / "test_shop.py").write_text(SUITE + "\n# fixed\n")
    assert "tracked files differ" in suite.gnomon("flaky", "verify", "TC1", "--runs", "9", code=2)
    git(suite, "add", ".")
    git(suite, "commit", "-q", "-m", "Fix")
    mended = json.loads(suite.gnomon("flaky", "verify", "TC1", "--runs", "9", "--json"))
    assert mended["case"]["state"] == "recovered"
    assert mended["case"]["passes_at_one_commit"] == mended["case"]["passes_needed"]
    needed = mended["case"]["passes_needed"]
    assert mended["reruns"] == [{"number": number, "good": True} for number in range(1, needed + 1)]


def test_verifying_uses_the_command_of_the_settings(suite: Project) -> None:
    """With the one test in the place of `{cases}`, without which none can be chosen."""
    settings = suite.folder / "gnomon.yaml"
    settings.write_text("bisection: {command: 'python -m pytest -q {cases}'}\n")
    git(suite, "commit", "-q", "-a", "-m", "Command")
    done = completed(suite, "flaky", "verify", "TC1", "--runs", "1")
    assert "run 1: " in done.stdout, done.stderr
    marked = ["gnomon.replay.id" in path.read_text() for path in suite.spool.glob("*.traces.jsonl")]
    assert sum(marked) == 1
    runs = json.loads(suite.gnomon("runs", "--json", "--limit", "1"))["runs"]
    assert runs[0]["tally"]["tests"] == 1

    settings.write_text("bisection: {command: make test}\n")
    git(suite, "commit", "-q", "-a", "-m", "Make")
    assert "write {cases} where" in suite.gnomon("flaky", "verify", "TC1", "--runs", "1", code=2)


def test_a_test_that_is_gone_cannot_be_verified(suite: Project) -> None:
    """pytest's own words are told."""
    (suite.folder / "test_shop.py").write_text("def test_other(): pass\n")
    git(suite, "commit", "-q", "-a", "-m", "Rename")
    said = suite.gnomon("flaky", "verify", "TC1", "--runs", "1", code=3)
    assert "ended with 4 before the test could speak" in said
    assert "not found" in said
