"""One run of the suite in a working tree, as a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from gnomon.errors import ExitCode, UserError
from gnomon.provenance import ci
from gnomon.provenance.files import find
from gnomon.settings import Settings, Suite
from gnomon_analysis.bisection.known import CASES_CHOSEN, MADE_BY, TESTS_FROM
from gnomon_analysis.bisection.yardstick import folder_of

CASES = "{cases}"
"""In a command of the user's: the place of the tests to run."""

# Longer command lines are refused by some systems; more cases than fit are all cases.
_LONGEST = 60_000
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.2
_NOT_FOUND = 4
_RAN = (0, 1)

# What another run, another job or a debugging session said of itself.
_FOREIGN = frozenset(
    {"GNOMON_CONFIG", "GNOMON_RUN_SEQUENCE", "TRACEPARENT", "PYTEST_CURRENT_TEST", "GNOMON"}
) | {system.present for system in ci.SYSTEMS.values()}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended.

    `trouble` is empty where the suite did its work, whatever it found; else what was said of why not.
    `ended` tells that it was cut off, which says nothing about it.
    """

    seconds: float
    trouble: str
    ended: bool = False


class Limit:
    """When runs have to end: at a moment of `time.monotonic`, or as soon as `stop` is called."""

    def __init__(self, at: float) -> None:
        self._at = at
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Ends all runs, from whatever thread."""
        self._stopped.set()

    def reached(self) -> bool:
        """Whether they have to end now."""
        return self._stopped.is_set() or time.monotonic() >= self._at


@dataclass(frozen=True, slots=True)
class Invocation:
    """How the suite is run.

    Attributes:
        settings: Those in force.
        suite: The suite, if the settings name it.
        command: The user's own command; None for pytest of this environment.
        folder: Where it is run, from the root of a working tree.
        made_by: Id of the search that the runs belong to.
        tests_from: Commit whose tests are laid over the revision, if any are.
        search_path: Folders of the user's repository that Python looks for modules in, from its root.
    """

    settings: Settings
    suite: Suite | None
    command: str | None
    folder: str
    made_by: str
    tests_from: str | None
    search_path: tuple[str, ...]

    @property
    def chooses_cases(self) -> bool:
        """Whether some cases can be run without the others."""
        return self.command is None or CASES in self.command

    def run(self, tree: Path, git_variables: Mapping[str, str], tests: Sequence[str], limit: Limit) -> Ran:
        """Runs the suite, or only some `tests` of it, by their node ids.

        A run that reaches the limit is ended. Raises UserError where the command does not exist.
        """
        where = tree / self.folder
        if not where.is_dir():
            return Ran(0.0, f"there is no folder {self.folder}")
        chosen = list(tests) if self.chooses_cases and sum(map(len, tests)) < _LONGEST else []
        command = self._command(where, chosen)
        if command is None:
            return Ran(0.0, "the suite is not there")
        environment = self._environment(tree, git_variables, len(chosen))
        ran, code = _execute(command, where, environment, limit)
        if code == _NOT_FOUND and chosen:
            # The cases have other names there.
            whole = self._command(where, []) or command
            environment = self._environment(tree, git_variables, 0)
            again, code = _execute(whole, where, environment, limit)
            ran = Ran(ran.seconds + again.seconds, again.trouble, again.ended)
        return Ran(ran.seconds, "") if code in _RAN else ran

    def _command(self, where: Path, tests: Sequence[str]) -> list[str] | None:
        """The command line; None where the revision does not have the suite."""
        if self.command is not None:
            words = shlex.split(self.command)
            named = list(tests) or self._paths(where) or []
            return [part for word in words for part in (named if word == CASES else [word])]
        if (paths := self._paths(where)) is None:
            return None
        return [sys.executable, "-m", "pytest", "--gnomon", "-q", *(tests or paths)]

    def _paths(self, where: Path) -> list[str] | None:
        """What to hand to pytest for the whole suite; None where nothing of it is there."""
        patterns = self.suite.paths if self.suite is not None else ()
        if not patterns:
            return []
        found: list[str] = []
        for pattern in patterns:
            folder = folder_of(pattern)
            if pattern.endswith(".py"):
                found += [file.path for file in find(where, [pattern])]
            elif (where / folder).exists():
                found.append(folder or ".")
        return list(dict.fromkeys(found)) or None

    def _environment(self, tree: Path, git_variables: Mapping[str, str], cases: int) -> dict[str, str]:
        settings = self.settings
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _FOREIGN and not name.startswith("GIT_")
        }
        said = {MADE_BY: self.made_by}
        said |= {TESTS_FROM: self.tests_from} if self.tests_from else {}
        said |= {CASES_CHOSEN: str(cases)} if cases else {}
        told = [f"{name}={quote(value)}" for name, value in said.items()]
        attributes = [part for part in (kept.get("OTEL_RESOURCE_ATTRIBUTES", ""), *told) if part]
        path = [str(tree / folder) for folder in self.search_path]
        path += [part for part in kept.get("PYTHONPATH", "").split(os.pathsep) if part]
        kept |= git_variables
        kept |= {
            "GNOMON": "1",
            "GNOMON_STATE_DIRECTORY": str(settings.state_directory.absolute()),
            "GNOMON_PROJECT_NAME": settings.project.name,
            "GNOMON_PROJECT_SERVICE_NAME": settings.project.service_name,
            "OTEL_RESOURCE_ATTRIBUTES": ",".join(attributes),
            # What a past revision came to is no news of today: it goes to the store alone.
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
        }
        if settings.path is not None:
            kept["GNOMON_CONFIG"] = str(tree / self.folder / settings.path.name)
        return kept | ({"PYTHONPATH": os.pathsep.join(path)} if path else {})


