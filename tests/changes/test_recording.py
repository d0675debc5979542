from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from gnomon import settings as gnomon_settings
from gnomon_analysis.changes import Recorded, record
from gnomon_analysis.changes.recording import uncommitted
from gnomon_analysis.changes.repository import Repository
from gnomon_analysis.store import Store
from gnomon_analysis.store.opening import writing
from gnomon_analysis.store.schema import changes, skill_change_events
from tests.changes.repositories import Repo, skill


def look(store: Store, repo: Repo) -> Recorded:
    return record(store, gnomon_settings.load(start=repo.folder))


def rows(store: Store) -> list[dict[str, Any]]:
    with store.engine.connect() as connection:
        statement = select(skill_change_events).order_by(
            skill_change_events.c.changed_ns, skill_change_events.c.path
        )
        return [dict(row) for row in connection.execute(statement).mappings()]


def subjects(recorded: Recorded) -> list[str | None]:
    return [change.subject for change in recorded.noticed]


def test_a_row_holds_all_that_is_known_of_a_change(repo: Repo, either_store: Store) -> None:
    """Who, when, what, and what of it; the view adds the moment."""
    first = repo.commit("Begin", {"skills/r/SKILL.md": skill("refunds")})
    second = repo.commit("Say more", {"skills/r/SKILL.md": skill("refunds", "## Output\nA table.\n")})
    recorded = look(either_store, repo)
    assert [(change.revision, change.summary) for change in recorded.noticed] == [
        (first, "skill refunds: added (137 tokens)"),
        (second, "skill refunds: section Output added; +6 tokens"),
    ]
    assert (recorded.repositories, recorded.notes) == (("desk",), ())
    row = rows(either_store)[1]
    assert row.pop("event_id") == recorded.noticed[1].event_id
    assert row.pop("noticed_ns") > row["changed_ns"]
    assert row.pop("diff").startswith("@@ -")
    assert row == {
        "source": "git",
        "repository": "desk",
        "revision": second,
        "parent": first,
        "ref_name": "main",
        "author": "Ada",
        "subject": "Say more",
        "authored_ns": 1_750_000_120 * 10**9,
        "changed_ns": 1_750_000_120 * 10**9,
        "kind": "skill",
        "change": "modified",
        "path": "skills/r/SKILL.md",
        "old_path": None,
        "skill": "refunds",
        "old_hash": repo.git("rev-parse", f"{first}:skills/r/SKILL.md"),
        "new_hash": repo.git("rev-parse", f"{second}:skills/r/SKILL.md"),
        "lines_added": 2,
        "lines_deleted": 0,
        "old_tokens": 137,
        "new_tokens": 143,
        "parts": [
            {
                "part": "section",
                "name": "refunds > Output",
                "change": "added",
                "old": None,
                "new": "## Output\nA table.",
                "old_tokens": 0,
                "new_tokens": 6,
            }
        ],
        "summary": "skill refunds: section Output added; +6 tokens",
        "attributes": None,
    }
    with either_store.engine.connect() as connection:
        assert len(connection.execute(select(changes.c.changed_at)).all()) == 2


def test_looking_again_adds_nothing(repo: Repo, store: Store) -> None:
    """Nor does it after what was remembered is lost or spoilt."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    look(store, repo)
    kept = rows(store)
    memory = repo.folder / ".gnomon" / "changes.json"
    for spoilt in (
        None,
        "",
        "[]",
        '{"version": 1, "stores": 3}',
        '{"version": 1, "stores": {"x": []}}',
        "\0",
    ):
        if spoilt is None:
            memory.unlink()
        elif spoilt:
            memory.write_text(spoilt)
        assert look(store, repo).noticed == ()
        assert rows(store) == kept


def test_only_what_is_new_is_read(repo: Repo, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without news git is asked for no history at all; with some, for that since the last time."""
    asked: list[tuple[str, ...]] = []
    run = Repository.run

    def noted(self: Repository, *arguments: str) -> bytes:
        asked.append(arguments)
        return run(self, *arguments)

    monkeypatch.setattr(Repository, "run", noted)
    first = repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    look(store, repo)
    asked.clear()
    look(store, repo)
    assert not [command for command in asked if command[0] in ("log", "diff-tree")]
    repo.commit("Second", {"skills/a/SKILL.md": skill("a", "x")})
    repo.commit("Third", {"skills/a/SKILL.md": skill("a", "y")})
    assert subjects(look(store, repo)) == ["Second", "Third"]
    assert [f"^{first}" in command for command in asked if command[0] == "log"] == [True]


