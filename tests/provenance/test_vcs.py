"""The git state of a folder, beyond what whole test runs show of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon.provenance.vcs import GitState, without_credentials
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
