from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon import settings as gnomon_settings
from gnomon.errors import ExitCode, UserError
from gnomon.provenance.files import blob_id
from gnomon_analysis.changes import ChangedFile, History, Patterns, read_history
from tests.changes.repositories import Repo, skill

Change = tuple[str, str | None, str]


def history(repo: Repo, since: str | None = None, tip: str = "HEAD") -> History:
    settings = gnomon_settings.load(start=repo.folder)
    return read_history(repo.folder, Patterns.of(settings, repo.folder), since, tip=tip)


def changes(read: History) -> list[list[Change]]:
    """Path, old path and what was done, for each commit."""
    return [
        [(file.path, file.old_path, file.change) for file in read.changed_files(place)]
        for place in range(len(read.revisions))
    ]


def only(read: History, commit: str) -> ChangedFile:
    place = read.position(commit)
    assert place is not None
    (file,) = read.changed_files(place)
    return file


def test_a_commit_says_who_when_what_and_which_bytes(repo: Repo) -> None:
    """Author, times, subject and parents; kind, name and the ids that git gives the bytes."""
    first = repo.commit("Begin", {"skills/r/SKILL.md": skill("refunds"), "src/app.py": "1"})
    second = repo.commit("Say more\n\nat length", {"skills/r/SKILL.md": skill("refunds", "More.")})
    read = history(repo)
    assert [one.commit for one in read.revisions] == [first, second]
    revision = read.revisions[1]
    assert (revision.parents, revision.author, revision.subject) == ((first,), "Ada", "Say more")
    assert revision.authored_ns == revision.committed_ns == 1_750_000_120 * 10**9
    assert only(read, second) == ChangedFile(
        "skills/r/SKILL.md",
        None,
        "skill",
        "modified",
        "refunds",
        blob_id(skill("refunds").encode()),
        blob_id(skill("refunds", "More.").encode()),
    )
    assert read.content(only(read, second)) == skill("refunds", "More.").encode()
    assert read.content(only(read, second), new=False) == skill("refunds").encode()
    assert (read.name, read.ref_name, read.head, read.ends_at) == ("desk", "main", second, None)


def test_files_that_are_not_tracked_are_only_named(repo: Repo) -> None:
    """Code and documentation are no changes, and can be asked for."""
    repo.commit("Begin", {"skills/r/SKILL.md": skill("r"), "src/app.py": "1", "README.md": "x"})
    read = history(repo)
    assert changes(read) == [[("skills/r/SKILL.md", None, "added")]]
    assert sorted(read.other_paths(0)) == ["README.md", "src/app.py"]


def test_every_kind_has_its_files(repo: Repo) -> None:
    """The patterns of the settings say what a file is; the first kind that fits counts."""
    repo.put("gnomon.yaml", "suites: [{name: routing, golden_set: expected/cases.txt}]\n")
    repo.commit(
        "Begin",
        {
            "a/SKILL.md": skill("a"),
            "expected/cases.txt": "x",
            "tests/golden.yaml": "x: 1",
            "etc/prices.yaml": "x: 1",
            ".mcp.json": "{}",
            "etc/models.yaml": "x: 1",
            "CLAUDE.md": "x",
            "prompts/deep/er/a.txt": "x",
            "prompts-of-old.txt": "x",
        },
    )
    read = history(repo)
    assert {file.path: file.kind for file in read.changed_files(0)} == {
        "a/SKILL.md": "skill",
        "expected/cases.txt": "golden_set",
        "tests/golden.yaml": "golden_set",
        "etc/prices.yaml": "prices",
        ".mcp.json": "tool_config",
        "etc/models.yaml": "model_config",
        "CLAUDE.md": "agent_config",
        "prompts/deep/er/a.txt": "prompt",
    }


def test_globs_of_skills_are_relative_to_gnomon_yaml(repo: Repo) -> None:
    """In a folder of a larger repository they reach no further than that folder, kinds do."""
    repo.put("bot/gnomon.yaml", "skills: {paths: ['skills/*/SKILL.md'], config_paths: ['../shared/*.md']}\n")
    repo.commit(
        "Begin",
        {
            "bot/skills/a/SKILL.md": skill("a"),
            "skills/b/SKILL.md": skill("b"),
            "shared/rules.md": "x",
            "etc/prices.yaml": "x: 1",
        },
    )
    settings = gnomon_settings.load(start=repo.folder / "bot")
    with read_history(repo.folder / "bot", Patterns.of(settings, repo.folder / "bot")) as read:
        assert [(file.path, file.kind) for file in read.changed_files(0)] == [
            ("bot/skills/a/SKILL.md", "skill"),
            ("etc/prices.yaml", "prices"),
            ("shared/rules.md", "agent_config"),
        ]


