"""The replay: at every commit, the routing suite under `pytest --gnomon` in a process of its own."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import yaml

from gnomon.errors import UserError
from gnomon_analysis.demo import skills
from gnomon_analysis.demo.history import Git, Revision, SkillHistory, WorkingTree

SUITE = "routing"
_SUITE_FOLDER = Path(__file__).parent / "suite"

# What the suite's process may see of the caller's environment: enough to run Python. Settings, collectors,
# CI jobs and pytest options of the caller's belong to other runs.
_KEPT_VARIABLES = (
    *("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"),
    *("SYSTEMROOT", "USERPROFILE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "COVERAGE_PROCESS_START"),
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what the suite runs.

    `runs` runs at each commit, `workers` processes of pytest-xdist in each run (0: without xdist),
    `jobs` commits side by side. `state` is the folder for spool and store, `endpoint` an OTLP address to
    export to as well.
    """

    golden: Path
    prices: Path
    answers: Path
    state: Path
    runs: int
    temperature: float
    workers: int
    jobs: int
    endpoint: str | None = None


class Replay:
    """Runs the suite over a history. `progress` is called after every run, from any thread."""

    def __init__(self, git: Git, history: SkillHistory, scratch: Path, conditions: Conditions) -> None:
        self._git = git
        self._history = history
        self._scratch = scratch
        self._conditions = conditions

    def over(self, revisions: Sequence[Revision], progress: Callable[[Revision], None]) -> frozenset[str]:
        """Replays every revision; returns the names of all skills there were, of folders and front matter.

        Raises:
            UserError: the suite could not be run at one of them; what it said is in the sentence.
        """
        jobs = min(self._conditions.jobs, len(revisions))
        trees: queue.SimpleQueue[WorkingTree] = queue.SimpleQueue()
        for number in range(jobs):
            trees.put(self._history.working_tree(self._scratch / f"tree-{number}"))

        def replay(revision: Revision) -> set[str]:
            tree = trees.get()
            try:
                tree.check_out(revision)
                self._settle(tree)
                for run in range(1, self._conditions.runs + 1):
                    self._run(tree, revision, run)
                    progress(revision)
                return {name for skill in skills.find(tree.folder) for name in (skill.folder, skill.name)}
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(jobs) as pool:
            waiting = [pool.submit(replay, revision) for revision in revisions]
            try:
                _first_failure(waiting)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
            return frozenset().union(*(done.result() for done in waiting))

    def _settle(self, tree: WorkingTree) -> None:
        """Settings for the runs in this tree, put where Gnomon looks for them."""
        conditions = self._conditions
        settings = {
            "project": {"name": "gnomon-demo", "service_name": "gnomon-demo"},
            "state_directory": str(conditions.state),
            "environment": "demo",
            "skills": {"config_paths": []},
            "prices": {"file": str(conditions.prices)},
            "suites": [{"name": SUITE, "paths": ["**"], "golden_set": str(conditions.golden)}],
        }
        (tree.folder / "gnomon.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    def _run(self, tree: WorkingTree, revision: Revision, run: int) -> None:
        conditions = self._conditions
        command = [
            *(sys.executable, "-m", "pytest", str(_SUITE_FOLDER), "--gnomon", "-q", "--tb=no", "--no-header"),
            *("-c", str(_SUITE_FOLDER / "pytest.ini"), f"--rootdir={tree.folder}"),
            *("-p", "no:cacheprovider", "-p", "gnomon.pytest_plugin.plugin"),
            *(("-p", "xdist", "-n", str(conditions.workers)) if conditions.workers else ()),
            f"--demo-golden={conditions.golden}",
            f"--demo-skills={tree.folder}",
            f"--demo-commit={revision.commit}",
            f"--demo-run={run}",
            f"--demo-temperature={conditions.temperature}",
            f"--demo-prices={conditions.prices}",
            f"--demo-answers={conditions.answers}",
        ]
        done = subprocess.run(
            command,
            cwd=tree.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        # 0: every case was right; 1: some were not. Anything else means that the suite did not do its work.
        if done.returncode not in (0, 1):
            said = " | ".join(line for line in done.stdout.strip().splitlines()[-4:] if line.strip())
            raise UserError(
                f"commit {revision.short} ({revision.subject}): pytest ended with {done.returncode} "
                f"instead of running the suite ({said})"
            )

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        # No plugin that happens to be installed has a say in these runs.
        kept |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONHASHSEED": "0"}
        kept |= {name: value for name, value in self._git.environment().items() if name.startswith("GIT_")}
        if self._conditions.endpoint:
            kept["OTEL_EXPORTER_OTLP_ENDPOINT"] = self._conditions.endpoint
        return kept


def _first_failure(waiting: Sequence[Future[set[str]]]) -> None:
    done, _ = wait(waiting, return_when=FIRST_EXCEPTION)
    for future in done:
        future.result()
