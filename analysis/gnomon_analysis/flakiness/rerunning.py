"""Running one test again in the working tree, as a recorded run of its own."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import sys
from pathlib import Path

from gnomon.errors import ExitCode, UserError
from gnomon.provenance.vcs import GitState
from gnomon.registry.attributes import GNOMON_REPLAY_ID
from gnomon.settings import Settings

CASES = "{cases}"
"""In a command of the user's: the place of the tests to run."""

# What another run or a debugging session said of itself.
_FOREIGN = frozenset({"GNOMON_RUN_SEQUENCE", "TRACEPARENT", "PYTEST_CURRENT_TEST"})
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

    Raises UserError for a command that does not say where tests are named.
    """
    if settings.bisection.command is None:
        return [sys.executable, "-m", "pytest", "--gnomon", node_id]
    words = shlex.split(settings.bisection.command)
    if CASES not in words:
        raise UserError(
            f"bisection.command is {settings.bisection.command!r}, so that no test can be chosen; write "
            f"{CASES} where the tests to run are named, as in `pytest --gnomon {CASES}`"
        )
    return [node_id if word == CASES else word for word in words]


def new_id() -> str:
    """An id for runs that belong together."""
    return f"verify-{secrets.token_hex(6)}"


def run_once(command: list[str], settings: Settings, made_by: str) -> bool:
    """Runs the test once and says whether pytest was content.

    The run bears the id of what made it, and goes to the store alone: one test is no news of the suite.
    Raises UserError (exit code 3) where the command cannot be run, or pytest did not get to the test.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    told = [environment.get("OTEL_RESOURCE_ATTRIBUTES", ""), f"{GNOMON_REPLAY_ID}={made_by}"]
    environment |= {
        "GNOMON": "1",
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(part for part in told if part),
        **dict.fromkeys(("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"), "none"),
    }
    try:
        done = subprocess.run(
            command,
            cwd=settings.root,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
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