def test_renames_and_moved_folders_are_followed(repo: Repo) -> None:
    """With the same bytes or with others, one file or a folder of them."""
    names = ("a", "b", "c")
    repo.commit("Begin", {f"skills/{name}/SKILL.md": skill(name) for name in names})
    for name in names:
        repo.move(f"skills/{name}", f"plugin/skills/{name}")
    moved = repo.commit("Move all")
    repo.move("plugin/skills/a", "plugin/skills/aa")
    edited = repo.commit("Move and edit", {"plugin/skills/aa/SKILL.md": skill("a", "And one thing more.")})
    read = history(repo)
    assert changes(read)[1] == [
        (f"plugin/skills/{name}/SKILL.md", f"skills/{name}/SKILL.md", "renamed") for name in names
    ]
    assert {file.old_hash == file.new_hash for file in read.changed_files(read.position(moved) or 0)} == {
        True
    }
    file = only(read, edited)
    assert (file.change, file.old_path, file.skill) == ("renamed", "plugin/skills/a/SKILL.md", "a")
    assert file.old_hash != file.new_hash


def test_a_file_may_come_from_where_nothing_is_tracked_and_go_there(repo: Repo) -> None:
    """It was renamed when it came, with what it was; it is gone when it went."""
    repo.commit("Begin", {"drafts/refunds.txt": skill("refunds")})
    repo.move("drafts/refunds.txt", "skills/refunds/SKILL.md")
    came = repo.commit("Publish")
    repo.move("skills/refunds/SKILL.md", "attic/refunds.txt")
    went = repo.commit("Withdraw")
    read = history(repo)
    assert (only(read, came).change, only(read, came).old_path) == ("renamed", "drafts/refunds.txt")
    assert (only(read, went).change, only(read, went).path) == ("deleted", "skills/refunds/SKILL.md")
    assert only(read, went).skill == "refunds"


def test_a_merge_counts_with_what_it_brought(repo: Repo) -> None:
    """Commits of the branch are not on the line; the merge changed, against its first parent, all of it."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.git("switch", "--quiet", "--create", "side")
    side = repo.commit("Side", {"skills/b/SKILL.md": skill("b")})
    repo.commit("Side again", {"skills/c/SKILL.md": skill("c")})
    repo.git("switch", "--quiet", "main")
    main = repo.commit("Main", {"skills/a/SKILL.md": skill("a", "x")})
    repo.git("merge", "--quiet", "--no-ff", "--message", "Merge side", "side")
    read = history(repo)
    assert [one.subject for one in read.revisions] == ["Begin", "Main", "Merge side"]
    assert read.position(side) is None
    assert changes(read)[2] == [
        ("skills/b/SKILL.md", None, "added"),
        ("skills/c/SKILL.md", None, "added"),
    ]
    assert read.revisions[2].parents[0] == main
    assert len(read.revisions[2].parents) == 2


def test_an_octopus_and_a_merge_that_brings_nothing(repo: Repo) -> None:
    """Three branches at once are one commit; a merge of what was there already changed nothing."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    for name in ("x", "y", "z"):
        repo.git("switch", "--quiet", "--create", name, "main")
        repo.commit(name, {f"skills/{name}/SKILL.md": skill(name)})
    repo.git("switch", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "--message", "All", "x", "y", "z")
    repo.git("switch", "--quiet", "--create", "w", "HEAD~1")
    repo.commit("Nothing of ours", {"src/a.py": "1"})
    repo.git("switch", "--quiet", "main")
    repo.git("merge", "--quiet", "--strategy=ours", "--message", "Ours", "w")
    read = history(repo)
    assert [len(one.parents) for one in read.revisions] == [0, 4, 2]
    assert [path for path, _, _ in changes(read)[1]] == [f"skills/{name}/SKILL.md" for name in "xyz"]
    assert changes(read)[2] == []


