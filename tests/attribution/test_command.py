"""`gnomon changes`, run as a person runs it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from datetime import datetime
from pathlib import Path

import pytest

from gnomon_analysis.store import open_store
from tests.attribution.planted import Repository, Runs, git
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


def test_a_commit_is_a_block(moved: Desk) -> None:
    """What it is, what it did in one sentence with both certainties, the metrics, the tests; a summary."""
    commit = moved.repository.commits[12]
    said = moved.gnomon("changes")

    head, changed, sentence, titles, row, *rest = said.splitlines()
    assert head == f"{commit[:7]}  2023-11-14  Commit 12 (Ada)"
    assert changed == "  changed skill alpha"
    assert sentence.startswith("  Likely lowered routing accuracy of the suite routing by ")
    assert re.search(
        r": over 99 % sure that it moved, .* % that it was this one; \d+ tests moved\.$", sentence
    )
    assert titles.split() == ["before", "→", "after", "difference", "moved", "this", "one"]
    assert row.split()[:3] == ["worse", "routing", "accuracy"]
    assert rest[0].startswith("  8 tests worse: D0")
    assert rest[-1].startswith(
        "1 finding at 1 place in 48 runs of 24 commits. About 1 in 20 of such findings"
    )
    assert len(said.splitlines()) == 9
    assert moved.gnomon("changes", "--no-update").splitlines()[:7] == said.splitlines()[:7]
    assert moved.gnomon("changes", "--suite", "routing", "--metric", "routing_accuracy") == said


@pytest.mark.parametrize("columns", [80, 120])
def test_a_block_is_as_wide_as_the_terminal(moved: Desk, columns: int) -> None:
    """No line is longer, and the figures are all there."""
    said = on_terminal(moved, columns, "changes")

    assert max(len(line) for line in said.splitlines()) <= columns
    assert "routing accur" in said
    assert "8 tests worse: D0" in said


def test_colours_can_be_done_without(moved: Desk) -> None:
    """A terminal gets them, unless NO_COLOR is set."""
    assert "\x1b[31mworse" in on_terminal(moved, 120, "changes", plain=False)
    moved.environment["NO_COLOR"] = "1"
    assert "\x1b" not in on_terminal(moved, 120, "changes", "--no-update", plain=False)


def on_terminal(desk: Desk, columns: int, *arguments: str, plain: bool = True) -> str:
    """What a command writes to a terminal of so many columns; `plain` without colours."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {
        name: value for name, value in desk.environment.items() if name not in ("COLUMNS", "LINES")
    }
    process = subprocess.Popen(
        desk.command(*arguments), cwd=desk.folder, env=environment, stdout=slave, stderr=subprocess.DEVNULL
    )
    os.close(slave)
    parts: list[bytes] = []
    with contextlib.suppress(OSError):  # Linux says so when the other end is closed.
        while part := os.read(master, 65_536):
            parts.append(part)
    os.close(master)
    assert process.wait(60) == 0
    said = b"".join(parts).decode().replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;]*m", "", said) if plain else said


def test_a_flat_list_has_a_row_a_finding(moved: Desk) -> None:
    """With its id, both probabilities and the verdict."""
    commit = moved.repository.commits[12]

    head, first, *_ = moved.gnomon("changes", "--flat").splitlines()

    for title in ("id", "commit", "metric", "before → after", "this commit", "verdict"):
        assert title in head
    assert commit[:7] in first
    assert "Commit 12" in first
    assert "routing_accuracy" in first
    assert first.rstrip().endswith("regression")


def test_a_limit_is_of_commits(desk: Desk) -> None:
    """The newest so many; the others are counted."""
    commits = desk.repository.commit_all([(f"Commit {n}", SKILLS[n % 3]) for n in range(36)])
    with open_store(desk.url) as store:
        runs = Runs(store, "desk")
        for position, commit in enumerate(commits):
            rate = 0.1 if 12 <= position < 24 else 0.95
            runs.run(commit, {f"D{n:02}": rate if n < 8 else 0.95 for n in range(20)}, count=2)

    said = desk.gnomon("changes", "--limit", "1")

    assert "Likely raised routing accuracy" in said
    assert "Likely lowered" not in said
    assert "and 1 older commit; --limit shows more" in said
    assert [one["subject"] for one in json.loads(desk.gnomon("changes", "--json"))["commits"]] == [
        "Commit 24",
        "Commit 12",
    ]


