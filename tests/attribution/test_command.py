"""`gnomon changes`, run as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gnomon_analysis.store import open_store
from tests.attribution.planted import Repository, Runs
from tests.commands.conftest import Project

SKILLS = [["alpha/SKILL.md"], ["beta/SKILL.md"], ["README.md"]]


class Desk(Project):
    """A project in a repository, with a store."""

    def __init__(self, folder: Path) -> None:
        self.repository = Repository(folder)
        super().__init__(folder)
        (folder / "gnomon.yaml").write_text("project: {name: desk}\n")
        (folder / ".gnomon").mkdir()
        self.url = f"sqlite:///{folder}/.gnomon/gnomon.db"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


@pytest.fixture
def moved(desk: Desk) -> Desk:
    """Eight of twenty cases fall at the commit with number 12."""
    commits = desk.repository.commit_all([(f"Commit {n}", SKILLS[n % 3]) for n in range(24)])
    with open_store(desk.url) as store:
        runs = Runs(store, "desk")
        for position, commit in enumerate(commits):
            fallen = {f"D{n:02}": 0.1 for n in range(8)} if position >= 12 else {}
            runs.run(commit, {**{f"D{n:02}": 0.95 for n in range(20)}, **fallen}, count=2, cost=0.001)
        runs.run(commits[-1], {"D01": 1.0}, dirty=True)
    return desk


def test_without_runs_the_answer_is_what_to_do(desk: Desk) -> None:
    """Exit code 3 and one sentence."""
    desk.repository.commit("One")
    assert "no runs yet" in desk.gnomon("changes", code=3)
    assert "no runs yet" in desk.gnomon("changes", "show", "abc", code=3)


def test_outside_of_a_repository_it_says_so(tmp_path: Path) -> None:
    """What was measured can be shown; what moved it cannot be told."""
    project = Project(tmp_path)
    with open_store(f"sqlite:///{tmp_path}/.gnomon/gnomon.db") as store:
        Runs(store, "desk").run("c" * 40, {"D01": 1.0})
    assert "repository" in project.gnomon("changes", code=3)


def test_findings_are_a_table(moved: Desk) -> None:
    """The newest first, with both probabilities, the budget in words, and what was left out on stderr."""
    commit = moved.repository.commits[12]
    said = moved.gnomon("changes")

    head, first, *_ = said.splitlines()
    for title in ("id", "commit", "metric", "before → after", "this commit", "verdict"):
        assert title in head
    assert commit[:7] in first
    assert "Commit 12" in first
    assert "routing_accuracy" in first
    assert first.rstrip().endswith("regression")
    assert "About 1 in 20 of such findings is wrong about there being a change" in said
    assert moved.gnomon("changes", "--no-update").splitlines()[1] == first
    assert moved.gnomon("changes", "--suite", "routing", "--metric", "routing_accuracy") == said


def test_findings_as_json(moved: Desk) -> None:
    """The same as an object, with what the look at the runs came to."""
    shown = json.loads(moved.gnomon("changes", "--json"))

    suite = next(one for one in shown["findings"] if one["scope_kind"] == "suite")
    assert (suite["revision"], suite["verdict"], suite["status"]) == (
        moved.repository.commits[12],
        "regression",
        "open",
    )
    assert suite["candidates"][0]["share"] > 0.5
    (look,) = shown["looks"]
    assert (look["runs"], look["left_out"]) == (48, {"uncommitted changes": 1})
    assert len(look["found"]) >= 1


def test_nothing_found_says_what_to_do(desk: Desk) -> None:
    """Exit code 1: nothing moved, nothing matches, no such metric."""
    commits = desk.repository.commit_all([(f"Commit {n}", SKILLS[n % 3]) for n in range(6)])
    with open_store(desk.url) as store:
        runs = Runs(store, "desk")
        for commit in commits:
            runs.run(commit, {"D01": 1.0, "D02": 0.0})

    assert "no metric is known to have moved over 6 runs" in desk.gnomon("changes", code=1)
    assert "gnomon changes --commit REV" in desk.gnomon("changes", "--no-update", code=1)
    assert "write one of routing_accuracy" in desk.gnomon("changes", "--metric", "speed", code=2)
    assert "no finding and no commit" in desk.gnomon("changes", "show", "abc", code=1)
    assert "no commit on the first-parent line" in desk.gnomon("changes", "--commit", "abc1234", code=1)


def test_a_commit_is_compared_case_by_case(desk: Desk) -> None:
    """Which tests flipped, and how little one run says."""
    one, two = desk.repository.commit("One"), desk.repository.commit("Two\nwords", "alpha/SKILL.md")
    with open_store(desk.url) as store:
        runs = Runs(store, "desk")
        runs.run(one, {"D01": 1.0, "D02": 0.0, "D03": 1.0})
        runs.run(two, {"D01": 0.0, "D02": 1.0, "D03": 1.0})

    said = desk.gnomon("changes", "--commit", two[:7])

    assert f"routing: {two[:7]} (Two words) against {one[:7]}, the measured commit before" in said
    assert "2 tests flipped: 1 for the better, 1 for the worse" in said
    flips = [line.split()[:5] for line in said[said.index("flipped") :].splitlines()[2:]]
    assert flips == [["D01", "right", "wrong", "alpha", "other"], ["D02", "wrong", "right", "other", "alpha"]]
    shown = json.loads(desk.gnomon("changes", "--commit", two, "--json"))
    (comparison,) = shown["comparisons"]
    assert [flip["case_id"] for flip in comparison["flips"]] == ["D01", "D02"]
    assert comparison["metrics"][0]["verdict"] == "inconclusive"


def test_a_finding_in_depth(moved: Desk) -> None:
    """Sentence, numbers, suspects as bars, what was changed, the tests that moved; by commit and by id."""
    moved.gnomon("changes")
    commit = moved.repository.commits[12]

    said = moved.gnomon("changes", "show", commit[:8])

    assert f"Commit {commit[:7]} (Commit 12) likely lowered routing accuracy of the suite routing" in said
    assert f"suspect   {commit[:7]}  ████" in said
    assert "alpha/SKILL.md" in said
    assert "tests moved" in said
    found = json.loads(moved.gnomon("changes", "show", commit, "--json"))["findings"]
    identity = found[0]["finding"]["impact_id"]
    assert identity in moved.gnomon("changes", "show", identity[:6])
    assert {case["case_id"] for case in found[0]["cases"]} >= {f"D{n:02}" for n in range(8)}
    assert found[0]["changes"][0]["path"] == "alpha/SKILL.md"
