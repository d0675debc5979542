"""The commands over the results store, run as a person runs them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.commands.conftest import Project
from tests.store.postgres import Server
from tests.store.spool_files import Run, varied_run

JUNIT = Path(__file__).parents[1] / "junit" / "reports" / "jest.xml"


@pytest.fixture
def filled(project: Project) -> Project:
    """A project with two recorded runs, of which nothing was ingested yet."""
    varied_run("a", sequence=1).write(project.spool)
    second = Run(key="b", sequence=2, started=1000, commit="d" * 40, dirty=True)
    second.test("right", expected="alpha", actual="beta", calls=1).test("plain-failed").write(project.spool)
    return project


@pytest.mark.parametrize("command", ["runs", "show", "tests"])
def test_without_runs_the_answer_is_what_to_do(project: Project, command: str) -> None:
    """Exit code 3, one sentence, and no store is made for nothing."""
    said = project.gnomon(command, code=3)
    assert said.startswith("gnomon: no runs yet")
    assert "pytest --gnomon" in said
    assert not (project.folder / ".gnomon").exists()


def test_a_state_directory_that_is_a_file_is_a_mistake(project: Project) -> None:
    """It is not told as if nothing had been recorded yet."""
    (project.folder / ".gnomon").write_text("mine")
    said = project.gnomon("runs", code=2)
    assert said.startswith(f"gnomon: {project.folder / '.gnomon'}: the state directory is a file; set ")


def test_runs(filled: Project) -> None:
    """Pending files are ingested first; newest run first; plain aligned text in a pipe."""
    head, newest, oldest = filled.gnomon("runs").splitlines()

    assert head.split() == [
        *("#", "id", "suite", "started", "commit", "status", "tests", "passed", "failed"),
        *("accuracy", "reruns", "retries", "cost", "duration"),
    ]  # fmt: skip
    assert newest.split()[:8] == [
        "2",
        newest.split()[1],
        "routing",
        "2023-11-14",
        "22:30",
        "dddddddd*",
        "success",
        "2",
    ]
    assert "66.7 % [20.8, 93.9]" in oldest
    assert "0.0200 USD" in oldest
    assert head.index("accuracy") == oldest.index("66.7 %")
    assert len(filled.gnomon("runs", "--limit", "1").splitlines()) == 2
    assert filled.gnomon("runs", "--commit", "cccc").splitlines()[1].startswith("1")
    assert "no run matches" in filled.gnomon("runs", "--suite", "nobody", code=1)


def test_runs_as_json(filled: Project) -> None:
    """The shape that docs/results.md promises."""
    found = json.loads(filled.gnomon("runs", "--json"))["runs"]

    assert [run["sequence"] for run in found] == [2, 1]
    oldest = found[1]
    assert (oldest["status"], oldest["complete"], oldest["started_at"]) == (
        "failure", True, "2023-11-14T22:13:20+00:00",
    )  # fmt: skip
    assert oldest["tally"]["outcomes"]["crashed"] == 1
    assert (oldest["tally"]["judged"], oldest["tally"]["accuracy"]) == (3, pytest.approx(2 / 3))
    assert len(oldest["tally"]["accuracy_interval"]) == 2
    assert (oldest["calls"]["calls"], oldest["calls"]["cost_usd"], oldest["calls"]["unpriced"]) == (
        3,
        0.02,
        1,
    )


def test_show(filled: Project) -> None:
    """Outcomes, routes, wrong routes, cost, failures, slowest tests and files in force of one run."""
    shown = filled.gnomon("show", "1")

    for part in (
        "(#1 of routing): failure",
        "1 skipped, 1 xfailed, 1 xpassed, 1 crashed, 1 not_run; 2 reruns",
        "66.7 % [20.8, 93.9] (2 of 3 right; 1 without an answer)",
        "66.7 % (2 of 3 commands)",
        "3 calls, 0 failed, 3 retries",
        "0.0200 USD (1 call without a known cost)",
        "2, gw1 crashed",
        "failures (5)",
        "slowest (10 of 14)",
        "skills in force (2, together 333333333333)",
        "CLAUDE.md",
    ):
        assert part in shown
    routes = shown[shown.index("wrong routes") :].splitlines()
    assert [routes[1].split(), routes[2].split()] == [
        ["expected", "actual", "tests", "which"],
        ["alpha", "beta", "1", "wrong"],
    ]
    assert "(#2 of routing)" in filled.gnomon("show")
    assert "(uncommitted changes)" in filled.gnomon("show", "last")
    assert "no run is called" in filled.gnomon("show", "77", code=1)
    assert "there is no run of suite 'nobody'" in filled.gnomon("show", "--suite", "nobody", code=1)


def test_many_tests_on_one_wrong_route_are_counted(project: Project) -> None:
    """As many as --limit says are named."""
    run = Run(key="one", sequence=1)
    for case in range(12):
        run.test(f"C{case:02d}", "failed", expected="alpha", actual="beta")
    run.write(project.spool)

    assert "alpha     beta       12  C00, C01 and 10 more\n" in project.gnomon("show", "--limit", "2")


def test_show_as_json(filled: Project) -> None:
    """Everything about the run in one object."""
    shown = json.loads(filled.gnomon("show", "1", "--json"))

    lists = {"misroutes", "results", "workers", "skills", "config_files", "collection_errors"}
    assert set(shown) == {"run", *lists}
    assert shown["misroutes"] == [{"expected": "alpha", "actual": "beta", "cases": ["wrong"]}]
    assert len(shown["results"]) == 14
    assert shown["skills"][0] == {"path": "alpha/SKILL.md", "hash": "1" * 40, "name": "alpha"}
    assert {worker["worker_id"]: worker["crashed"] for worker in shown["workers"]} == {
        "gw0": False,
        "gw1": True,
    }


@pytest.mark.parametrize("order", [1, -1])
def test_show_names_files_that_could_not_be_collected(project: Project, order: int) -> None:
    """A run that failed before its tests says why, in whatever order its files were read."""
    (project.folder / "test_broken.py").write_text("import a_module_that_is_not_there\n")
    (project.folder / "test_fine.py").write_text(
        "import gnomon\ndef test_a():\n    with gnomon.tool('t'): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "--gnomon", "-p", "no:cacheprovider"]
    warm.run([*command, "--continue-on-collection-errors"], cwd=project.folder, env=project.environment)
    files = sorted(project.spool.glob("*.traces.jsonl"), reverse=order < 0)
    assert len(files) == 2
    for number, path in enumerate(files):
        one = project.folder / f"spool{number}"
        one.mkdir()
        path.rename(one / path.name)
        project.gnomon("ingest", str(one))
    said = project.gnomon("show", "last")
    assert "files that could not be collected (1)" in said
    assert "No module named 'a_module_that_is_not_there'" in said
    (error,) = json.loads(project.gnomon("show", "last", "--json"))["collection_errors"]
    assert error["path"] == "test_broken.py"


def test_tests(filled: Project) -> None:
    """The history of each test, the worst first; filters."""
    lines = filled.gnomon("tests").splitlines()
    found = json.loads(filled.gnomon("tests", "--json"))["tests"]

    assert lines[1].split()[:3] == ["routing", "wrong", "1"]
    assert lines[1].split()[3:7] == ["0.0", "%", "[0.0,", "79.3]"]
    assert len(found) == 14
    assert [case["case_id"] for case in json.loads(filled.gnomon("tests", "--flaky", "--json"))["tests"]] == [
        "rerun"
    ]
    failing = json.loads(filled.gnomon("tests", "--failing", "--json"))["tests"]
    assert {case["last_outcome"] for case in failing} == {"failed", "error", "crashed"}
    assert len(filled.gnomon("tests", "--match", "plain-", "--limit", "3").splitlines()) == 4
    assert "no test matches" in filled.gnomon("tests", "--match", "nothing", code=1)


def test_failing_tests_may_be_in_files_that_could_not_be_collected(project: Project) -> None:
    """After a run that could not be collected nothing is told as if all were well, until one can read it."""
    (project.folder / "test_fine.py").write_text("def test_a(): pass\n")
    broken = project.folder / "test_broken.py"
    broken.write_text("def test_b(: pass\n")
    pytest_run = [sys.executable, "-m", "pytest", "-q", "--gnomon", "-p", "no:cacheprovider"]
    warm.run(pytest_run, cwd=project.folder, env=project.environment)

    said = project.gnomon("tests", "--failing")
    assert said.startswith("files that could not be collected (1), whose tests are not known\n")
    assert said.splitlines()[-1].split() == ["shop", "test_broken.py", "SyntaxError:", "invalid", "syntax"]
    assert "test_broken.py" in project.gnomon("tests", "--match", "BROKEN")
    told = json.loads(project.gnomon("tests", "--failing", "--json"))
    assert told["tests"] == []
    (error,) = told["collection_errors"]
    assert (error["suite"], error["path"]) == ("shop", "test_broken.py")
    assert "test_broken.py" not in project.gnomon("tests", "--match", "test_a")
    assert "no test matches" in project.gnomon("tests", "--flaky", code=1)

    broken.write_text("def test_b(): pass\n")
    warm.run(pytest_run, cwd=project.folder, env=project.environment)
    assert "no test matches" in project.gnomon("tests", "--failing", code=1)
    assert "could not be collected" not in project.gnomon("tests")


def test_tables_on_a_terminal(filled: Project) -> None:
    """A terminal gets a drawn table that fits it."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        filled.command("runs"),
        cwd=filled.folder,
        env={**filled.environment, "COLUMNS": "200", "TERM": "xterm"},
        stdout=follower,
        stderr=subprocess.STDOUT,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(leader)
    assert process.wait(timeout=60) == 0
    assert "─" in shown.decode()
    assert "66.7 %" in shown.decode()


