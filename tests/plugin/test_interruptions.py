"""Runs that are cut short: by Ctrl-C, by a signal, by a kill of the whole process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.plugin.project import Project

SLOW = """
import pathlib, time
def test_a(): pass
def test_b(): assert 0
def test_c():
    pathlib.Path(__file__).with_name("reached").touch()
    time.sleep(60)
def test_d(): pass
"""


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the suite never reached the test"
        time.sleep(0.02)
    time.sleep(0.1)


def start_slow(project: Project, *arguments: str) -> subprocess.Popen[str]:
    project.write("test_slow.py", SLOW)
    process = project.start(*arguments)
    wait_for(project.path / "reached", process)
    return process


def test_interrupt(project: Project) -> None:
    """Ctrl-C: what ran has its outcome, what did not never ran, the run is aborted, pytest ends with 2."""
    process = start_slow(project)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    run = project.run()
    assert run.outcomes == Counter(
        {
            ("test_slow.py::test_a", "passed"): 1,
            ("test_slow.py::test_b", "failed"): 1,
            ("test_slow.py::test_c", "not_run"): 1,
            ("test_slow.py::test_d", "not_run"): 1,
        }
    )
    assert run.root["test.suite.run.status"] == "aborted"
    assert run.root["gnomon.run.exit_code"] == 2
    assert run.by("gnomon.run.tests", "gnomon.test.outcome") == {"passed": 1, "failed": 1, "not_run": 2}


@pytest.mark.parametrize("way", [pytest.param((), id="alone"), pytest.param(("-n", "1"), id="xdist")])
def test_interrupt_of_an_interrupt(project: Project, way: tuple[str, ...]) -> None:
    """Ctrl-C twice: pytest ends its session with a status of 0, and the run is aborted all the same."""
    project.plugins = ("xdist",)
    project.write(
        "conftest.py",
        """
        def pytest_keyboard_interrupt():
            raise KeyboardInterrupt
        """,
    )
    process = start_slow(project, *way)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode != 0, output + errors
    run = project.run()
    assert sum(outcome == "not_run" for _, outcome in run.outcomes.elements()) >= 2
    assert run.root["test.suite.run.status"] == "aborted"
    assert run.root["gnomon.run.exit_code"] == 2


def test_interrupt_under_xdist(project: Project) -> None:
    """Ctrl-C at a terminal reaches controller and workers alike; every collected test has one outcome."""
    project.plugins = ("xdist",)
    process = start_slow(project, "-n", "2")
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 2, output + errors
    run = project.run()
    assert len(run.tests) == len(run.outcomes) == 4
    outcomes = {node.rsplit("_", 1)[1]: outcome for node, outcome in run.outcomes}
    assert outcomes["c"] in {"not_run", "crashed"}
    assert set(outcomes.values()) <= {"passed", "failed", "not_run", "crashed"}
    assert run.root["test.suite.run.status"] == "aborted"


def test_a_killed_run_is_a_run(project: Project) -> None:
    """A killed run, once recovered, has its run span, aborted, and run points of what it had done."""
    process = start_slow(project)
    process.kill()
    process.communicate(timeout=60)
    project.write("test_next.py", "def test_next(): pass\n")
    project.pytest("test_next.py")
    killed = project.runs()[0]
    assert killed.root["test.suite.run.status"] == "aborted"
    outcomes = killed.by("gnomon.run.tests", "gnomon.test.outcome")
    assert (outcomes["passed"], outcomes["failed"]) == (1, 1)
    assert killed.total("gnomon.run.finished") == 1


def test_termination(project: Project) -> None:
    """SIGTERM kills pytest as ever; the next run completes what was written before it."""
    process = start_slow(project)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert_recovered(project)


def test_kill(project: Project) -> None:
    """After SIGKILL in the middle of a test, the next run finds the tests that had ended."""
    process = start_slow(project)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert_recovered(project)


def test_exit_without_goodbye(project: Project) -> None:
    """A test that calls os._exit takes pytest with it, and loses only itself."""
    project.write("test_slow.py", SLOW.replace("time.sleep(60)", "__import__('os')._exit(9)"))
    assert project.pytest().status == 9
    assert_recovered(project)


def test_timeout_by_thread_without_xdist(project: Project) -> None:
    """pytest-timeout's thread method ends the process; the results before it survive."""
    project.plugins = ("timeout",)
    project.write("test_slow.py", SLOW)
    done = project.pytest("--timeout=0.5", "--timeout-method=thread")
    assert done.status == 1
    assert_recovered(project)