def test_rows_that_were_lost_come_back(repo: Repo, store: Store) -> None:
    """The store decides what is there, not what is remembered."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.commit("Second", {"skills/a/SKILL.md": skill("a", "x")})
    look(store, repo)
    with writing(store.engine) as connection:
        connection.execute(delete(skill_change_events).where(skill_change_events.c.subject == "Begin"))
    assert subjects(look(store, repo)) == ["Begin"]


def test_another_branch_is_another_line(repo: Repo, store: Store) -> None:
    """Commits of a branch count when it is checked out, merged before or not, and so does other history."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.git("switch", "--quiet", "--create", "side")
    repo.commit("Side", {"skills/b/SKILL.md": skill("b")})
    repo.git("switch", "--quiet", "main")
    repo.commit("Main", {"skills/a/SKILL.md": skill("a", "x")})
    repo.git("merge", "--quiet", "--no-ff", "--message", "Merge", "side")
    assert subjects(look(store, repo)) == ["Begin", "Main", "Merge"]
    assert rows(store)[-1]["attributes"]["parents"] == repo.git("rev-parse", "HEAD^1", "HEAD^2").split()
    repo.git("switch", "--quiet", "side")
    assert subjects(look(store, repo)) == ["Side"]
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.commit("Another side", {"skills/b/SKILL.md": skill("b", "y")})
    assert subjects(look(store, repo)) == ["Another side"]


def test_a_repository_of_another_name_is_the_same_one(repo: Repo, store: Store) -> None:
    """A remote that is added, and a folder that is moved, record nothing beside what was recorded."""
    repo.commit("Begin", {"skills/r/SKILL.md": skill("refunds")})
    assert len(look(store, repo).noticed) == 1
    repo.git("remote", "add", "origin", "git@example.com:shop/tills.git")
    repo.commit("More", {"skills/r/SKILL.md": skill("refunds", "## Output\nA table.\n")})
    assert subjects(look(store, repo)) == ["More"]
    assert [row["repository"] for row in rows(store)] == ["tills", "tills"]
    assert subjects(look(store, repo)) == []
    repo.git("remote", "remove", "origin")
    repo.folder = repo.folder.rename(repo.folder.with_name("moved"))
    assert subjects(look(store, repo)) == []
    assert [row["repository"] for row in rows(store)] == ["moved", "moved"]


def test_new_patterns_are_looked_for_in_all_of_history(repo: Repo, store: Store) -> None:
    """What was no change before is one then."""
    repo.commit("Begin", {"texts/a.txt": "x", "skills/a/SKILL.md": skill("a")})
    assert subjects(look(store, repo)) == ["Begin"]
    repo.put("gnomon.yaml", "changes: {kinds: {prompt: ['texts/*']}}\n")
    recorded = look(store, repo)
    assert [(change.kind, change.path) for change in recorded.noticed] == [("prompt", "texts/a.txt")]


def test_the_branch_that_is_followed_counts_before_it_is_pulled(
    repo: Repo, store: Store, tmp_path: Path
) -> None:
    """As far as the clone has fetched it."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.git("clone", "--quiet", str(repo.folder), str(tmp_path / "clone" / "desk"))
    clone = Repo(tmp_path / "clone" / "desk", made=True)
    assert subjects(look(store, clone)) == ["Begin"]
    repo.commit("Second", {"skills/a/SKILL.md": skill("a", "x")})
    assert subjects(look(store, clone)) == []
    clone.git("fetch", "--quiet")
    assert subjects(look(store, clone)) == ["Second"]
    assert rows(store)[-1]["ref_name"] == "origin/main"
    clone.git("pull", "--quiet")
    assert subjects(look(store, clone)) == []


def test_several_repositories_count(repo: Repo, store: Store, tmp_path: Path) -> None:
    """Those of the settings, by their remotes' names; one that is not there is told."""
    other = Repo(tmp_path / "elsewhere")
    other.git("remote", "add", "origin", "https://user:secret@git.example.com/team/prompts.git")
    other.commit("Prompts", {"prompts/a.md": "x"})
    repo.put("gnomon.yaml", "changes: {repositories: [../elsewhere, ../nowhere, .]}\n")
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    recorded = look(store, repo)
    assert recorded.repositories == ("desk", "prompts")
    assert {(row["repository"], row["path"]) for row in rows(store)} == {
        ("desk", "skills/a/SKILL.md"),
        ("prompts", "prompts/a.md"),
    }
    (note,) = recorded.notes
    assert "nowhere: there is no such folder" in note


