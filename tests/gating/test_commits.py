"""Which commits are compared, in real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gnomon.errors import ExitCode, UserError
from gnomon_analysis.gating import commits


class Repository:
    """A git repository that knows nothing of the machine's configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", ".")

    def git(self, *arguments: str) -> str:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
        }
        return subprocess.run(
            ("git", *arguments), cwd=self.folder, env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, message: str) -> str:
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "shop")


def test_a_branch_is_compared_with_where_it_grew_from(repository: Repository) -> None:
    """Not with what the base became since; then back along first parents, past what was merged."""
    first = repository.commit("first")
    repository.git("switch", "--quiet", "--create", "aside")
    repository.commit("aside")
    repository.git("switch", "--quiet", "main")
    second = repository.commit("second")
    repository.git("merge", "--quiet", "--no-ff", "--message", "merge", "aside")
    merge = repository.git("rev-parse", "HEAD")
    repository.git("switch", "--quiet", "--create", "topic")
    head = repository.commit("topic")
    repository.git("switch", "--quiet", "main")
    repository.commit("later")

    found = commits.line(repository.folder, "topic", "main")
    assert (found.head, found.ancestors) == (head, (merge, second, first))
    assert not found.head_is_on_base
    assert commits.subject(repository.folder, merge) == "merge"


def test_the_base_itself_is_compared_with_its_parent(repository: Repository) -> None:
    """On the main branch each commit answers for what it did itself."""
    first, second = repository.commit("first"), repository.commit("second")
    found = commits.line(repository.folder, "HEAD", "main")
    assert (found.head, found.ancestors, found.head_is_on_base) == (second, (first,), True)


def test_the_base_may_be_known_from_the_remote_alone(repository: Repository, tmp_path: Path) -> None:
    """A pipeline checks out the branch only; what is nearer of the local and the remote branch counts."""
    first = repository.commit("first")
    second = repository.commit("second")
    clone = Repository(tmp_path / "clone")
    clone.git("fetch", "--quiet", str(repository.folder), "main:refs/remotes/origin/main")
    clone.git("switch", "--quiet", "--create", "topic", second)
    clone.commit("topic")
    assert commits.line(clone.folder, "HEAD", "main").ancestors == (second, first)
    clone.git("branch", "main", first)
    assert commits.line(clone.folder, "HEAD", "main").ancestors == (second, first)


def test_a_shallow_clone_is_told_what_to_fetch(repository: Repository, tmp_path: Path) -> None:
    """Without the history there is no commit in common; the answer says how to get it."""
    repository.commit("first")
    repository.git("switch", "--quiet", "--create", "topic")
    repository.commit("topic")
    clone = tmp_path / "clone"
    repository.git(
        "clone", "--quiet", "--depth=1", "--branch=topic", f"file://{repository.folder}", str(clone)
    )
    with pytest.raises(UserError, match=r"main: git knows no such branch.*git fetch --unshallow") as raised:
        commits.line(clone, "HEAD", "main")
    assert raised.value.exit_code is ExitCode.MISSING


def test_mistakes(repository: Repository, tmp_path: Path) -> None:
    """A wrong name, a first commit, a folder without a repository, an option in place of a name."""
    repository.commit("first")
    for head, base, said in (
        ("nothing", "main", "--head nothing: git knows no such commit"),
        ("HEAD", "nowhere", "nowhere: git knows no such branch or commit"),
        ("HEAD", "main", "has no parent here"),
        ("--output=x", "main", "git knows no such commit"),
    ):
        with pytest.raises(UserError, match=said):
            commits.line(repository.folder, head, base)
    (tmp_path / "empty").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
        with pytest.raises(UserError, match="there is no git repository here"):
            commits.line(tmp_path / "empty", "HEAD", "main")