def assert_recovered(project: Project) -> None:
    (project.path / "test_slow.py").unlink()
    project.write("test_next.py", "def test_next(): pass\n")
    assert project.pytest().status == 0
    killed, following = project.runs()
    known = {test.node_id: test.outcome for test in killed.tests}
    assert known["test_slow.py::test_a"] == "passed"
    assert known["test_slow.py::test_b"] == "failed"
    assert known.get("test_slow.py::test_d", "not_run") == "not_run"
    assert killed.id != following.id
    assert killed.sequence + 1 == following.sequence
    assert following.outcomes == Counter({("test_next.py::test_next", "passed"): 1})
    assert not [name for name in project.spool_names() if name.endswith((".part", ".tmp"))]


def test_a_running_suite_is_not_recovered_by_another(project: Project) -> None:
    """A run that starts beside a living one leaves its journal alone."""
    process = start_slow(project)
    project.write("elsewhere/test_other.py", "def test_other(): pass\n")
    assert project.pytest("elsewhere").status == 0
    assert len(project.runs()) == 1
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert [len(run.tests) for run in project.runs()] == [4, 1]


def test_killed_controller_under_xdist(project: Project) -> None:
    """When the controller is killed its workers end too, and the next run completes the journal."""
    project.plugins = ("xdist",)
    process = start_slow(project, "-n", "2", "--dist", "loadfile")
    process.kill()
    process.communicate(timeout=60)
    (project.path / "test_slow.py").unlink()
    project.write("test_next.py", "def test_next(): pass\n")
    project.pytest()
    killed, _ = project.runs()
    known = {test.node_id: test.outcome for test in killed.tests}
    assert known["test_slow.py::test_a"] == "passed"
    assert known["test_slow.py::test_b"] == "failed"


@pytest.mark.parametrize("cut", [1, 7, 200])
def test_a_torn_last_line_is_passed_over(project: Project, cut: int) -> None:
    """A journal whose last line was cut by a full disk or a crash gives every whole line before it."""
    process = start_slow(project)
    process.kill()
    process.communicate(timeout=60)
    (journal,) = project.spool.glob("*.part")
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-cut])
    project.write("test_next.py", "def test_next(): pass\n")
    assert project.pytest("test_next.py").status == 0
    killed = project.runs()[0]
    assert {test.node_id for test in killed.tests} <= {f"test_slow.py::test_{letter}" for letter in "abcd"}
    assert "test_slow.py::test_a" in {test.node_id for test in killed.tests}


def test_rubbish_in_the_spool_harms_nobody(project: Project) -> None:
    """Files that Gnomon did not write, or that something has spoilt, neither fail a run nor vanish."""
    project.write("test_a.py", "def test_a(): pass\n")
    project.spool.mkdir(parents=True)
    for name in (
        "run-x.traces.jsonl.part",
        "run-y.traces.jsonl.part",
        "notes.txt",
        "run-z.traces.jsonl.acked",
    ):
        (project.spool / name).write_bytes(b"\xff\x00 not json\n{}")
    (project.spool / "run-dir.traces.jsonl.part").mkdir()
    done = project.pytest()
    assert done.status == 0
    assert (project.spool / "notes.txt").exists()
    mine = [run for run in project.runs() if run.tests]
    assert [len(run.tests) for run in mine] == [1]
