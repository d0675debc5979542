"""Ids of runs, tests and attempts."""

from __future__ import annotations

import random
import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from gnomon.runs.ids import attempt_span_id, new_run_id, span_id, test_span_id

TEXT = st.text(st.characters(), max_size=20)


def test_run_ids_are_random_and_leave_random_alone() -> None:
    """128 bits in hex, never twice, and neither drawn from nor disturbing `random`."""
    random.seed(7)
    before = random.getstate()
    found = {new_run_id() for _ in range(1000)}
    assert random.getstate() == before
    assert len(found) == 1000
    assert all(re.fullmatch("[0-9a-f]{32}", value) for value in found)


@given(TEXT, TEXT, TEXT, st.integers(1, 9))
def test_span_ids_are_valid_and_derived(run: str, worker: str, node: str, execution: int) -> None:
    """64 bits in hex, never zero, the same for the same parts, whatever characters a node id has."""
    value = test_span_id(run, worker, node, execution)
    assert re.fullmatch("[0-9a-f]{16}", value)
    assert value.strip("0")
    assert value == test_span_id(run, worker, node, execution)
    assert value != test_span_id(run, worker, node, execution + 1)
    assert len({value, *(attempt_span_id(value, number) for number in range(1, 4))}) == 4


def test_parts_do_not_run_into_each_other() -> None:
    """Where one part ends and the next begins is part of the id."""
    assert span_id("ab", "c") != span_id("a", "bc") != span_id("abc")


def test_other_processes_derive_the_same() -> None:
    """An xdist worker and its controller agree without a word, whatever their hash seeds are."""
    code = "from gnomon.runs.ids import test_span_id; print(test_span_id('r', 'gw0', 'a.py::test', 1))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == test_span_id("r", "gw0", "a.py::test", 1)
