"""Who a run is: its ids, its number, its suite, and what it stands on."""

from __future__ import annotations

import os
import platform
import re
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from gnomon.provenance import ci, files
from gnomon.provenance.vcs import GitState
from gnomon.record import Record
from gnomon.runs.ids import new_run_id
from gnomon.runs.numbering import next_sequence
from gnomon.runs.spans import nanoseconds
from gnomon.settings import Settings, Suite
from gnomon.version import __version__

_TRACEPARENT = r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}"


class RunIdentity(Record):
    """What every process of a run must agree on. Builtin types only: it travels to workers.

    `trace_id` is the run's id unless `TRACEPARENT` puts the run into a trace of its own caller,
    whose span is then `parent`. `started` is Unix seconds. `without_commit` says why no commit is known
    although there is a repository.
    """

    run_id: str
    trace_id: str
    parent: str | None
    sequence: int
    suite: str
    started: float
    file_stem: str
    resource: dict[str, Any]
    skill_hashes: dict[str, str]
    without_commit: str | None


def identify(
    settings: Settings, environ: Mapping[str, str], arguments: Sequence[str], state_directory: Path
) -> RunIdentity:
    """Asks git, the CI variables and the files in force; takes a new id and the next number."""
    patterns = [*settings.skills.paths, *settings.skills.config_paths]
    git = GitState(settings.root, patterns)  # answers while the rest is found out
    started = time.time()
    run_id = new_run_id()
    trace_id, parent = _trace(environ, run_id)
    suite = choose_suite(settings, arguments)
    name = suite.name if suite is not None else settings.project.name
    sequence = next_sequence(environ, state_directory, name)
    if (listing := git.listing()) is None:
        listing = files.below(settings.root)
    skills = files.find(settings.root, settings.skills.paths, listing)
    configs = files.find(settings.root, settings.skills.config_paths, listing)
    resource: dict[str, Any] = {
        **_given_by_environment(environ),
        "service.name": settings.project.service_name,
        "deployment.environment.name": (suite.environment if suite else None) or settings.environment,
        "test.suite.name": name,
        "gnomon.run.id": run_id,
        "gnomon.run.sequence": sequence,
        "gnomon.run.framework": "pytest",
        "gnomon.run.started_at": nanoseconds(started),
        **git.attributes(),
        **ci.attributes(environ),
        **files.attributes(skills, configs),
        **_suite_attributes(suite, settings),
        "process.runtime.name": platform.python_implementation().lower(),
        "process.runtime.version": platform.python_version(),
        "host.name": socket.gethostname(),
        "os.type": platform.system().lower(),
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "gnomon",
        "telemetry.sdk.version": __version__,
    }
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(started))
    return RunIdentity(
        run_id=run_id,
        trace_id=trace_id,
        parent=parent,
        sequence=sequence,
        suite=name,
        started=started,
        file_stem=f"run-{stamp}-{run_id[:12]}",
        resource=resource,
        skill_hashes=dict(files.hashes_by_skill(skills)),
        without_commit=None if "vcs.ref.head.revision" in resource else git.silence(),
    )


def _given_by_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """`OTEL_RESOURCE_ATTRIBUTES`: what nothing better is known for (settings read its names already)."""
    pairs = (
        pair.partition("=") for pair in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",") if "=" in pair
    )
    return {unquote(key.strip()): unquote(value.strip()) for key, _, value in pairs}


def _trace(environ: Mapping[str, str], run_id: str) -> tuple[str, str | None]:
    stated = environ.get("TRACEPARENT", "").strip().lower()
    match = re.fullmatch(_TRACEPARENT, stated) if stated else None
    if match is None or not match[1].strip("0") or not match[2].strip("0"):
        return run_id, None
    return match[1], match[2]


def choose_suite(settings: Settings, arguments: Sequence[str]) -> Suite | None:
    """The suite whose files the command line asks for; None where it asks for none or for several."""
    if len(settings.suites) == 1:
        return settings.suites[0]
    asked = [_relative(settings.root, argument.partition("::")[0]) for argument in arguments]
    matching = [
        suite
        for suite in settings.suites
        if asked and all(any(_overlap(path, _folder(pattern)) for pattern in suite.paths) for path in asked)
    ]
    return matching[0] if len(matching) == 1 else None


def _relative(root: Path, argument: str) -> str:
    return os.path.relpath(Path(argument).absolute(), root).replace(os.sep, "/")


def _folder(pattern: str) -> str:
    """The part of a glob before its first wildcard."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0].rstrip("/")


def _overlap(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/") or not folder


def _suite_attributes(suite: Suite | None, settings: Settings) -> dict[str, Any]:
    if suite is None:
        return {}
    values: dict[str, Any] = {"gnomon.department": suite.department, "gen_ai.agent.name": suite.agent}
    if suite.golden_set is not None:
        values["gnomon.golden_set.version"] = files.golden_set_version(settings.root / suite.golden_set)
    return {key: value for key, value in values.items() if value is not None}
