"""The git state of a folder, beyond what whole test runs show of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon.cli.detection import project_name
from gnomon.provenance.vcs import GitState, without_credentials
from gnomon.settings import load
from gnomon_analysis.changes.repository import Repository
from tests.provenance.test_files import git, repository

__all__ = ["repository"]


def test_a_branch_wins_over_a_tag(repository: Path) -> None:
    """A tagged commit that is checked out by its branch is named by the branch."""
    git(repository, "tag", "v1")
    found = GitState(repository).attributes()
    assert (found["vcs.ref.head.name"], found["vcs.ref.head.type"]) == ("trunk", "branch")


def test_detached_without_a_tag(repository: Path) -> None:
    """A commit by itself has no name: none is made up."""
    git(repository, "checkout", "--quiet", "--detach")
    found = GitState(repository).attributes()
    assert found["vcs.ref.head.revision"] == git(repository, "rev-parse", "HEAD")
    assert "vcs.ref.head.name" not in found
    assert "vcs.ref.head.type" not in found


def test_new_files_do_not_make_a_tree_dirty(repository: Path) -> None:
    """What git does not track is no change; a deleted or renamed file is one."""
    (repository / "new").write_text("x")
    assert GitState(repository).attributes()["gnomon.vcs.dirty"] is False
    (repository / "SKILL.md").unlink()
    assert GitState(repository).attributes()["gnomon.vcs.dirty"] is True


def test_reading_writes_nothing(repository: Path) -> None:
    """Asking for the state does not touch the repository, not even git's index."""
    (repository / "SKILL.md").touch()
    before = {path: path.stat().st_mtime_ns for path in (repository / ".git").rglob("*")}
    GitState(repository, ["**/SKILL.md"]).attributes()
    assert {path: path.stat().st_mtime_ns for path in (repository / ".git").rglob("*")} == before


def test_listing_is_relative_to_the_folder(repository: Path) -> None:
    """A folder inside of the repository lists its own files by its own paths."""
    assert GitState(repository / "skills", ["search/SKILL.md"]).listing() == ["search/SKILL.md"]
    assert GitState(repository, ["**/none"]).listing() == []


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a repository, without git, or in a folder that is gone, nothing is known."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for state in (GitState(tmp_path, ["*"]), GitState(tmp_path / "gone", ["*"])):
        assert state.attributes() == {}
        assert state.listing() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    state = GitState(tmp_path, ["*"])
    assert (state.attributes(), state.listing()) == ({}, None)


def named(folder: Path) -> tuple[str, str, str]:
    """What runs in this folder say of their repository, their project and their service."""
    project = load(start=folder, environ={}).project
    found = GitState(folder).attributes()
    assert Repository(folder).name == found["vcs.repository.name"]
    return found["vcs.repository.name"], project.name, project.service_name


def test_a_linked_working_tree_is_called_as_its_repository(repository: Path, tmp_path: Path) -> None:
    """Without a remote the main working tree's folder names it, whatever the linked one is called."""
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "side"))
    git(tmp_path / "side", "worktree", "add", "--quiet", str(tmp_path / "elsewhere" / "other"))
    (tmp_path / "link").symlink_to(tmp_path / "side")
    for folder in ("repository", "side", "elsewhere/other", "link"):
        expected = ("repository", "repository", "repository-tests")
        assert named(tmp_path / folder) == expected
        assert named(tmp_path / folder / "skills") == expected
        assert project_name(tmp_path / folder) == "repository"


def test_a_linked_working_tree_with_settings_of_its_own(repository: Path, tmp_path: Path) -> None:
    """A gnomon.yaml at its root changes nothing, one in a folder names that, one with a name wins."""
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "side"))
    for text, place, name in (
        ("environment: live\n", "", "repository"),
        ("environment: live\n", "skills", "skills"),
        ("project: {name: mine}\n", "", "mine"),
    ):
        (tmp_path / "side" / place / "gnomon.yaml").write_text(text)
        assert load(start=tmp_path / "side" / place, environ={}).project.name == name