def test_a_shallow_clone_says_where_history_ends(repo: Repo, tmp_path: Path) -> None:
    """Its first commit changed nothing that could be told, and is named."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    second = repo.commit("Second", {"skills/a/SKILL.md": skill("a", "x")})
    repo.commit("Third", {"skills/a/SKILL.md": skill("a", "y")})
    repo.git("clone", "--quiet", "--depth=2", f"file://{repo.folder}", str(tmp_path / "shallow"))
    read = history(Repo(tmp_path / "shallow", made=True))
    assert read.ends_at == second
    assert changes(read) == [[], [("skills/a/SKILL.md", None, "modified")]]


def test_a_detached_head_has_a_line_without_a_name(repo: Repo) -> None:
    """The line ends at what is checked out."""
    first = repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.commit("Second", {"skills/a/SKILL.md": skill("a", "x")})
    repo.git("checkout", "--quiet", "--detach", first)
    read = history(repo)
    assert (read.head, read.ref_name, len(read.revisions)) == (first, None, 1)


def test_a_line_may_begin_after_a_commit_and_end_at_another(repo: Repo) -> None:
    """`since` leaves out what is known, `tip` what is later."""
    commits = [
        repo.commit(str(number), {"skills/a/SKILL.md": skill("a", str(number))}) for number in range(5)
    ]
    read = history(repo, since=commits[1], tip=commits[3])
    assert [one.commit for one in read.revisions] == commits[2:4]
    assert [file.change for place in (0, 1) for file in read.changed_files(place)] == ["modified"] * 2
    for wrong in ("no-such-branch", "--output=x"):
        with pytest.raises(UserError, match="there is no commit"):
            history(repo, since=wrong)


@pytest.fixture(scope="module")
def long_line(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repo, list[set[str]]]:
    """Seven hundred commits, and the paths that git says each of them changed."""
    repo = Repo(tmp_path_factory.mktemp("long") / "desk")
    stream = []
    for number in range(700):
        path = f"prompts/p{number % 7}.txt" if number % 3 == 0 else f"src/m{number % 5}.py"
        stream += [
            f"commit refs/heads/main\ncommitter Ada <ada@example.com> {1_750_000_000 + number} +0000",
            "data 1\nx",
            f"M 100644 inline {path}\ndata {len(str(number))}\n{number}",
        ]
    subprocess.run(
        ["git", "-C", str(repo.folder), "fast-import", "--quiet"],
        input="\n".join(stream).encode(),
        check=True,
    )
    told = repo.git("log", "--reverse", "--root", "--name-only", "--format=format:*").split("*")[1:]
    return repo, [set(paths.split()) for paths in told]


@settings(max_examples=30)
@given(places=st.lists(st.integers(0, 699), min_size=1, max_size=12))
def test_commits_may_be_asked_about_in_any_order(
    long_line: tuple[Repo, list[set[str]]], places: list[int]
) -> None:
    """What one changed is the same, whichever were asked about before it."""
    repo, changed = long_line
    with history(repo) as read:
        for place in places:
            tracked = {file.path for file in read.changed_files(place)}
            assert tracked == {path for path in changed[place] if path.startswith("prompts/")}
            assert tracked | set(read.other_paths(place)) == changed[place]


def test_what_cannot_be_compared_is_a_sentence(repo: Repo) -> None:
    """Where it is asked about: the line itself is read without it."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    tree = repo.git("rev-parse", "HEAD^{tree}")
    (repo.folder / ".git/objects" / tree[:2] / tree[2:]).unlink()
    read = history(repo)
    assert [one.subject for one in read.revisions] == ["Begin"]
    with pytest.raises(UserError, match="git failed") as raised:
        read.changed_files(0)
    assert raised.value.exit_code == ExitCode.MISSING


def test_an_empty_repository_has_an_empty_line(repo: Repo) -> None:
    """Before the first commit there is nothing, and nothing is wrong."""
    read = history(repo)
    assert (read.revisions, read.head, read.uncommitted()) == ((), None, [])


def test_no_repository_is_a_sentence(tmp_path: Path) -> None:
    """A folder without git, and none at all."""
    patterns = Patterns(())
    for folder, wanted in ((tmp_path, "no git repository"), (tmp_path / "none", "no such folder")):
        with pytest.raises(UserError, match=wanted) as raised:
            read_history(folder, patterns)
        assert raised.value.exit_code == ExitCode.MISSING


