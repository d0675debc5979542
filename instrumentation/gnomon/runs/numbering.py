"""The number of a run: the next one, however many begin at once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from gnomon import state
from gnomon.provenance import ci
from gnomon.spool.lock import try_lock


def next_sequence(environ: Mapping[str, str], state_directory: Path, suite: str) -> int:
    """The run's number: `GNOMON_RUN_SEQUENCE`, else the CI system's, else one more than last time here."""
    given = environ.get("GNOMON_RUN_SEQUENCE", "")
    if given.isdecimal():
        return int(given)
    if (number := ci.sequence(environ)) is not None:
        return number
    try:
        return _count(state_directory / "sequence.json", suite)
    except OSError:
        return 0  # nowhere to remember it; the run is told by its id


def _count(path: Path, suite: str) -> int:
    state.prepare(path.parent)
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        for _ in range(200):  # runs that start together wait for each other, not for ever
            if try_lock(descriptor):
                break
            time.sleep(0.005)
        try:
            numbers = json.loads(path.read_text("utf-8"))
            number = int(numbers.get(suite, 0)) + 1
        except (FileNotFoundError, ValueError, AttributeError, TypeError):
            numbers, number = {}, 1
        numbers[suite] = number
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(numbers), "utf-8")
        temporary.replace(path)
        return number
    finally:
        os.close(descriptor)
