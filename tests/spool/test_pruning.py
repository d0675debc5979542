"""Pruning: the spool stays within its bounds, and what is least needed goes first."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.spool import PruneReport, prune

DAY = 86_400
STATES = ("", ".sent", ".rejected")


def put(directory: Path, name: str, *, size: int = 100, days: float = 0) -> None:
    path = directory / name
    path.write_bytes(b"x" * size)
    when = time.time() - days * DAY
    os.utime(path, (when, when))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_delivered_files_expire(tmp_path: Path) -> None:
    """Past `keep_days` what was delivered or refused goes; what still waits stays, however old."""
    for state in STATES:
        put(tmp_path, f"old.traces.jsonl{state}", days=16)
        put(tmp_path, f"new.traces.jsonl{state}", days=14)
    assert prune(tmp_path, max_bytes=10**6, keep_days=15) == PruneReport(removed=2, lost=0)
    assert names(tmp_path) == [
        "new.traces.jsonl",
        "new.traces.jsonl.rejected",
        "new.traces.jsonl.sent",
        "old.traces.jsonl",
    ]


def test_the_order_of_removal(tmp_path: Path) -> None:
    """Past the limit delivered files go first, then refused, then waiting ones, each oldest first."""
    for state in STATES:
        put(tmp_path, f"a.traces.jsonl{state}", days=2)
        put(tmp_path, f"b.traces.jsonl{state}", days=1)
    order = [f"{name}.traces.jsonl{state}" for state in (".sent", ".rejected", "") for name in "ab"]
    left = sorted(order)
    for count, gone in enumerate(order, start=1):
        lost = int(count > 4)
        assert prune(tmp_path, max_bytes=600 - 100 * count, keep_days=15) == PruneReport(1, lost)
        left.remove(gone)
        assert names(tmp_path) == left


def test_what_is_being_written_is_not_pruned(tmp_path: Path) -> None:
    """Journals stay; a cursor goes with its file."""
    put(tmp_path, "a.traces.jsonl.part", days=99)
    put(tmp_path, "b.traces.jsonl", days=99)
    put(tmp_path, "b.traces.jsonl.acked", size=1)
    assert prune(tmp_path, max_bytes=0, keep_days=0) == PruneReport(1, 1)
    assert names(tmp_path) == ["a.traces.jsonl.part"]


def test_no_directory(tmp_path: Path) -> None:
    """A spool that is not there yet has nothing to prune."""
    assert prune(tmp_path / "gone", max_bytes=0, keep_days=0) == PruneReport(0, 0)


@given(
    st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 300), st.integers(0, 30)), max_size=12),
    st.integers(0, 2000),
    st.integers(0, 30),
)
def test_bounds(
    tmp_path_factory: pytest.TempPathFactory,
    found: list[tuple[str, int, int]],
    max_bytes: int,
    keep_days: int,
) -> None:
    """Afterwards the limit holds, and nothing that waits went that did not have to."""
    directory = tmp_path_factory.mktemp("spool")
    for number, (state, size, days) in enumerate(found):
        put(directory, f"{number}.traces.jsonl{state}", size=size, days=days + 0.5)
    report = prune(directory, max_bytes=max_bytes, keep_days=keep_days)
    left = {path.name: path.stat().st_size for path in directory.iterdir()}
    assert report.removed == len(found) - len(left)
    assert sum(left.values()) <= max_bytes
    waiting = sum(state == "" for state, _, _ in found)
    assert report.lost == waiting - sum(name.endswith(".jsonl") for name in left)
    if report.lost:
        assert all(name.endswith(".jsonl") for name in left)
    again = prune(directory, max_bytes=max_bytes, keep_days=keep_days)
    assert again == PruneReport(0, 0)


def test_what_a_killed_writer_left_goes(tmp_path: Path) -> None:
    """A half-written file of a dead process goes after an hour, and does not count as lost."""
    put(tmp_path, "a.traces.jsonl.1.tmp", days=0.1)
    put(tmp_path, "b.traces.jsonl.2.tmp")
    assert prune(tmp_path, max_bytes=10**6, keep_days=15) == PruneReport(0, 0)
    assert names(tmp_path) == ["b.traces.jsonl.2.tmp"]
