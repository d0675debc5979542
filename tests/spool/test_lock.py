"""Who looks for dead owners does not make a living one look dead."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gnomon.otlp import encode
from gnomon.runs.plan import SUFFIX, Plan, PlanFile
from gnomon.spool.journal import PART, Journal
from gnomon.spool.lock import try_lock

TIMES = 200

# What recovery does with each file that it finds, a little slower, as on a busy machine.
LOOKER = """
import fcntl, sys, time
from pathlib import Path

known = set()
print("looking", flush=True)
while True:
    for path in Path(sys.argv[1]).glob("run-*"):
        if path.name not in known:
            known.add(path.name)
            try:
                with path.open("r+b") as file:
                    fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                    time.sleep(0.005)
            except OSError:
                pass
"""


@contextmanager
def looking(directory: Path) -> Iterator[None]:
    """Another process looks for files whose owners are dead."""
    command = [sys.executable, "-c", LOOKER, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as looker:
        assert looker.stdout is not None and looker.stdout.readline()
        try:
            yield
        finally:
            looker.kill()


def a_plan(directory: Path, number: int) -> tuple[Path, Callable[[], None]]:
    path = directory / f"run-{number}{SUFFIX}"
    file = PlanFile(path)
    file.write(Plan(encode.resource({}), {}, "0" * 32, None, {"main": Counter(["test_a"])}, {}, 10))
    return path, file.remove


def a_journal(directory: Path, number: int) -> tuple[Path, Callable[[], None]]:
    journal = Journal(directory / f"run-{number}.traces.jsonl", encode.resource({}), encode.scope())
    return journal.path.with_name(journal.path.name + PART), journal.abandon


@pytest.mark.parametrize("made", [a_plan, a_journal])
def test_an_owner_has_its_lock_from_the_beginning(
    made: Callable[[Path, int], tuple[Path, Callable[[], None]]], tmp_path: Path
) -> None:
    """However often others look while a plan or a journal is made, it is there and locked when it is made."""
    with looking(tmp_path):
        for number in range(TIMES):
            path, remove = made(tmp_path, number)
            time.sleep(0.006)  # whoever looked has let go by now
            with path.open("r+b") as file:
                assert not try_lock(file.fileno()), f"the {number + 1}th could be taken"
            remove()
