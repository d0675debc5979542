"""What a run set out to do, kept beside its journal until the run has written its end.

A killed run cannot say which of its tests never ran, nor that it was there at all if no test had ended
yet. Its plan says both to whoever finds it, and the lock on the plan says whether the run still lives.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gnomon.otlp import encode
from gnomon.record import Record
from gnomon.runs.result import MAIN_WORKER, TestResult, never_started
from gnomon.spool import files
from gnomon.spool.journal import DAMAGED, PART
from gnomon.spool.lock import own, still_there, try_lock

SUFFIX = ".plan.json"

# A plan is created, locked and written in three steps; one without content is left alone this long.
_NEWBORN_SECONDS = 10.0

Collected = Mapping[str, Counter[str]]
"""How often each test was collected, by worker; under `MAIN_WORKER` what all workers share."""

Seen = Mapping[str, Mapping[str, int]]
"""How often each test came to a result, by the worker that ran it."""


class Plan(Record):
    """What a run said of itself when it began: OTLP/JSON `resource` and `scope`, its trace and parent span.

    `collected` are the tests it was going to run, `stated` what tests state before they run, `case_series`
    the number of routing cases that may have series of their own.
    """

    resource: dict[str, Any]
    scope: dict[str, Any]
    trace_id: str
    parent: str | None
    collected: Collected
    stated: dict[str, dict[str, Any]]
    case_series: int


def missing(
    collected: Collected, seen: Seen, ended: float, stated: Mapping[str, dict[str, Any]]
) -> list[TestResult]:
    """The results of the tests that were collected and not seen; `ended` is the run's end in Unix seconds."""
    results = []
    for worker, tests in collected.items():
        known: Counter[str] = Counter()
        for brought in seen.values() if worker == MAIN_WORKER else [seen.get(worker, {})]:
            known.update(brought)
        if dict.__eq__(tests, known):
            continue  # nothing is missing, nearly always; to subtract counters takes ten times as long
        for number, node_id in enumerate((tests - known).elements()):
            result = never_started(node_id, ended, stated.get(node_id, {}))
            # An execution that never was still needs an id of its own.
            result.worker, result.execution = worker, -number
            results.append(result)
    return results


class PlanFile:
    """The plan of a run that goes on, as a locked file. Raises OSError where it cannot be created."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o644
        )
        own(self._descriptor)

    def write(self, plan: Plan) -> None:
        """Puts the plan into the file, in place of an earlier one."""
        said = {
            "resource": plan.resource,
            "scope": plan.scope,
            "traceId": plan.trace_id,
            "parent": plan.parent,
            "collected": {worker: list(tests.elements()) for worker, tests in plan.collected.items()},
            "stated": plan.stated,
            "caseSeries": plan.case_series,
        }
        data = encode.dumps(said).encode("ascii")
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        while data:
            data = data[os.write(self._descriptor, data) :]

    def remove(self) -> None:
        """The run has its end, or nobody shall write one for it."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def end_abandoned(directory: Path, end: Callable[[str, Plan], None]) -> None:
    """Calls `end` with the stem of its files' names and the plan of each dead run, and removes the plan then.

    It is held meanwhile. What `end` cannot write now is tried again by the next call; a plan of which it
    can make nothing is set aside and told of, so that it stands in nobody's way.
    """
    for name in files.names(directory):
        if not name.endswith(SUFFIX):
            continue
        path = directory / name
        stem = name.removesuffix(SUFFIX)
        if path.with_name(f"{stem}.traces.jsonl{PART}").exists():
            continue  # its journal comes first, and could not be completed now
        try:
            with path.open("r+b") as file:
                if not try_lock(file.fileno()) or not still_there(path, file.fileno()):
                    continue
                if (plan := _read(file.read())) is not None:
                    end(stem, plan)
                elif time.time() - path.stat().st_mtime < _NEWBORN_SECONDS:
                    continue
            path.unlink(missing_ok=True)
        except OSError:
            continue  # somebody else took it, or it cannot be written now: the next call tries again
        except Exception as error:  # another version's plan, or files that lost a part of themselves
            _set_aside(path, error)


def _set_aside(path: Path, error: Exception) -> None:
    aside = path.with_name(path.name + DAMAGED)
    try:
        path.replace(aside)
    except OSError:
        return  # somebody else did it, or it cannot be done now
    logging.getLogger("gnomon").warning(
        "the end of a killed run cannot be made (%s: %s); what it recorded counts, its plan is kept as %s",
        type(error).__name__,
        error,
        aside,
    )


def _read(content: bytes) -> Plan | None:
    """The plan that a file says; None where its writer died in the middle of it."""
    try:
        said = json.loads(content)
    except ValueError:
        return None
    return Plan(
        resource=said["resource"],
        scope=said["scope"],
        trace_id=said["traceId"],
        parent=said["parent"],
        collected={worker: Counter(tests) for worker, tests in said["collected"].items()},
        stated=said["stated"],
        case_series=said["caseSeries"],
    )