def test_file_names_may_be_anything(repo: Repo) -> None:
    """Line ends, quotes, other scripts, and bytes that are no UTF-8, which are written as escapes."""
    names = ["a\nb", 'q"uote', "ключ", "tab\there", ":colon", " space ", "-dash", "[brackets]"]
    repo.commit("Begin", {f"prompts/{name}": "x" for name in names})
    repo.put(b"prompts/\xff\xfe", "x")
    last = repo.commit("Bytes")
    read = history(repo)
    assert sorted(path for path, _, _ in changes(read)[0]) == sorted(f"prompts/{name}" for name in names)
    assert only(read, last).path == "prompts/\\xff\\xfe"


def test_subjects_and_authors_may_be_anything(repo: Repo) -> None:
    """What looks like git's own output in them is only text; other encodings are read as they say."""
    repo.commit(":100644 100644 a b M", {"skills/a/SKILL.md": skill("a")})
    repo.git("config", "i18n.commitEncoding", "ISO-8859-1")
    (repo.folder / "message").write_bytes("Grüße".encode("latin-1"))
    repo.git("commit", "--quiet", "--allow-empty", "--file", "message")
    repo.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message", "")
    assert [one.subject for one in history(repo).revisions] == [":100644 100644 a b M", "Grüße", ""]


def test_a_change_of_mode_alone_is_none(repo: Repo) -> None:
    """Bytes count, not whether a file may be run; a link is what it points to."""
    repo.commit("Begin", {"prompts/run.sh": "x", "prompts/b.txt": "y"})
    (repo.folder / "prompts/run.sh").chmod(0o755)
    repo.commit("Mode")
    (repo.folder / "prompts/b.txt").unlink()
    (repo.folder / "prompts/b.txt").symlink_to("run.sh")
    linked = repo.commit("Link")
    read = history(repo)
    assert changes(read)[1] == []
    assert read.content(only(read, linked)) == b"run.sh"


def test_what_is_not_committed_is_told_apart(repo: Repo) -> None:
    """Changed, deleted, new and staged files; not ignored ones, nor text that git would store the same."""
    repo.commit(
        "Begin",
        {
            "skills/a/SKILL.md": skill("a"),
            "skills/b/SKILL.md": skill("b"),
            "skills/c/SKILL.md": skill("c"),
            ".gitignore": "ignored/\n",
        },
    )
    repo.put("skills/a/SKILL.md", skill("a", "x"))
    (repo.folder / "skills/b/SKILL.md").unlink()
    repo.put("skills/c/SKILL.md", skill("c").replace("\n", "\r\n"))
    repo.put("skills/d/SKILL.md", skill("d"))
    repo.put("ignored/SKILL.md", skill("e"))
    repo.put("CLAUDE.md", "x")
    repo.git("add", "CLAUDE.md")
    read = history(repo)
    assert [(file.path, file.change, file.skill) for file in read.uncommitted()] == [
        ("CLAUDE.md", "added", None),
        ("skills/a/SKILL.md", "modified", "a"),
        ("skills/b/SKILL.md", "deleted", "b"),
        ("skills/d/SKILL.md", "added", "d"),
    ]


def test_a_submodule_changes_with_the_commit_that_names_it(repo: Repo, tmp_path: Path) -> None:
    """Its files count as the superproject's, below its path; those within it, too."""
    inner = Repo(tmp_path / "inner")
    inner.commit("Begin", {"deep/SKILL.md": skill("deep")})
    shared = Repo(tmp_path / "shared")
    shared.commit("Begin", {"skills/a/SKILL.md": skill("a"), "README.md": "x"})
    shared.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.folder), "inner")
    shared.commit("Inner")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(shared.folder), "common")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
    repo.commit("Add it")
    in_common = Repo(repo.folder / "common", made=True)
    in_common.commit("Two at once", {"skills/a/SKILL.md": skill("a", "x"), "skills/b/SKILL.md": skill("b")})
    in_common.commit("And more", {"skills/a/SKILL.md": skill("a", "y")})
    bumped = repo.commit("Take both")
    read = history(repo)
    assert changes(read)[0] == [
        ("common/inner/deep/SKILL.md", None, "added"),
        ("common/skills/a/SKILL.md", None, "added"),
    ]
    files = read.changed_files(read.position(bumped) or 0)
    assert [(file.path, file.change, file.submodule, file.skill) for file in files] == [
        ("common/skills/a/SKILL.md", "modified", "common", "a"),
        ("common/skills/b/SKILL.md", "added", "common", "b"),
    ]
    assert read.content(files[0]) == skill("a", "y").encode()
    assert read.content(files[0], new=False) == skill("a").encode()