def test_the_folder_of_the_settings_may_be_in_no_repository(repo: Repo, store: Store, tmp_path: Path) -> None:
    """Where others are named."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    (tmp_path / "gnomon.yaml").write_text("changes: {repositories: [desk]}\n")
    recorded = record(store, gnomon_settings.load(start=tmp_path))
    assert (recorded.repositories, recorded.notes, len(recorded.noticed)) == (("desk",), (), 1)


def test_without_a_repository_there_is_a_note(tmp_path: Path, store: Store) -> None:
    """And nothing else."""
    recorded = record(store, gnomon_settings.load(start=tmp_path))
    assert (recorded.noticed, recorded.repositories) == ((), ())
    assert "there is no git repository here" in recorded.notes[0]


def test_a_shallow_clone_is_caught_up_with(repo: Repo, store: Store, tmp_path: Path) -> None:
    """What it lacked is recorded once it has it."""
    for number in range(4):
        repo.commit(str(number), {"skills/a/SKILL.md": skill("a", str(number))})
    repo.git("clone", "--quiet", "--depth=2", f"file://{repo.folder}", str(tmp_path / "clone" / "desk"))
    clone = Repo(tmp_path / "clone" / "desk", made=True)
    recorded = look(store, clone)
    assert subjects(recorded) == ["3"]
    assert "a shallow clone; what was before commit" in recorded.notes[0]
    clone.git("fetch", "--quiet", "--unshallow")
    recorded = look(store, clone)
    assert (subjects(recorded), recorded.notes) == (["0", "1", "2"], ())


def test_a_submodule_is_recorded_when_its_commits_are_here(repo: Repo, store: Store, tmp_path: Path) -> None:
    """Until then a note says which commit waits for it."""
    shared = Repo(tmp_path / "shared")
    shared.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(shared.folder), "common")
    repo.commit("Add it")
    repo.git("clone", "--quiet", str(repo.folder), str(tmp_path / "clone" / "desk"))
    clone = Repo(tmp_path / "clone" / "desk", made=True)
    update = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    assert subjects(look(store, clone)) == []
    clone.git(*update)
    assert subjects(look(store, clone)) == ["Add it"]
    shared.commit("Change", {"skills/a/SKILL.md": skill("a", "x")})
    Repo(repo.folder / "common", made=True).git("pull", "--quiet", "origin", "main")
    repo.commit("Take it")
    clone.git("pull", "--quiet", "--no-recurse-submodules")
    recorded = look(store, clone)
    assert subjects(recorded) == []
    assert "names commits of a submodule that are not here" in recorded.notes[0]
    clone.git(*update)
    recorded = look(store, clone)
    assert [(change.subject, change.path) for change in recorded.noticed] == [
        ("Take it", "common/skills/a/SKILL.md")
    ]
    assert rows(store)[-1]["attributes"] == {"submodule": "common"}


def test_a_damaged_repository_is_a_note(repo: Repo, store: Store) -> None:
    """Not a failure: other repositories are still looked at."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    tree = repo.git("rev-parse", "HEAD^{tree}")
    (repo.folder / ".git/objects" / tree[:2] / tree[2:]).unlink()
    recorded = look(store, repo)
    assert recorded.noticed == ()
    assert "git failed (" in recorded.notes[0]


def test_pictures_and_long_files_have_rows_too(repo: Repo, store: Store) -> None:
    """With what can be said of them."""
    repo.commit("Begin", {"prompts/a.png": b"\x89PNG\0", "prompts/long.txt": "x\n" * 2_000_000})
    look(store, repo)
    assert [(row["path"], row["new_tokens"], row["diff"]) for row in rows(store)] == [
        ("prompts/a.png", None, None),
        ("prompts/long.txt", None, None),
    ]


def test_what_is_not_committed_is_listed(repo: Repo) -> None:
    """It has no row, for there is no commit to hold responsible."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    settings = gnomon_settings.load(start=repo.folder)
    assert uncommitted(settings) == []
    repo.put("skills/a/SKILL.md", "x")
    assert uncommitted(settings) == ["skills/a/SKILL.md"]


def test_a_state_directory_that_cannot_be_written_costs_memory_alone(
    repo: Repo, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is looked at each time, and nothing is recorded twice."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GNOMON_STATE_DIRECTORY", str(tmp_path / "file" / "state"))
    assert subjects(look(store, repo)) == ["Begin"]
    assert look(store, repo).noticed == ()
