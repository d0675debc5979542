from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from gnomon.errors import ExitCode, UserError
from gnomon.provenance.vcs import repository_attributes
from gnomon_analysis.demo import example
from gnomon_analysis.demo.history import Git, SkillHistory


class Repository:
    """A real repository with whatever a user may have set up in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=example", "-c", "user.email=e@localhost", *arguments],
            cwd=self.folder, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, message: str, files: Mapping[str, str | None]) -> str:
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "users repository")


@pytest.fixture
def git(tmp_path: Path) -> Git:
    home = tmp_path / "home"
    home.mkdir()
    return Git(home)


def subjects(git: Git, repository: Repository, tmp_path: Path, span: str | None = None) -> list[str]:
    history = SkillHistory(git, repository.folder, tmp_path / "copy.git")
    return [revision.subject for revision in history.revisions("golden.yaml", span)]


def test_only_commits_that_change_a_skill_or_the_golden_set_are_replayed(
    repository: Repository, git: Git, tmp_path: Path
) -> None:
    """Renames, removals and the golden set count; other files and commits without any skill do not."""
    repository.commit("no skill yet", {"golden.yaml": "1"})
    repository.commit("first", {"skills/a/SKILL.md": "a"})
    repository.commit("code", {"main.py": "print()"})
    repository.commit("golden", {"golden.yaml": "2"})
    repository.git("mv", "skills", "plugins")
    repository.commit("moved", {})
    repository.commit("second", {"plugins/b/SKILL.md": "b"})
    repository.commit("removed", {"plugins/b/SKILL.md": None})
    history = SkillHistory(git, repository.folder, tmp_path / "copy.git")
    found = history.revisions("golden.yaml", None)
    assert [one.subject for one in found] == ["first", "golden", "moved", "second", "removed"]
    assert [one.subject for one in found if one.golden_changed] == ["golden"]
    assert [one.subject for one in found if not one.skills_changed] == ["golden"]


def test_a_merge_is_one_step_of_the_history(repository: Repository, git: Git, tmp_path: Path) -> None:
    """Commits of a merged branch are not replayed one by one; the merge that brings them is."""
    repository.commit("first", {"a/SKILL.md": "1"})
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("on the side 1", {"b/SKILL.md": "1"})
    repository.commit("on the side 2", {"b/SKILL.md": "2"})
    repository.git("checkout", "-q", "main")
    repository.commit("beside it", {"a/SKILL.md": "2"})
    repository.git("merge", "-q", "--no-ff", "-m", "merge the side", "side")
    assert subjects(git, repository, tmp_path) == ["first", "beside it", "merge the side"]


def test_a_range_is_what_git_makes_of_it(repository: Repository, git: Git, tmp_path: Path) -> None:
    """Tags, branches and relative names do; a mistyped range is told."""
    for number in range(4):
        repository.commit(f"number {number}", {"a/SKILL.md": str(number)})
    repository.git("tag", "v1", "HEAD~2")
    history = SkillHistory(git, repository.folder, tmp_path / "copy.git")
    assert [one.subject for one in history.revisions(None, "v1..main")] == ["number 2", "number 3"]
    assert history.revisions(None, "main..main") == []
    for wrong in ("v1", "--all..x", "v1...main"):
        with pytest.raises(UserError, match="write two revisions with two dots"):
            history.revisions(None, wrong)
    with pytest.raises(UserError, match=r"--range nowhere\.\.main: git knows no such range"):
        history.revisions(None, "nowhere..main")


def test_nothing_of_the_repository_is_run_or_changed(
    repository: Repository, git: Git, tmp_path: Path
) -> None:
    """Hooks, filters and uncommitted work stay untouched; only SKILL.md files are checked out."""
    traces = tmp_path / "traces"
    traces.mkdir()
    repository.commit(
        "first",
        {
            "a/SKILL.md": "1",
            "conftest.py": "raise SystemExit",
            "gnomon.yaml": "nonsense: [",
            ".gitattributes": "* filter=spy\n",
        },
    )
    last = repository.commit("second", {"a/SKILL.md": "2", "gnomon.yaml": "other: ["})
    for hook in ("post-checkout", "reference-transaction", "pre-commit"):
        path = repository.folder / ".git" / "hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch '{traces}/{hook}'\n")
        path.chmod(0o755)
    repository.git("config", "filter.spy.smudge", f"touch '{traces}/smudge'; cat")
    (repository.folder / "a" / "SKILL.md").write_text("not committed")
    before = {path: path.stat().st_mtime_ns for path in sorted(repository.folder.rglob("*"))}

    history = SkillHistory(git, repository.folder, tmp_path / "copy.git")
    tree = history.working_tree(tmp_path / "tree")
    for revision in history.revisions(None, None):
        tree.check_out(revision)
        (tree.folder / "gnomon.yaml").write_text("ours: 1")
        assert git.run(tree.folder, "status", "--porcelain", "--untracked-files=no") == ""
    assert git.run(tree.folder, "rev-parse", "HEAD").strip() == last
    shown = {path.relative_to(tree.folder).as_posix() for path in tree.folder.rglob("*") if path.is_file()}
    assert shown == {".git", "a/SKILL.md", "gnomon.yaml"}
    assert (tree.folder / "a" / "SKILL.md").read_text() == "2"
    assert {path: path.stat().st_mtime_ns for path in sorted(repository.folder.rglob("*"))} == before
    assert list(traces.iterdir()) == []


@pytest.mark.parametrize("remote", [None, "https://someone:secret@example.org/team/skills.git"])
def test_a_linked_working_tree_is_called_as_its_repository(
    repository: Repository, git: Git, tmp_path: Path, remote: str | None
) -> None:
    """By its remote, else by the folder of the main working tree; the copy is called the same."""
    repository.commit("first", {"a/SKILL.md": "1"})
    if remote:
        repository.git("remote", "add", "origin", remote)
    linked = tmp_path / "a fix of friday"
    repository.git("worktree", "add", "--quiet", "--detach", str(linked))
    name = "skills" if remote else "users repository"
    for number, folder in enumerate((repository.folder, linked)):
        copy = tmp_path / f"copy{number}.git"
        assert SkillHistory(git, folder, copy).name == name
        origin = git.run(copy, "config", "remote.origin.url").strip()
        assert repository_attributes(origin, copy)["vcs.repository.name"] == name


def test_the_users_own_git_settings_have_no_say(
    repository: Repository, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables and configuration of the caller's do not reach our git."""
    repository.commit("first", {"a/SKILL.md": "1"})
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path))
    assert subjects(git, repository, tmp_path) == ["first"]