def test_ingest(filled: Project) -> None:
    """What was read is said; damaged lines are named and make the answer a no; reading again is harmless."""
    damaged = filled.spool / "run-x.traces.jsonl"
    damaged.write_text("{oops\n")

    said = filled.gnomon("ingest", "--json", code=1)
    assert said == ""
    again = json.loads(filled.gnomon("ingest", "--json"))

    assert (again["read"], again["known"], again["damaged"]) == ([], 3, [])
    (filled.spool / "run-y.traces.jsonl").write_text("[]\n")
    assert f"{filled.spool / 'run-y.traces.jsonl'}:1:" in filled.gnomon("ingest", code=1)
    other = filled.folder / "elsewhere"
    other.mkdir()
    varied_run("c").write(other)
    assert "1 new run, 14 new results" in filled.gnomon("ingest", str(other))
    assert "no such folder" in filled.gnomon("ingest", str(filled.folder / "nowhere"), code=2)


def test_import_junit(project: Project) -> None:
    """Reports become a run that every command shows; importing them again says so."""
    first = project.gnomon("import", "junit", str(JUNIT), "--commit", "c" * 40, "--suite", "web")
    again = json.loads(
        project.gnomon("import", "junit", str(JUNIT), "--commit", "c" * 40, "--suite", "web", "--json")
    )

    assert "(#1 of web): 1 passed, 1 failed, 1 skipped" in first
    assert first.startswith("imported as run")
    assert (again["new"], again["run"]["sequence"], again["run"]["tally"]["tests"]) == (False, 1, 3)
    assert len(project.gnomon("runs").splitlines()) == 2
    assert "cannot be read" in project.gnomon("import", "junit", "nowhere.xml", code=2)


