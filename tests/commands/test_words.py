"""The commands call one thing by one name."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests import warm
from tests.commands.conftest import Project

SUITE = """
from pathlib import Path
import pytest

ANSWERS = dict(line.split() for line in Path("answers.txt").read_text().splitlines())

@pytest.mark.parametrize("word", list(ANSWERS))
def test_route(word, gnomon_test):
    gnomon_test.expect(skill="refunds")
    said = ANSWERS[word]
    gnomon_test.routed(said if said == "refunds" else None, clarified=said == "asks")
"""


class Repository:
    """The project as a git repository; each commit changes what is answered, and is measured."""

    def __init__(self, project: Project) -> None:
        self._project = project
        (project.folder / ".gitignore").write_text(".gnomon/\n__pycache__/\n")
        (project.folder / "test_router.py").write_text(SUITE)
        self._git("init", "--quiet")

    def measured(self, runs: int = 1, **answers: str) -> None:
        text = "".join(f"{word} {answer}\n" for word, answer in answers.items())
        (self._project.folder / "answers.txt").write_text(text)
        self._git("add", ".")
        self._git("commit", "--quiet", "--allow-empty", "--message", "Answer")
        for _ in range(runs):
            command = [sys.executable, "-m", "pytest", "-q", "--gnomon", "-p", "no:cacheprovider"]
            warm.run(command, cwd=self._project.folder, env=self._project.environment)

    def _git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=self._project.folder, check=True)


@pytest.fixture
def repository(project: Project) -> Repository:
    return Repository(project)


def test_an_answer_has_one_name_in_every_command(project: Project, repository: Repository) -> None:
    """Who asks back did not choose "no skill", and neither is called otherwise by another command."""
    repository.measured(one="refunds", two="refunds")
    repository.measured(one="asks", two="none")

    routes = project.gnomon("show").partition("wrong routes")[2].splitlines()
    assert [line.split("  ")[1].strip() for line in routes[2:4]] == ["asks back", "no skill"]
    flips = project.gnomon("changes", "--commit", "HEAD").splitlines()[-2:]
    assert [line.rpartition("  ")[2].strip() for line in flips] == ["asks back", "no skill"]
    fell = project.gnomon("gate", "--base", "HEAD~1").partition("fell (2)")[2].splitlines()
    assert [line.rpartition(": ")[2].strip() for line in fell[2:4]] == ["asks back", "no skill"]


def test_a_question_in_a_flaky_test_is_no_skill_that_was_chosen(
    project: Project, repository: Repository
) -> None:
    """Of what was answered at one commit, of causes as well."""
    for answer in ("refunds", "asks", "refunds", "none") * 2:
        repository.measured(one=answer)

    said = project.gnomon("flaky", "show", "test_router.py::test_route[one]")

    assert "the model asked back, not refunds" in said
    assert "the model chose no skill, not refunds" in said


def test_one_test_alone_can_be_compared(project: Project, repository: Repository) -> None:
    """Its difference has no interval but what a rate is bound to, which JSON tells as not known."""
    repository.measured(one="refunds")
    repository.measured(one="none")

    lines = project.gnomon("changes", "--commit", "HEAD").splitlines()
    rows = {line.split()[0]: line for line in lines if line}
    assert "-100 [-100, +100]" in rows["routing_accuracy"]
    assert "[" not in rows["latency"]
    text = project.gnomon("changes", "--commit", "HEAD", "--json")
    (compared,) = json.loads(text)["comparisons"]
    latency = {one["metric"]: one["difference"] for one in compared["metrics"]}["latency"]
    assert (latency["low"], latency["high"]) == (None, None)
    assert "Infinity" not in text
