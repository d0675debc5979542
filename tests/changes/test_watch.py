from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from gnomon_analysis.attribution import findings
from gnomon_analysis.store import open_store
from tests import warm
from tests.attribution.planted import Runs
from tests.changes.repositories import Repo, skill
from tests.store.spool_files import Run

COMMAND = (sys.executable, "-m", "gnomon.cli.main", "watch")


def environment(**more: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("GNOMON_", "OTEL_", "GIT_"))
    }
    return kept | {"TZ": "UTC", "PYTHONUNBUFFERED": "1"} | more


def watch(repo: Repo, *arguments: str, code: int = 0) -> tuple[str, str]:
    """What one look prints on stdout and stderr."""
    done = warm.run([*COMMAND, *arguments], cwd=repo.folder, env=environment())
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


class Watcher:
    """A watch that goes on, and its lines as they come."""

    def __init__(self, repo: Repo, arguments: Sequence[str], **more: str) -> None:
        self._process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=repo.folder,
            env=environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))

    def line(self) -> str:
        return self._lines.get(timeout=120)

    def end(self, number: int) -> int:
        self._process.send_signal(number)
        return self._process.wait(120)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def watching(repo: Repo, *arguments: str, **more: str) -> Iterator[Watcher]:
    watcher = Watcher(repo, arguments, **more)
    try:
        yield watcher
    finally:
        watcher.kill()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "desk")
    made.put("gnomon.yaml", "changes: {polling_interval: 1s, webhook_secret: {env: HOOK_SECRET}}\n")
    made.put(".gitignore", ".gnomon/\n")
    return made


def test_once_prints_a_line_a_change(repo: Repo) -> None:
    """When, which commit, what, and who; the second time there is nothing new."""
    commit = repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    out, told = watch(repo, "--once")
    assert out == f"2025-06-15 15:07  {commit[:8]}  skill a: added (137 tokens) (Ada)\n1 new change\n"
    assert told == ""
    assert watch(repo, "--once") == ("0 new changes\n", "")


def test_once_says_what_is_not_committed(repo: Repo) -> None:
    """It is recorded only when it is."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.put("skills/a/SKILL.md", "x")
    _, told = watch(repo, "--once")
    assert told == "gnomon: not recorded before it is committed: 1 changed file (skills/a/SKILL.md)\n"


def test_once_as_json(repo: Repo) -> None:
    """One object, with every field of a change."""
    commit = repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    told = json.loads(watch(repo, "--once", "--json")[0])
    (change,) = told["noticed"]
    assert (change["revision"], change["changed_at"]) == (commit, "2025-06-15T15:07:40+00:00")
    assert (told["repositories"], told["notes"]) == (["desk"], [])


def test_many_changes_are_shortened(repo: Repo) -> None:
    """The newest twenty are shown, the older counted."""
    repo.commit("Begin", {f"skills/{number}/SKILL.md": skill(str(number)) for number in range(50)})
    lines = watch(repo, "--once")[0].splitlines()
    assert (lines[0], len(lines), lines[-1]) == ("30 older changes, and", 22, "50 new changes")


def test_without_a_repository_there_is_nothing_to_watch(tmp_path: Path) -> None:
    """A sentence and exit code 3, once or for ever."""
    folder = Repo.__new__(Repo)
    folder.folder = tmp_path
    for arguments in (("--once",), ()):
        _, told = watch(folder, *arguments, code=3)
        assert "there is no git repository here" in told


@pytest.mark.parametrize(
    "arguments", [("watch", "--once"), ("changes",), ("bisect", "pass_rate"), ("backfill", "a..b")]
)
def test_without_git_there_is_nothing_to_read(repo: Repo, arguments: tuple[str, ...]) -> None:
    """A sentence and exit code 3 from every command that reads a history."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    Run(key="one", sequence=1, commit="a" * 40).write(repo.folder / ".gnomon" / "spool")
    (empty := repo.folder / "bin").mkdir()
    done = warm.anew([*COMMAND[:-1], *arguments], cwd=repo.folder, env=environment(PATH=str(empty)))
    assert (done.returncode, done.stderr) == (3, "gnomon: git: the program is not installed; install git\n")