def test_an_imported_run_is_of_the_commit_that_is_meant(project: Project) -> None:
    """A name that git knows stands for the id; an id may be of a commit that is not here."""
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for command in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "--message", "Begin"]):
        subprocess.run([*git, *command], cwd=project.folder, check=True)
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], cwd=project.folder, check=True, capture_output=True, text=True
    ).stdout.strip()

    for given, meant in (
        ("HEAD", head),
        (head[:8].upper(), head),
        ("c" * 40, "c" * 40),
        ("abc1234", "abc1234"),
    ):
        told = project.gnomon("import", "junit", str(JUNIT), "--commit", given, "--json")
        assert json.loads(told)["run"]["commit"] == meant
    assert project.gnomon("import", "junit", str(JUNIT), "--commit", "HEAD").startswith("known already")
    for given in ("nowhere", "--all", ""):
        said = project.gnomon("import", "junit", str(JUNIT), f"--commit={given}", code=2)
        assert "is no id of a commit, and git knows none of that name here" in said
    assert "a name on one line" in project.gnomon("import", "junit", str(JUNIT), "--suite", "a\nb", code=2)


def test_usage_is_answered_in_a_sentence(project: Project) -> None:
    """A wrong option, a wrong number and a missing argument end with 2."""
    for arguments in (["runs", "--limit", "0"], ["runs", "--nope"], ["import", "junit"], ["import", "nunit"]):
        assert project.gnomon(*arguments, code=2).startswith("gnomon: ")