def test_looking_again_at_everything_finds_the_same(moved: Desk) -> None:
    """`--full` counts no run twice; asking for it without a look is a mistake."""
    assert moved.gnomon("changes") == moved.gnomon("changes", "--full")
    assert "give one of them" in moved.gnomon("changes", "--full", "--no-update", code=2)


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
    (place,) = shown["commits"]
    assert (place["revision"], place["named"], place["subject"]) == (suite["revision"], True, "Commit 12")
    assert place["sentence"].startswith(f"Commit {suite['revision'][:7]} (Commit 12) likely lowered routing ")
    assert [file["path"] for file in place["files"]] == ["alpha/SKILL.md"]
    assert place["findings"] == [one["impact_id"] for one in shown["findings"]]
    assert {test["case_id"] for test in place["tests"]} >= {f"D{n:02}" for n in range(8)}
    (look,) = shown["looks"]
    assert (look["commits"], look["runs"], look["left_out"]) == (24, 48, {"uncommitted changes": 1})
    assert len(look["found"]) >= 1


def test_nothing_found_says_what_to_do(desk: Desk) -> None:
    """Exit code 1: nothing moved, nothing matches, no such metric."""
    commits = desk.repository.commit_all([(f"Commit {n}", SKILLS[n % 3]) for n in range(6)])
    with open_store(desk.url) as store:
        runs = Runs(store, "desk")
        runs.run(commits[0], {"D01": 1.0, "D02": 0.0})
        assert "no metric is known to have moved over 1 run;" in desk.gnomon("changes", code=1)
        for commit in commits[1:]:
            runs.run(commit, {"D01": 1.0, "D02": 0.0})

    assert "no metric is known to have moved over 6 runs" in desk.gnomon("changes", code=1)
    assert "gnomon changes --commit REV" in desk.gnomon("changes", "--no-update", code=1)
    assert "write one of routing_accuracy" in desk.gnomon("changes", "--metric", "speed", code=2)
    assert "'abc' is no finding, and no commit that one names" in desk.gnomon(
        "changes", "show", "abc", code=1
    )
    assert "no runs of such a suite; write one of routing" in desk.gnomon(
        "changes", "--suite", "speed", code=2
    )
    assert "nothing of what was asked for" in desk.gnomon("changes", "--department", "desk", code=1)
    assert "no commit on the first-parent line" in desk.gnomon("changes", "--commit", "abc1234", code=1)


def test_a_broken_last_commit_of_three_is_not_passed_over(desk: Desk) -> None:
    """With one run each it is said what flipped and how many runs would do, and with these it is told."""
    commits = desk.repository.commit_all([(f"Commit {n}", SKILLS[n % 3]) for n in range(4)])
    well = {f"D{n:02}": 1.0 for n in range(12)}
    broken = well | {f"D{n:02}": 0.0 for n in range(3)}
    with open_store(desk.url) as store:
        runs = Runs(store, "desk")
        for commit, rates in zip(commits[:3], (well, well, broken), strict=True):
            runs.run(commit, rates)

        said = desk.gnomon("changes", code=1)

        before, after = commits[1][:7], commits[2][:7]
        assert f"over 3 runs; {after} (Commit 2) flipped 3 tests for the worse, in 1 run against 1" in said
        assert f"4 more of {after} and 4 more of {before} would tell whether that stays" in said
        runs.run(commits[1], well, count=4)
        runs.run(commits[2], broken, count=4)
        unsettled = desk.gnomon("changes", code=1)
        assert "what looks so is above, with what would settle it" in unsettled
        assert "4 more" not in desk.gnomon("changes", "--json", code=1)
        (suite, *_) = json.loads(desk.gnomon("changes", "--all", "--json"))["findings"]
        assert f"since {after} (Commit 2), " in suite["sentence"]
        assert "sure; no later commit was measured, and one more would settle it." in suite["sentence"]
        assert suite["advice"] == f"Run the next commit after {after}, whatever it changes."
        # What is not settled is shown, and is no finding of which one in twenty may be wrong.
        (*_, last) = desk.gnomon("changes", "--all").splitlines()
        assert re.fullmatch(
            r"0 findings at 0 places in .* of 3 commits; \d+ more cannot be told yet, or were taken back\.",
            last,
        )
        runs.run(commits[3], broken, count=5)

    assert f"{after}  2023-11-14  Commit 2 (Ada)\n" in desk.gnomon("changes")


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