def _execute(
    command: Sequence[str], where: Path, environment: Mapping[str, str], limit: Limit
) -> tuple[Ran, int]:
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            command,
            cwd=where,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for us, who then end it; and what it starts ends with it.
            start_new_session=True,
        )
    except FileNotFoundError:
        raise UserError(
            f"the command {command[0]!r} was not found; write one that runs in a checkout of the repository",
            ExitCode.MISSING,
        ) from None
    except OSError as error:
        raise UserError(f"the command {command[0]!r} cannot be started ({error.strerror})") from None
    while True:
        try:
            output, _ = process.communicate(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if limit.reached():
                _end(process)
                return Ran(time.monotonic() - began, "", ended=True), -1
        except BaseException:
            _end(process)
            raise
        else:
            seconds = time.monotonic() - began
            return Ran(seconds, _last_words(output, process.returncode)), process.returncode


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks the process and all it started to stop, as Ctrl-C does, and insists after a while."""
    for number, patience in ((signal.SIGINT, _PATIENCE_SECONDS), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        try:
            process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            continue
        break
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_words(output: bytes, code: int) -> str:
    """What a process said at its end, in one line."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines()]
    words = [line for line in lines if any(map(str.isalnum, line))]
    marked = [line.removeprefix("E").strip() for line in words if line.startswith("E  ")]
    errors = marked or [line for line in words if "error" in line.lower()] or words
    return f"exit code {code}: {' | '.join(errors[-3:])[:300] or 'it said nothing'}"


_ASK = """
import json, sys
found = list(sys.path)
for name, module in list(sys.modules.items()):
    if name.startswith("__editable__"):
        found += [str(place).rpartition("/")[0] for place in getattr(module, "MAPPING", {}).values()]
print(json.dumps(found))
"""


def search_path(top: Path) -> tuple[str, ...]:
    """The folders of a repository in which this environment's Python looks for modules, from its root.

    An editable installation makes the user's working tree importable from everywhere. Runs of a past
    revision must find that revision's modules first.
    """
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        known: list[str] = json.loads(done.stdout)
    except ValueError:
        return ()
    top, prefix = top.resolve(), Path(sys.prefix).resolve()
    inside = []
    for entry in known:
        path = Path(entry).resolve() if entry else None
        if path is not None and path.is_relative_to(top) and not path.is_relative_to(prefix):
            inside.append(path.relative_to(top).as_posix())
    return tuple(dict.fromkeys(inside))