def test_odd_names_stay_in_their_line(project: Project) -> None:
    """Line breaks and escape sequences in names do not break tables or terminals."""
    Run(key="odd").test("two\nlines\x1b[31mred\u202e").write(project.spool)

    lines = project.gnomon("tests").splitlines()

    assert len(lines) == 2
    assert "\x1b" not in lines[1]
    assert "two lines [31mred" in lines[1]


def test_a_real_run_of_pytest_is_there_at_once(project: Project) -> None:
    """`pytest --gnomon`, then `gnomon show`: nothing in between."""
    (project.folder / "test_routes.py").write_text(
        "import pytest\n"
        "CASES = [('one', 'a', 'a'), ('two', 'a', 'b'), ('three', None, None)]\n"
        "@pytest.mark.parametrize('case, want, got', CASES)\n"
        "def test_route(gnomon_test, case, want, got):\n"
        "    gnomon_test.expect(want, case_id=case, category='direct')\n"
        "    gnomon_test.routed(got)\n"
        "    assert gnomon_test.correct\n"
        "def test_skip(): pytest.skip('no')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "--gnomon", "-p", "no:cacheprovider"]
    done = warm.run(command, cwd=project.folder, env=project.environment)
    assert done.returncode == 1, done.stdout + done.stderr

    shown = json.loads(project.gnomon("show", "last", "--json"))

    assert (shown["run"]["tally"]["correct"], shown["run"]["tally"]["judged"]) == (2, 3)
    assert shown["run"]["tally"]["outcomes"]["skipped"] == 1
    assert shown["misroutes"] == [{"expected": "a", "actual": "b", "cases": ["two"]}]
    assert {row["case_id"]: row["category"] for row in shown["results"]}["one"] == "direct"
    assert shown["run"]["complete"]


def test_commands_on_postgresql(filled: Project, postgres_server: Server) -> None:
    """The same commands with the store that settings name."""
    (filled.folder / "gnomon.yaml").write_text(
        f"project: {{name: shop}}\nstore: {{url: {json.dumps(postgres_server.database())}}}\n"
    )
    assert len(filled.gnomon("runs").splitlines()) == 3
    assert "failures (5)" in filled.gnomon("show", "1")
    assert len(json.loads(filled.gnomon("tests", "--json"))["tests"]) == 14
    assert "routing_test_total" in filled.gnomon("metrics", "--once")
    assert not (filled.folder / ".gnomon" / "gnomon.db").exists()


def test_several_commands_at_once(filled: Project) -> None:
    """Commands that ingest the same spool at the same moment all answer the same."""
    processes = [
        subprocess.Popen(
            filled.command("runs", "--json"),
            cwd=filled.folder,
            env=filled.environment,
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    answers = {process.communicate(timeout=120)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    assert len(answers) == 1
    assert [run["tally"]["tests"] for run in json.loads(answers.pop())["runs"]] == [2, 14]