def plant_a_fall(repo: Repo) -> str:
    """Eight of twenty cases fall at the second half of the commits; the first of these."""
    commits = [
        repo.commit(f"Commit {n}", {"skills/alpha/SKILL.md": skill("alpha", f"{n}\n")}) for n in range(20)
    ]
    with open_store(f"sqlite:///{repo.folder}/.gnomon/gnomon.db") as store:
        runs = Runs(store, "desk")
        for position, commit in enumerate(commits):
            fallen = {f"D{n:02}": 0.1 for n in range(8)} if position >= 10 else {}
            runs.run(commit, {**{f"D{n:02}": 0.95 for n in range(20)}, **fallen}, count=2)
    return commits[10]


def test_once_says_what_the_runs_show(repo: Repo) -> None:
    """A line a new finding, and how many; the second time nothing is new."""
    commit = plant_a_fall(repo)

    out, _ = watch(repo, "--once")

    lines = out.splitlines()
    assert lines[-1].endswith(("new finding", "new findings"))
    found = next(line for line in lines if "regression: Commit" in line)
    assert f"  {commit[:8]}  regression: Commit {commit[:7]} (Commit 10) likely lowered routing" in found
    assert watch(repo, "--once") == ("0 new changes\n", "")


def test_what_later_runs_settle_is_new_then(repo: Repo) -> None:
    """A movement that a single commit shows is no news; once another one bears it out it is told."""
    commits = [repo.commit(f"Commit {n}") for n in range(5)]
    well = {f"D{n:02}": 1.0 for n in range(12)}
    broken = well | {f"D{n:02}": 0.0 for n in range(6)}
    with open_store(f"sqlite:///{repo.folder}/.gnomon/gnomon.db") as store:
        runs = Runs(store, "desk")
        for position, commit in enumerate(commits[:4]):
            runs.run(commit, broken if position == 3 else well, count=5)
        assert watch(repo, "--once") == ("0 new changes\n", "")
        runs.run(commits[4], broken, count=5)

    lines = watch(repo, "--once")[0].splitlines()

    assert f"{commits[3][:8]}  regression: Commit {commits[3][:7]} (Commit 3) likely lowered" in lines[0]


def test_runs_are_looked_at_as_they_come(repo: Repo) -> None:
    """Also where no commit is new: what they show is told without anybody asking, and is in the store."""
    repo.commit("Begin", {"skills/alpha/SKILL.md": skill("alpha")})
    with watching(repo, "--json") as watcher:
        watcher.line()
        watcher.line()
        commit = plant_a_fall(repo)
        told: list[dict[str, Any]] = []
        while not told:
            told = json.loads(watcher.line())["findings"]
        assert watcher.end(signal.SIGTERM) == 0
    assert {one["revision"] for one in told} == {commit}
    with open_store(f"sqlite:///{repo.folder}/.gnomon/gnomon.db") as store:
        assert {one.impact_id for one in findings(store) if one.told} >= {one["impact_id"] for one in told}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_changes_are_told_as_they_come(repo: Repo, number: int) -> None:
    """Until a signal ends it, with exit code 0."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    with watching(repo) as watcher:
        assert watcher.line() == "gnomon: watching desk every 1s (Ctrl-C ends)"
        assert "skill a: added" in watcher.line()
        repo.commit("More", {"skills/a/SKILL.md": skill("a", "## New\n")})
        assert "skill a: section New added; +3 tokens (Ada)" in watcher.line()
        assert watcher.end(number) == 0


def test_json_is_an_object_a_line(repo: Repo) -> None:
    """For each look that brought something."""
    with watching(repo, "--json") as watcher:
        watcher.line()
        for name in ("a", "b"):
            repo.commit(name, {f"skills/{name}/SKILL.md": skill(name)})
            assert [change["skill"] for change in json.loads(watcher.line())["noticed"]] == [name]
        assert watcher.end(signal.SIGTERM) == 0


def test_two_watchers_do_no_harm(repo: Repo) -> None:
    """Each change is in the store once."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    with watching(repo) as one, watching(repo) as other:
        one.line(), other.line()
        repo.commit("More", {"skills/a/SKILL.md": skill("a", "x")})
        for watcher in (one, other):
            assert watcher.end(signal.SIGINT) == 0
    watch(repo, "--once")
    assert watch(repo, "--once")[0] == "0 new changes\n"


