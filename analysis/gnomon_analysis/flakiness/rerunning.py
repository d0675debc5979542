"""Running one test again in the working tree, as a recorded run of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from gnomon.errors import ExitCode, UserError
from gnomon.provenance.vcs import GitState
from gnomon.settings import Settings

# Options of pytest whose next word is a path of their own, not one to collect tests from.
_WITH_A_PATH = frozenset({"-c", "--rootdir", "--confcutdir", "--junitxml", "--basetemp", "-o", "-p", "-W"})
_PASSED, _FAILED = 0, 1
_SHOWN = 12


def clean_commit(root: Path) -> str:
    """The commit that the tree is at. Raises UserError where there is none, or files differ from it."""
    state = GitState(root).attributes()
    commit = state.get("vcs.ref.head.revision")
    if commit is None:
        raise UserError(
            f"{root}: not a git repository with a commit, so that no run can be held against another; "
            "run this where the tests are"
        )
    if state["gnomon.vcs.dirty"]:
        raise UserError(
            f"{root}: tracked files differ from commit {commit[:8]}, so that runs of it say nothing of the "
            "commit; commit the change first"
        )
    return str(commit)


def command_for(settings: Settings, node_id: str) -> list[str]:
    """The suite's command with this one test chosen: `bisection.command` where it is set, else pytest.

    Raises UserError for a command that does not name pytest.
    """
    if settings.bisection.command is None:
        return [sys.executable, "-m", "pytest", "--gnomon", node_id]
    words = shlex.split(settings.bisection.command)
    place = next((at for at, word in enumerate(words) if Path(word).name in {"pytest", "py.test"}), None)
    if place is None:
        raise UserError(
            f"bisection.command is {settings.bisection.command!r}, which does not name pytest, so that a "
            "single test cannot be chosen; run the suite yourself, and ask `gnomon flaky show` again"
        )
    kept = [
        word
        for before, word in zip(words[place:], words[place + 1 :], strict=False)
        if before in _WITH_A_PATH or word.startswith("-") or not _is_path(settings.root, word)
    ]
    return [*words[: place + 1], *kept, *([] if "--gnomon" in kept else ["--gnomon"]), node_id]


def _is_path(root: Path, word: str) -> bool:
    return (root / word.partition("::")[0]).exists()


def run_once(command: list[str], root: Path) -> bool:
    """Runs the test once and says whether pytest was content.

    Raises UserError (exit code 3) where the command cannot be run, or pytest did not get to the test.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise UserError(f"{command[0]} cannot be run ({error.strerror})", ExitCode.MISSING) from None
    if done.returncode not in {_PASSED, _FAILED}:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_SHOWN:])
        raise UserError(
            f"`{shlex.join(command)}` ended with {done.returncode} before the test could speak:\n{said}",
            ExitCode.MISSING,
        )
    return done.returncode == _PASSED
