"""Which files are in force: globs, git's ids, and the names of skills."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.provenance.files import blob_id, find, golden_set_version, hashes_by_skill, set_hash, skill_name
from gnomon.provenance.vcs import GitState

CONTENTS = {
    "SKILL.md": b"root\n",
    "skills/search/SKILL.md": b"---\nname: jira-search\n---\r\n",
    "skills/deep/er/SKILL.md": b"",
    "skills/binary/SKILL.md": bytes(range(256)),
    "skills/ünï 日本/SKILL.md": b"x" * 100_000,
    "skills/search/other.md": b"no skill\n",
    ".hidden/SKILL.md": b"hidden\n",
    "config/a.yaml": b"a: 1\n",
    "config/b/c.yml": b"c: 1\n",
}


def git(folder: Path, *arguments: str) -> str:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        [
            *("git", "-c", "user.name=Someone", "-c", "user.email=someone@example.org"),
            *("-c", "core.autocrlf=false", *arguments),
        ],
        cwd=folder,
        env=environment | {"GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder.parent)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, content in CONTENTS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git(root, "init", "--quiet", "--initial-branch", "trunk")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "First")
    return root


def test_ids_are_those_of_the_commit(repository: Path) -> None:
    """Each file's hash is `git rev-parse HEAD:<path>`, whatever the file holds."""
    found = find(repository, ["**/*"])
    assert {file.path for file in found} == set(CONTENTS)
    for file in found:
        assert file.hash == git(repository, "rev-parse", f"HEAD:{file.path}")


@given(st.binary(max_size=2000))
def test_ids_of_any_content(content: bytes) -> None:
    """The id is the one that git computes."""
    done = subprocess.run(["git", "hash-object", "--stdin"], input=content, capture_output=True, check=True)
    assert blob_id(content) == done.stdout.decode().strip()


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["**/SKILL.md"], {name for name in CONTENTS if name.endswith("SKILL.md")}),
        (["SKILL.md"], {"SKILL.md"}),
        (["./SKILL.md"], {"SKILL.md"}),
        (["skills/*/SKILL.md"], {f"skills/{name}/SKILL.md" for name in ("search", "binary", "ünï 日本")}),
        (["skills/**"], {name for name in CONTENTS if name.startswith("skills/")}),
        (["config/**/*.y?ml", "config/*.yaml"], {"config/a.yaml"}),
        (["config/**/*.yml"], {"config/b/c.yml"}),
        (["skills/search/*"], {"skills/search/SKILL.md", "skills/search/other.md"}),
        (["skill"], set()),
        ([], set()),
    ],
)
def test_globs(repository: Path, patterns: list[str], expected: set[str]) -> None:
    """`*` and `?` stay within a folder, `**` crosses them; walking and git's listing find the same."""
    assert {file.path for file in find(repository, patterns)} == expected
    if patterns:
        listing = GitState(repository, patterns).listing()
        assert listing is not None
        assert {file.path for file in find(repository, patterns, listing)} == expected


def test_what_git_ignores_is_not_in_force(repository: Path) -> None:
    """Git's listing holds files not committed yet, and none that are ignored."""
    (repository / ".gitignore").write_text("/built/\n")
    for name in ("built", "new"):
        (repository / name).mkdir()
        (repository / name / "SKILL.md").write_text("x")
    listing = GitState(repository, ["**/SKILL.md"]).listing()
    assert listing is not None
    assert "new/SKILL.md" in listing
    assert "built/SKILL.md" not in listing


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"---\nname: jira-search\ndescription: x\n---\n", "jira-search"),
        (b'---\r\ndescription: x\r\nname: "Jira Search"\r\n---\r\n', "Jira Search"),
        (b"---\nname: 'one # two'  # comment\n---\n", "one # two"),
        (b"---\nname: plain # comment\n---\n", "plain"),
        (b"---\nname:\n---\n", "folder"),
        (b"---\nnames: x\n---\n", "folder"),
        (b"---\nmetadata:\n  name: inner\n---\n", "folder"),
        (b"---\ndescription: x\n---\nname: body\n", "folder"),
        (b"name: no front matter\n", "folder"),
        (b"", "folder"),
        (bytes(range(256)), "folder"),
        ("---\nname: 検索\n---\n".encode(), "検索"),
    ],
)
def test_names_of_skills(content: bytes, name: str) -> None:
    """A skill is called what its front matter says, else what its folder is called."""
    assert skill_name(content, "skills/folder/SKILL.md") == name


def test_skills_by_every_name(repository: Path) -> None:
    """A skill's hash is found by its own name and by its folder's."""
    hashes = hashes_by_skill(find(repository, ["skills/**/SKILL.md"]))
    assert hashes["jira-search"] == hashes["search"] == blob_id(CONTENTS["skills/search/SKILL.md"])


def test_the_hash_of_a_set(repository: Path) -> None:
    """One id for a set of files: it does not hang on their order, and moves with a path or a content."""
    files = find(repository, ["**/SKILL.md"])
    assert set_hash(reversed(files)) == set_hash(files)
    assert set_hash(files[1:]) != set_hash(files)
    before = set_hash(files)
    (repository / "SKILL.md").rename(repository / "config" / "SKILL.md")
    assert set_hash(find(repository, ["**/SKILL.md"])) != before


@pytest.mark.parametrize(
    ("content", "version"),
    [
        ("version: 3\ncases: []\n", "3"),
        ('{"cases": [],\n"version": "2026.1"}', "2026.1"),
        ("version: '1.2' # note\n", "1.2"),
        ("cases:\n  - version: 9\n", None),
    ],
)
def test_versions_of_golden_sets(tmp_path: Path, content: str, version: str | None) -> None:
    """A golden set is named by the version that it states at its top level, else by its content."""
    path = tmp_path / "golden"
    path.write_text(content)
    assert golden_set_version(path) == (version or blob_id(content.encode())[:12])
    assert golden_set_version(tmp_path / "gone") is None