def push(address: str, secret: str) -> int:
    signature = hmac.new(secret.encode(), b"{}", hashlib.sha256).hexdigest()
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    with contextlib.closing(connection):
        headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={signature}"}
        connection.request("POST", "/", b"{}", headers)
        return connection.getresponse().status


def test_a_push_is_looked_for_and_fetched_when_asked(repo: Repo, tmp_path: Path) -> None:
    """A clone learns of it by the webhook, with its branch and working tree left as they are."""
    repo.put("gnomon.yaml", "changes: {polling_interval: 1h, webhook_secret: {env: HOOK_SECRET}}\n")
    first = repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.git("clone", "--quiet", str(repo.folder), str(tmp_path / "clone" / "desk"))
    clone = Repo(tmp_path / "clone" / "desk", made=True)
    with watching(clone, "--serve", "127.0.0.1:0", "--fetch", HOOK_SECRET="hush") as watcher:
        address = watcher.line().rpartition(" ")[2]
        assert "every 1h" in watcher.line()
        assert "skill a: added" in watcher.line()
        repo.commit("More", {"skills/a/SKILL.md": skill("a", "x")})
        assert push(address, "wrong") == 401
        assert push(address, "hush") == 202
        assert "skill a: section a; +1 token (Ada)" in watcher.line()
        assert watcher.end(signal.SIGTERM) == 0
    assert clone.git("rev-parse", "HEAD") == clone.git("rev-parse", "main") == first
    assert clone.git("status", "--porcelain") == ""
    assert not (clone.folder / ".git/FETCH_HEAD").exists()


def test_a_fetch_that_fails_is_told_once(repo: Repo) -> None:
    """And what is here is still recorded."""
    repo.git("remote", "add", "origin", str(repo.folder.parent / "nowhere"))
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    out, told = watch(repo, "--once", "--fetch")
    assert out.endswith("1 new change\n")
    assert told.count("`git fetch origin` failed (") == 1


def test_fetching_runs_no_hook(repo: Repo, tmp_path: Path) -> None:
    """Not even that of the clone itself."""
    repo.commit("Begin", {"skills/a/SKILL.md": skill("a")})
    repo.git("clone", "--quiet", str(repo.folder), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone", made=True)
    hook = clone.folder / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch sprung\n")
    hook.chmod(0o755)
    repo.commit("More", {"skills/a/SKILL.md": skill("a", "x")})
    out, _ = watch(clone, "--once", "--fetch")
    assert out.endswith("2 new changes\n")
    assert not list(clone.folder.rglob("sprung"))


@pytest.mark.parametrize(
    ("settings", "arguments", "wanted", "code"),
    [
        ("", ("--serve", "127.0.0.1:0"), "changes.webhook_secret: not set", 3),
        ("changes: {webhook_secret: {env: NOT_SET}}", ("--serve", "127.0.0.1:0"), "NOT_SET is empty", 3),
        ("changes: {webhook_secret: {env: PATH}}", ("--serve", "nowhere"), "write an address and a port", 2),
        ("changes: {webhook_secret: {env: PATH}}", ("--serve", "192.0.2.1:9"), "cannot listen at", 2),
        ("", ("--once", "--serve", "127.0.0.1:0"), "give one of them", 2),
    ],
)
def test_what_cannot_be_served_is_a_sentence(
    repo: Repo, settings: str, arguments: tuple[str, ...], wanted: str, code: int
) -> None:
    """And nothing is watched meanwhile."""
    repo.put("gnomon.yaml", settings)
    repo.commit("Begin")
    _, told = watch(repo, *arguments, code=code)
    assert wanted in told