def test_what_is_no_repository_is_told(git: Git, tmp_path: Path) -> None:
    """A missing folder, a plain folder and a repository without commits each get a sentence."""
    with pytest.raises(UserError, match="there is no such folder"):
        SkillHistory(git, tmp_path / "none", tmp_path / "copy.git")
    plain = tmp_path / "plain"
    plain.mkdir()
    with pytest.raises(UserError, match="is not a git repository with commits") as raised:
        SkillHistory(git, plain, tmp_path / "copy.git")
    assert raised.value.exit_code is ExitCode.USAGE
    Repository(tmp_path / "empty")
    with pytest.raises(UserError, match="is not a git repository with commits"):
        SkillHistory(git, tmp_path / "empty", tmp_path / "copy.git")


def test_the_example_is_the_same_history_everywhere(git: Git, tmp_path: Path) -> None:
    """Built twice, in other places, the example has the same commits; they all are replayed."""
    heads = []
    for name in ("one", "two"):
        example.build(git, tmp_path / name)
        heads.append(git.run(tmp_path / name, "rev-parse", "HEAD").strip())
    assert heads[0] == heads[1]
    history = SkillHistory(git, tmp_path / "one", tmp_path / "copy.git")
    revisions = history.revisions(example.GOLDEN_SET.name, None)
    assert len(revisions) == 19
    assert len({revision.subject for revision in revisions}) == 19
    authors = set(git.run(tmp_path / "one", "log", "--format=%an").split())
    assert authors == {"example"}
