"""From pytest to the store: what a planted suite did is what the store says."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gnomon_analysis.store import Store, open_store
from tests.plugin.project import Project
from tests.plugin.suites import SUITES, Suite

# One of each kind of trouble; the plugin's own tests see them all.
CHOSEN = {
    "every outcome",
    "every outcome -n 2",
    "subtests -n 2",
    "pytest-rerunfailures -n 2",
    "pytest-retry",
    "flaky -n 2",
    "-x",
    "KeyboardInterrupt in a test",
    "parametrised -n 2",
    "hostile messages",
    "worker killed by SIGKILL",
    "worker that crashes once, under rerunfailures",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "gnomon.db") as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", tmp_path / "home")


@pytest.mark.parametrize("suite", [suite for suite in SUITES if suite.name in CHOSEN], ids=str)
def test_outcomes_and_attempts(suite: Suite, project: Project, store: Store) -> None:
    """Every test once with its outcome and attempts, whoever reran, crashed or interrupted it."""
    project.plugins = suite.plugins
    for name, text in suite.files.items():
        project.write(name, text)
    project.pytest(*suite.arguments)

    report = store.ingest(project.spool)

    assert report.damaged == []
    (run,) = store.runs()
    rows = store.results(run.run_id)
    assert Counter((row.case_name, row.outcome) for row in rows) == Counter(suite.truth.items())
    assert {row.case_name: row.attempts for row in rows if row.attempts > 1} == {
        name: count for name, count in suite.attempts.items() if count > 1
    }
    assert run.tally.reruns == sum(count - 1 for count in suite.attempts.values() if count > 1)
    assert (run.status, run.complete, run.collected) == (suite.run_status, True, len(suite.truth))
    assert {row.suite for row in rows} == {run.suite}


def test_every_chosen_suite_exists() -> None:
    """A renamed suite does not drop out unseen."""
    assert {suite.name for suite in SUITES} >= CHOSEN


CHILD = """
    import gnomon

    gnomon.configure()
    with gnomon.model_call("child-model") as call:
        call.tokens(7, 1)
        call.cost_usd(0.5)
    gnomon.shutdown()
"""

CALLS = """
    import subprocess, sys
    import gnomon, pytest

    @pytest.mark.parametrize("n", range(5))
    def test_route(gnomon_test, n):
        gnomon_test.expect("alpha", case_id=f"case{n}", category="direct")
        with gnomon.agent("router"):
            with gnomon.model_call("planted-model", provider="anthropic") as call:
                for status in [429] * n + [200]:
                    with call.attempt() as attempt:
                        attempt.answered(status)
                call.tokens(1000 + n, 10 * n, cache_read=100)
                call.cost_usd(0.25 * n)
            if n == 4:
                subprocess.run([sys.executable, "child.py"], env=gnomon.environment(), check=True)
        gnomon_test.routed("alpha" if n % 2 == 0 else "beta")

    tries = []
    def test_rerun():
        with gnomon.model_call("planted-model", provider="anthropic") as call:
            call.tokens(1, 1)
            call.cost_usd(1.0)
        tries.append(1)
        assert len(tries) == 3
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "-n 2"])
def test_model_calls(project: Project, store: Store, workers: tuple[str, ...]) -> None:
    """Tokens, cost, retries and attempts of every call, in tests, reruns and a started process."""
    project.write("gnomon.yaml", "costs: {source: provider}\n")
    project.plugins = ("xdist", "rerunfailures")
    project.write("child.py", CHILD)
    project.write("test_calls.py", CALLS)
    done = project.pytest(*workers, "--reruns", "2")
    assert done.status == 0, done.output

    store.ingest(project.spool)

    (run,) = store.runs()
    total = run.calls
    assert (total.calls, total.retries, total.failed) == (5 + 1 + 3, 0 + 1 + 2 + 3 + 4, 0)
    assert (total.input_tokens, total.output_tokens) == (5 * 1000 + 10 + 7 + 3, 100 + 1 + 3)
    assert total.cost_usd == pytest.approx(0.25 * 10 + 0.5 + 3.0)
    assert (run.tally.judged, run.tally.correct, run.tally.reruns) == (5, 3, 2)
    rows = {row.case_id: row for row in store.results(run.run_id)}
    assert [rows[f"case{n}"].calls.retries for n in range(5)] == [0, 1, 2, 3, 4]
    assert rows["case3"].calls.cost_usd == 0.75
    assert rows["test_calls.py::test_rerun"].attempts == 3
    assert rows["test_calls.py::test_rerun"].calls.cost_usd == 3.0
    assert {call.service for call in store.model_calls(run.run_id)} >= {"project-tests"}


def test_a_killed_run(project: Project, store: Store) -> None:
    """What a run had done when it was killed is there, as an aborted run, and what it had not."""
    project.write(
        "test_long.py",
        """
        import pathlib, time
        def test_one(): pass
        def test_two(): assert 0
        def test_three():
            pathlib.Path("reached").touch()
            time.sleep(60)
        """,
    )
    process = project.start()
    reached = project.path / "reached"
    deadline = time.monotonic() + 60
    while not reached.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert store.ingest(project.spool).read == []
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)

    store.ingest(project.spool)

    (run,) = store.runs()
    assert (run.status, run.complete, run.exit_code) == ("aborted", True, None)
    assert [(row.case_id, row.outcome) for row in store.results(run.run_id)] == [
        ("test_long.py::test_one", "passed"),
        ("test_long.py::test_two", "failed"),
        ("test_long.py::test_three", "not_run"),
    ]