@pytest.mark.parametrize("bumped", [False, True])
def test_a_submodule_that_moves_is_no_new_one(repo: Repo, tmp_path: Path, bumped: bool) -> None:
    """Its files are told as moved, those within it, too, whether or not it names another commit at once."""
    inner = Repo(tmp_path / "inner")
    inner.commit("Begin", {"deep/SKILL.md": skill("deep")})
    shared = Repo(tmp_path / "shared")
    shared.commit("Begin", {"skills/a/SKILL.md": skill("a"), "skills/c/SKILL.md": skill("c")})
    shared.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.folder), "inner")
    shared.commit("Inner")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(shared.folder), "common")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
    repo.commit("Add it")
    (repo.folder / "vendor").mkdir()
    repo.git("mv", "common", "vendor/shared")
    if bumped:
        within = Repo(repo.folder / "vendor" / "shared", made=True)
        (within.folder / "skills/c/SKILL.md").unlink()
        within.commit("On", {"skills/a/SKILL.md": skill("a", "x"), "skills/b/SKILL.md": skill("b")})
    moved = repo.commit("Move it")
    read = history(repo)
    files = read.changed_files(read.position(moved) or 0)
    told = {(file.path, file.old_path, file.change, file.submodule) for file in files}
    expected: set[tuple[str, str | None, str, str | None]] = {
        ("vendor/shared/inner/deep/SKILL.md", "common/inner/deep/SKILL.md", "renamed", "vendor/shared/inner"),
        ("vendor/shared/skills/a/SKILL.md", "common/skills/a/SKILL.md", "renamed", "vendor/shared"),
    }
    if bumped:
        expected |= {
            ("vendor/shared/skills/b/SKILL.md", None, "added", "vendor/shared"),
            ("common/skills/c/SKILL.md", None, "deleted", "vendor/shared"),
        }
    else:
        expected.add(
            ("vendor/shared/skills/c/SKILL.md", "common/skills/c/SKILL.md", "renamed", "vendor/shared")
        )
    assert told == expected
    (a,) = [file for file in files if file.skill == "a"]
    assert read.content(a, new=False) == skill("a").encode()
    assert read.content(a) == (skill("a", "x") if bumped else skill("a")).encode()


@pytest.mark.parametrize("place", ["skills", "vendor/skills"])
def test_files_that_go_into_a_submodule_are_no_new_ones(repo: Repo, tmp_path: Path, place: str) -> None:
    """What is the same there did not change, or moved; what differs at the same path is modified."""
    shared = Repo(tmp_path / "shared")
    shared.commit(
        "Begin", {"a/SKILL.md": skill("a"), "b/SKILL.md": skill("b", "x"), "c/SKILL.md": skill("c")}
    )
    repo.commit(
        "Begin",
        {"skills/a/SKILL.md": skill("a"), "skills/b/SKILL.md": skill("b"), "skills/d/SKILL.md": skill("d")},
    )
    repo.git("rm", "--quiet", "-r", "skills")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(shared.folder), place)
    taken = repo.commit("Share them")
    read = history(repo)
    files = read.changed_files(read.position(taken) or 0)
    told = [(file.path, file.old_path, file.change) for file in files]
    if place == "skills":
        assert told == [
            ("skills/b/SKILL.md", None, "modified"),
            ("skills/c/SKILL.md", None, "added"),
            ("skills/d/SKILL.md", None, "deleted"),
        ]
        assert read.content(files[0], new=False) == skill("b").encode()
        assert read.content(files[0]) == skill("b", "x").encode()
    else:
        assert told == [
            ("skills/b/SKILL.md", None, "deleted"),
            ("skills/d/SKILL.md", None, "deleted"),
            ("vendor/skills/a/SKILL.md", "skills/a/SKILL.md", "renamed"),
            ("vendor/skills/b/SKILL.md", None, "added"),
            ("vendor/skills/c/SKILL.md", None, "added"),
        ]


def test_ids_may_be_longer(tmp_path: Path) -> None:
    """In repositories that use SHA-256."""
    longer = Repo(tmp_path / "longer", made=True)
    longer.folder.mkdir()
    longer.git("init", "--quiet", "--object-format=sha256")
    first = longer.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    longer.commit("Second", {"skills/a/SKILL.md": skill("a", "x")})
    read = history(longer)
    file = only(read, first)
    assert (len(first), len(file.new_hash or ""), read.content(file)) == (64, 64, skill("a").encode())
    assert (changes(read)[1][0][2], read.uncommitted()) == ("modified", [])


