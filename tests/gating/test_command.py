"""`gnomon gate` as a person or a pipeline runs it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Project
from tests.gating.test_commits import Repository
from tests.store.postgres import Server
from tests.store.spool_files import Run


@dataclass
class Branch:
    """A project whose branch `topic` grew from the second commit of `main`."""

    project: Project
    repository: Repository
    first: str
    base: str
    head: str

    def record(self, commit: str, good: int, cases: int = 40, runs: int = 1, **values: Any) -> None:
        """Runs of a commit, of whose tests the first `good` are right."""
        record(self.project.spool, commit, good, cases, runs, **values)


def record(spool: Path, commit: str, good: int, cases: int = 40, runs: int = 1, **values: Any) -> None:
    for number in range(runs):
        run = Run(key=f"{commit[:8]}-{number}-{good}", sequence=number + 1, commit=commit, **values)
        for case in range(cases):
            outcome = "passed" if case < good else "failed"
            run.test(
                f"C{case:02d}", outcome, expected="alpha", actual="alpha" if case < good else "beta", calls=1
            )
        run.write(spool)


@pytest.fixture
def branch(tmp_path: Path) -> Branch:
    folder = tmp_path / "shop"
    repository = Repository(folder)
    project = Project(folder)
    first, base = repository.commit("first"), repository.commit("Narrow refunds")
    repository.git("switch", "--quiet", "--create", "topic")
    return Branch(project, repository, first, base, repository.commit("Widen `refunds` | @all <b>"))


def lines(text: str, *parts: str) -> None:
    for part in parts:
        assert part in text, text


def test_a_worse_branch(branch: Branch) -> None:
    """Off, the gate says what it sees and stops nothing; on, it ends with 1."""
    branch.record(branch.base, 38)
    branch.record(branch.head, 20)
    said = branch.project.gnomon("gate")
    lines(
        said,
        "fail: worse than its base (routing accuracy and pass rate lost more than the limit)",
        "The gate is off: nothing fails by it.",
        f"{branch.head[:8]} (1 run) against {branch.base[:8]} (1 run), where it grew from main",
        "\u221245.0 points [",
        "fell (18)",
    )
    branch.project.gnomon("gate", "--enforce", code=1)
    (branch.project.folder / "gnomon.yaml").write_text("gate: {enabled: true}\n")
    branch.project.gnomon("gate", code=1)


def test_unsure_follows_the_settings(branch: Branch) -> None:
    """What cannot be decided passes or fails as the team says, with the runs that would decide."""
    branch.record(branch.base, 38)
    branch.record(branch.head, 37)
    said = branch.project.gnomon("gate", "--enforce")
    lines(
        said, "unsure: the runs there are cannot decide", "Unsure counts as pass", "on each side would decide"
    )
    (branch.project.folder / "gnomon.yaml").write_text("gate: {unsure: fail}\n")
    branch.project.gnomon("gate")
    branch.project.gnomon("gate", "--enforce", code=1)


def test_the_nearest_commit_with_runs(branch: Branch) -> None:
    """Where the branch grew from was not tested: the one before it was, and that is said."""
    branch.record(branch.first, 38)
    branch.record(branch.head, 38)
    lines(
        branch.project.gnomon("gate"),
        f"against {branch.first[:8]} (1 run), the nearest with runs, 1 commit before {branch.base[:8]}, ",
        "where it grew from main",
    )


def test_missing_runs(branch: Branch) -> None:
    """Exit code 3 and what to do, whichever side has none."""
    assert "no runs yet" in branch.project.gnomon("gate", code=3)
    branch.record(branch.base, 38)
    lines(
        branch.project.gnomon("gate", code=3), f"no run of commit {branch.head[:8]} (HEAD)", "pytest --gnomon"
    )
    branch.record(branch.head, 38, dirty=True)
    lines(branch.project.gnomon("gate", code=3), "1 with uncommitted changes; --dirty counts")
    assert "pass rate" in branch.project.gnomon("gate", "--dirty")
    assert "no run of suite 'other'" in branch.project.gnomon("gate", "--suite", "other", code=3)


def test_without_a_repository(tmp_path: Path) -> None:
    """Exit code 3, as from every command that needs one."""
    project = Project(tmp_path)
    record(project.spool, "a" * 40, 38)
    said = project.gnomon("gate", code=3)
    lines(said, f"gnomon: {tmp_path}: there is no git repository here; run it where the branch")


def test_no_runs_of_the_base(branch: Branch) -> None:
    """A store without the base says so, and where to look."""
    branch.record(branch.head, 38)
    said = branch.project.gnomon("gate", code=3)
    lines(said, f"the store has no run of {branch.base[:8]}, where this grew from main", "--base-store")


def test_results_of_the_base_from_elsewhere(branch: Branch, tmp_path: Path) -> None:
    """A state directory of another job, its database, or the address of that."""
    branch.record(branch.head, 20)
    elsewhere = tmp_path / "artifact" / ".gnomon"
    record(elsewhere / "spool", branch.base, 38)
    for where in (elsewhere, elsewhere / "gnomon.db", f"sqlite:///{elsewhere / 'gnomon.db'}"):
        said = branch.project.gnomon("gate", "--enforce", "--base-store", str(where), code=1)
        assert said == ""
    shutil.rmtree(elsewhere)
    for where in (elsewhere, f"sqlite:///{elsewhere / 'gnomon.db'}", tmp_path):
        assert "--base-store" in branch.project.gnomon("gate", "--base-store", str(where), code=3)


def test_another_model(branch: Branch) -> None:
    """What is not due to the commit alone decides nothing, unless that is wanted."""
    branch.record(branch.base, 38)
    branch.record(branch.head, 20, extra={"gnomon.golden_set.version": "8"})
    said = branch.project.gnomon("gate", "--enforce")
    lines(said, "not comparable: golden set changed from 7 to 8", "unsure")
    branch.project.gnomon("gate", "--enforce", "--allow-upstream", code=1)


def test_markdown(branch: Branch, tmp_path: Path) -> None:
    """One comment, in a file, on stdout or in the job's summary; names in it are only names."""
    branch.record(branch.base, 38)
    branch.record(branch.head, 20)
    comment = tmp_path / "gate.md"
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    branch.project.environment["GITHUB_STEP_SUMMARY"] = str(summary)
    branch.project.gnomon("gate", "--markdown", str(comment))
    assert summary.read_text() == "before\n"
    printed = branch.project.gnomon("gate", "--markdown", "-", "--github")
    assert printed == comment.read_text()
    assert summary.read_text() == f"before\n{printed}"
    lines(
        printed,
        "<!-- gnomon gate -->",
        "Gnomon gate: fail (not enforced)",
        "| routing accuracy | 95.0 % | 50.0 % | \u221245.0 points [",
        "- head: ``Widen `refunds` | @all <b>``",
        "<details><summary>Cases that fell (18)</summary>",
    )
    assert "cannot be written" in branch.project.gnomon("gate", "--markdown", "/nowhere/gate.md", code=2)
    assert "both print to stdout" in branch.project.gnomon("gate", "--json", "--markdown", "-", code=2)
    del branch.project.environment["GITHUB_STEP_SUMMARY"]
    branch.project.gnomon("gate", "--github")