def test_a_commit_in_depth(moved: Desk) -> None:
    """Its block, suspects as bars, what was changed, the tests that moved, the ids of its findings."""
    moved.gnomon("changes")
    commit = moved.repository.commits[12]

    said = moved.gnomon("changes", "show", commit[:8])

    assert said.startswith(f"{commit[:7]}  2023-11-14  Commit 12 (Ada)\n")
    assert f"suspect   {commit[:7]}  ████" in said
    assert "changed   alpha/SKILL.md: skill alpha: " in said
    assert "8 tests moved\n" in said
    assert len([line for line in said.splitlines() if line.startswith("D0")]) == 8
    shown = json.loads(moved.gnomon("changes", "show", commit, "--json"))
    assert shown["findings"][0]["finding"]["impact_id"][:8] in said
    assert [one["revision"] for one in shown["commits"]] == [commit]


def test_a_commit_has_any_name_that_git_knows(moved: Desk) -> None:
    """`HEAD~11` as well as the beginning of the id; one that no finding names is said to be none."""
    moved.gnomon("changes")

    assert moved.gnomon("changes", "show", "HEAD~11") == moved.gnomon(
        "changes", "show", moved.repository.commits[12][:8]
    )
    assert "no commit that one names" in moved.gnomon("changes", "show", "HEAD", code=1)


def test_tests_are_told_with_what_they_ask(moved: Desk) -> None:
    """Out of the golden set where it was not recorded; no column is empty where it is not known."""
    head = moved.repository.commits[12]
    moved.gnomon("changes")
    for command in (("show", head), ("--commit", head)):
        assert "request" not in moved.gnomon("changes", *command)
    cases = "".join(f"  - {{id: D{n:02}, input: refund {n}, expected_skill: alpha}}\n" for n in range(8))
    (moved.folder / "golden.yaml").write_text(f"tests:\n{cases}")
    (moved.folder / "gnomon.yaml").write_text(
        "project: {name: desk}\nsuites: [{name: routing, paths: ['**'], golden_set: golden.yaml}]\n"
    )

    assert re.search(r"D03 .* refund 3$", moved.gnomon("changes", "show", head), re.MULTILINE)
    compared = moved.gnomon("changes", "--commit", head)
    assert re.search(r"D03 .* refund 3$", compared, re.MULTILINE)


def test_no_commit_is_suspected_of_another_model(desk: Desk) -> None:
    """What was committed at the time of a switch is told as such, without a share of the blame."""
    commits = desk.repository.commit_all([(f"Commit {n}", SKILLS[n % 3]) for n in range(24)])
    with open_store(desk.url) as store:
        runs = Runs(store, "desk")
        for position, commit in enumerate(commits):
            rates = {f"D{n:02}": 0.2 if position >= 12 and n < 8 else 0.95 for n in range(20)}
            runs.run(commit, rates, count=2, model="m-2" if position >= 12 else "m-1", tokens=900)
    shown = json.loads(desk.gnomon("changes", "--json"))
    suite = next(one for one in shown["findings"] if one["scope_kind"] == "suite")
    # When a run showed it, and not when the commit was made that this run was of.
    (place,) = shown["commits"]
    assert datetime.fromisoformat(place["changed_at"]).timestamp() == suite["changed_ns"] / 1e9

    said = desk.gnomon("changes", "show", suite["impact_id"])

    assert f"  same time {commits[12][:7]}" in said
    assert "suspect" not in said
    assert "with the old and with the new model" in said


def test_a_remote_that_is_added_doubles_no_finding(moved: Desk) -> None:
    """The repository has another name from then on, and is the same: findings keep their ids."""

    def ids() -> list[str]:
        return [
            one["impact_id"] for one in json.loads(moved.gnomon("changes", "--all", "--json"))["findings"]
        ]

    before = ids()
    git(moved.folder, "remote", "add", "origin", "git@example.com:shop/tills.git")

    assert ids() == before
    assert {
        one["repository"] for one in json.loads(moved.gnomon("changes", "--all", "--json"))["findings"]
    } == {"tills"}


def test_a_finding_in_depth(moved: Desk) -> None:
    """Sentence, numbers, suspects, what was changed, the tests that moved; by the beginning of its id."""
    moved.gnomon("changes")
    commit = moved.repository.commits[12]
    found = json.loads(moved.gnomon("changes", "show", commit, "--json"))["findings"]
    identity = found[0]["finding"]["impact_id"]

    said = moved.gnomon("changes", "show", identity[:6])

    assert said.startswith(f"Commit {commit[:7]} (Commit 12) likely lowered routing accuracy of the suite ")
    assert identity in said
    assert f"suspect   {commit[:7]}  ████" in said
    assert "tests moved" in said
    assert {case["case_id"] for case in found[0]["cases"]} >= {f"D{n:02}" for n in range(8)}
    assert found[0]["changes"][0]["path"] == "alpha/SKILL.md"