@pytest.mark.parametrize(("bare", "name"), [("app.git", "app"), ("app/.bare", "app"), ("app/.git", "app")])
def test_working_trees_of_a_bare_repository(repository: Path, tmp_path: Path, bare: str, name: str) -> None:
    """They are called as the repository is, without the `.git` of its folder."""
    (tmp_path / "app").mkdir()
    git(repository, "clone", "--quiet", "--bare", str(repository), str(tmp_path / bare))
    git(tmp_path / bare, "remote", "remove", "origin")
    git(tmp_path / bare, "worktree", "add", "--quiet", str(tmp_path / "app" / "feature"))
    assert named(tmp_path / "app" / "feature") == (name, name, f"{name}-tests")
    assert Repository(tmp_path / bare).name == name


def test_a_submodule_is_a_repository_of_its_own(repository: Path, tmp_path: Path) -> None:
    """It has the name of its folder, and so have the working trees that are linked to it."""
    git(tmp_path, "init", "--quiet", "--initial-branch=trunk", "outer")
    outer = tmp_path / "outer"
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository), "parts/inner")
    git(outer, *add)
    inner = outer / "parts" / "inner"
    git(inner, "remote", "remove", "origin")
    git(inner, "worktree", "add", "--quiet", str(tmp_path / "side"))
    for folder in (inner, tmp_path / "side"):
        assert named(folder) == ("inner", "inner", "inner-tests")


def test_a_working_tree_whose_repository_is_out_of_reach(repository: Path, tmp_path: Path) -> None:
    """A container that has nothing but the working tree still knows what the project is called."""
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "side"))
    repository.rename(tmp_path / "gone")
    assert load(start=tmp_path / "side", environ={}).project.name == "repository"
    for text in ("gitdir: /nowhere", "gitdir:", "", "\xff"):
        (tmp_path / "side" / ".git").write_text(text, encoding="latin-1")
        assert load(start=tmp_path / "side", environ={}).project.name == "side"
    # As `git worktree add --relative-paths` writes it, of a working tree that lies within the main one.
    (tmp_path / "side" / ".git").write_text("gitdir: ../.git/worktrees/side\n")
    assert load(start=tmp_path / "side", environ={}).project.name == tmp_path.name


def test_a_place_of_the_working_tree_that_is_configured(repository: Path, tmp_path: Path) -> None:
    """Git's own setting counts, whatever its case; a key of another section is none of it."""
    repository.rename(tmp_path / "app")
    (tmp_path / "app" / ".git").rename(tmp_path / "store")
    (tmp_path / "app" / ".git").write_text("gitdir: ../store\n")
    git(tmp_path / "app", "config", "other.worktree", "elsewhere")
    git(tmp_path / "app", "worktree", "add", "--quiet", str(tmp_path / "side"))
    assert named(tmp_path / "side") == ("store", "store", "store-tests")
    git(tmp_path / "app", "config", "core.workTree", str(tmp_path / "app"))
    for folder in ("app", "side"):
        assert named(tmp_path / folder) == ("app", "app", "app-tests")


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("https://user:t0ken@example.org/team/app.git", "https://example.org/team/app.git"),
        ("https://t0ken@example.org:8443/team/app", "https://example.org:8443/team/app"),
        ("https://user:p@ss@example.org/app", "https://example.org/app"),
        ("https://example.org/app?access_token=t0ken#t0ken", "https://example.org/app"),
        ("ssh://git@example.org/app.git", "ssh://example.org/app.git"),
        ("git@example.org:team/app.git", "git@example.org:team/app.git"),
        ("/srv/git/app.git", "/srv/git/app.git"),
        ("file:///srv/git/app.git", "file:///srv/git/app.git"),
    ],
)
def test_addresses_of_remotes(remote: str, shown: str) -> None:
    """Nobody's name, password or token is in an address that leaves the machine."""
    assert without_credentials(remote) == shown


@pytest.mark.parametrize("remote", ["https://[broken/app.git", "https://user:t0ken@[broken/app.git"])
def test_a_remote_that_is_no_url(repository: Path, remote: str) -> None:
    """A broken address costs itself: the rest is known, and no token gets out."""
    git(repository, "remote", "add", "origin", remote)
    found = GitState(repository).attributes()
    assert found["vcs.ref.head.name"] == "trunk"
    assert found["vcs.repository.name"] == "repository"
    assert "t0ken" not in str(found)