def test_json(branch: Branch) -> None:
    """Everything that is told, for a program; the exit code with it."""
    branch.record(branch.base, 38)
    branch.record(branch.head, 20)
    said = json.loads(branch.project.gnomon("gate", "--json"))
    gate = said["gate"]
    assert (said["exit_code"], gate["verdict"], gate["enabled"], gate["passed"]) == (0, "fail", False, True)
    (suite,) = gate["suites"]
    assert (suite["suite"], suite["commits_apart"], len(suite["fell"])) == ("routing", 0, 18)
    accuracy = next(one for one in suite["metrics"] if one["name"] == "routing_accuracy")
    assert (accuracy["before"], accuracy["after"], accuracy["verdict"]) == (0.95, 0.5, "fail")
    assert accuracy["low"] < -0.45 < accuracy["high"] < -0.02


def test_quarantine(branch: Branch) -> None:
    """Tests in `flaky.quarantine` are listed and decide nothing."""
    patterns: Sequence[str] = ["C2*", "C3*"]
    (branch.project.folder / "gnomon.yaml").write_text(f"flaky: {{quarantine: {json.dumps(patterns)}}}\n")
    branch.record(branch.base, 40)
    branch.record(branch.head, 20)
    said = branch.project.gnomon("gate", "--enforce")
    lines(said, "quarantined, not counted (20)", "0.0 points")