def test_a_broken_repository_is_a_sentence(repo: Repo) -> None:
    """Not an empty history."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    commit = repo.git("rev-parse", "HEAD")
    (repo.folder / ".git/objects" / commit[:2] / commit[2:]).unlink()
    with pytest.raises(UserError, match="cannot be read; `git fsck` says what is damaged"):
        history(repo)


def test_a_bare_repository_and_a_worktree_have_the_same_line(repo: Repo, tmp_path: Path) -> None:
    """Wherever the commits are kept."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.git("clone", "--quiet", "--bare", str(repo.folder), str(tmp_path / "bare.git"))
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    repo.git("clone", "--quiet", "--mirror", str(repo.folder), str(tmp_path / "mirror"))
    (tmp_path / "mirror" / "config").unlink()
    places = (tmp_path / "bare.git", tmp_path / "mirror", tmp_path / "tree", repo.folder / "skills")
    for folder in (*places, repo.folder / ".git"):
        with read_history(folder, Patterns.of(gnomon_settings.load(start=folder), repo.folder)) as read:
            assert changes(read) == [[("skills/a/SKILL.md", None, "added")]]
            assert read.uncommitted() == []


def test_a_partial_clone_is_read_without_asking_for_more(repo: Repo, tmp_path: Path) -> None:
    """Contents that are not here are not known; nothing is fetched for them."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.move("skills/a", "skills/b")
    repo.commit("Move")
    repo.commit("Change", {"skills/b/SKILL.md": skill("a", "x")})
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    repo.git("clone", "--quiet", "--bare", "--filter=blob:none", f"file://{repo.folder}", str(clone))
    packs = sorted((clone / "objects/pack").iterdir())
    with read_history(clone, Patterns.of(gnomon_settings.load(start=clone), clone)) as read:
        assert [change for files in changes(read) for _, _, change in files] == [
            "added",
            "renamed",
            "modified",
        ]
        file = only(read, read.head or "")
        assert (read.content(file), file.skill) == (None, "b")
        assert read.content(file, new=False) is None
    assert sorted((clone / "objects/pack").iterdir()) == packs


def test_nothing_of_the_repository_is_run(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """No program that its configuration names, whatever for."""
    repo.commit(
        "Begin",
        {
            "skills/a/SKILL.md": skill("a"),
            ".gitattributes": "* filter=trap diff=trap\n",
        },
    )
    repo.commit("Second", {"skills/a/SKILL.md": skill("a", "x")})
    trap = repo.folder / "trap"
    trap.write_text("#!/bin/sh\ntouch sprung\ncat\n")
    trap.chmod(0o755)
    for key in (
        *("core.fsmonitor", "core.pager", "pager.log", "gpg.program", "diff.external", "core.sshCommand"),
        *("filter.trap.clean", "filter.trap.smudge", "filter.trap.process", "diff.trap.textconv"),
        *("diff.trap.command", "core.editor", "core.alternateRefsCommand"),
    ):
        repo.git("config", key, str(trap))
    repo.git("config", "log.showSignature", "true")
    repo.git("config", "diff.orderFile", "/nowhere/at/all")
    repo.put("skills/a/SKILL.md", skill("a", "y"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    read = history(repo)
    assert [change for _, _, change in changes(read)[1]] == ["modified"]
    assert [file.change for file in read.uncommitted()] == ["modified"]
    assert not list(repo.folder.rglob("sprung"))


def test_the_callers_own_git_variables_do_not_get_in(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a hook of another repository sets them."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    other = Repo(tmp_path / "other")
    other.commit("Other", {"skills/o/SKILL.md": skill("o")})
    for name, value in {
        "GIT_DIR": other.folder / ".git",
        "GIT_WORK_TREE": other.folder,
        "GIT_OBJECT_DIRECTORY": other.folder / ".git/objects",
        "GIT_COMMON_DIR": other.folder / ".git",
        "GIT_INDEX_FILE": tmp_path / "nowhere",
        "GIT_CONFIG_PARAMETERS": "'core.quotePath'='true'",
        "GIT_LITERAL_PATHSPECS": "1",
    }.items():
        monkeypatch.setenv(name, str(value))
    read = history(repo)
    assert [one.subject for one in read.revisions] == ["Begin"]
    assert read.content(only(read, read.head or "")) == skill("a").encode()
    assert read.uncommitted() == []