def test_on_the_base_itself(branch: Branch) -> None:
    """On the main branch a commit is compared with the one before it."""
    branch.record(branch.first, 38)
    branch.record(branch.base, 20)
    said = branch.project.gnomon("gate", "--head", "main")
    lines(said, f"{branch.base[:8]} (1 run) against {branch.first[:8]} (1 run), the commit before it")


def test_past_runs_tell_how_latency_scatters(branch: Branch) -> None:
    """One run a side has a verdict on latency once commits before the base show how far whole runs differ."""
    repository = branch.repository
    repository.git("switch", "--quiet", "main")
    past = [repository.commit(f"change {number}") for number in range(8)]
    repository.git("switch", "--quiet", "--create", "slow")
    head = repository.commit("slow")
    for number, commit in enumerate(past):
        timed(branch.project.spool, commit, 0.5 + number % 2 / 100)
    timed(branch.project.spool, head, 5.0)
    latency = next(
        metric
        for metric in json.loads(branch.project.gnomon("gate", "--json"))["gate"]["suites"][0]["metrics"]
        if metric["name"] == "latency"
    )
    assert (latency["verdict"], latency["before"], latency["after"]) == (
        "fail", pytest.approx(0.51), pytest.approx(5.0),
    )  # fmt: skip


def timed(spool: Path, commit: str, duration: float) -> None:
    run = Run(key=f"timed-{commit[:8]}", commit=commit)
    for case in range(20):
        run.test(f"C{case:02d}", expected="alpha", actual="alpha", duration=duration)
    run.write(spool)


def test_a_run_of_several_suites(branch: Branch) -> None:
    """Tests belong to their own suite, whatever the run was called; each suite is compared by itself."""
    for commit in (branch.base, branch.head):
        run = Run(key=f"both-{commit[:8]}", commit=commit)
        for case in range(20):
            good = commit == branch.base or case < 10
            values = {"expected": "alpha", "actual": "alpha" if good else "beta"}
            run.test(f"C{case:02d}", "passed" if good else "failed", **values)  # type: ignore[arg-type]
            run.test(
                f"T{case:02d}", expected="alpha", actual="alpha", attributes={"test.suite.name": "triage"}
            )
        run.write(branch.project.spool)
    suites = json.loads(branch.project.gnomon("gate", "--json"))["gate"]["suites"]
    assert [(suite["suite"], suite["verdict"], len(suite["fell"])) for suite in suites] == [
        ("routing", "fail", 10),
        ("triage", "unsure", 0),
    ]
    assert "triage: unsure" in branch.project.gnomon("gate", "--suite", "triage")


def test_a_base_in_postgresql(branch: Branch, postgres_server: Server) -> None:
    """Results that a team keeps in one database are found by its address."""
    address = postgres_server.database()
    record(branch.project.spool, branch.base, 38)
    branch.project.environment["GNOMON_STORE_URL"] = address
    branch.project.gnomon("ingest")
    del branch.project.environment["GNOMON_STORE_URL"]
    shutil.rmtree(branch.project.folder / ".gnomon")
    branch.record(branch.head, 20)
    said = json.loads(branch.project.gnomon("gate", "--json", "--base-store", address))
    assert said["gate"]["verdict"] == "fail"
