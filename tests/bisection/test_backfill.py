"""`gnomon backfill` in a real repository with a real suite."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter

import pytest

from gnomon_analysis.store import open_store
from tests.bisection.shop import SUITE, Shop


def runs_by_commit(shop: Shop) -> Counter[str]:
    with open_store(shop.state / "gnomon.db") as store:
        return Counter(run.commit or "" for run in store.runs())


def test_what_is_missing_is_run_and_no_more(shop: Shop) -> None:
    """Each revision gets its runs; those the store has are not made again; no file is touched."""
    shop.grow(3)
    shop.pytest()
    before = shop.untouched()
    first, *_, last = shop.commits
    said = shop.gnomon("backfill", f"{first}..{last}", "--yes", "--jobs", "2")
    assert "3 revisions up to" in said
    assert "2 runs missing at 2 of them" in said
    assert "3 of 3 revisions have their runs; 2 runs made" in said
    assert runs_by_commit(shop) == dict.fromkeys(shop.commits[1:], 1)
    again = shop.gnomon("backfill", f"{first}..{last}")  # nothing to ask about
    assert "0 runs missing" in again
    more = shop.gnomon("backfill", f"{first}..{last}", "--runs", "2", "--yes")
    assert "3 runs missing at 3 of them" in more
    assert runs_by_commit(shop) == dict.fromkeys(shop.commits[1:], 2)
    assert shop.untouched() == before


def test_runs_of_some_cases_are_no_run_of_the_suite(shop: Shop) -> None:
    """Where a search ran some cases only, the suite is still to be run."""
    shop.grow(4)
    shop.change("Rewrite refunds", refunds="cash")
    shop.grow(1)
    shop.pytest()
    span = f"{shop.commits[0]}..HEAD"
    shop.gnomon("backfill", f"{shop.commits[0]}..{shop.commits[1]}", "--yes")
    shop.gnomon("bisect", "pass_rate", "--case", "money", "--good", shop.commits[1], "--yes")
    planned = json.loads(shop.gnomon("backfill", span, "--dry-run", "--json"))
    assert set(planned["missing"]) == set(shop.commits[2:-1])


def test_only_some_revisions(shop: Shop) -> None:
    """Every so many, the newest among them, or only those that changed a skill or another tracked file."""
    shop.grow(2)
    changed = shop.change("Rewrite refunds", refunds="cash")
    shop.grow(2)
    span = f"{shop.commits[0]}..HEAD"
    every = json.loads(shop.gnomon("backfill", span, "--every", "2", "--dry-run", "--json"))
    assert every["revisions"] == [shop.commits[1], shop.commits[3], shop.commits[5]]
    only = json.loads(shop.gnomon("backfill", span, "--only-changed", "--dry-run", "--json"))
    assert only["revisions"] == [changed]
    assert only["missing"] == {changed: 1}
    assert only["estimate"] is None
    assert runs_by_commit(shop) == {}


def test_a_killed_backfill_goes_on(shop: Shop) -> None:
    """After SIGKILL the same command makes the rest and cleans up."""
    slow = SUITE.replace(
        "    answer = route(request)\n", "    __import__('time').sleep(0.1)\n    answer = route(request)\n"
    )
    shop.write("tests/test_routing.py", slow)
    shop.commits.append(shop.commit("Take time"))
    shop.grow(4)
    command = ("backfill", f"{shop.commits[1]}..HEAD", "--yes")
    process = subprocess.Popen(
        shop.command(*command),
        cwd=shop.folder,
        env=shop.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list((shop.state / "spool").glob("*.traces.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    said = shop.gnomon(*command)
    assert "4 of 4 revisions have their runs" in said
    assert "4 runs missing" not in said
    assert set(runs_by_commit(shop)) == set(shop.commits[2:])
    assert not list(shop.temporary.glob("gnomon-replay-*"))


def test_what_cannot_be_run_is_said_and_remembered(shop: Shop) -> None:
    """A broken revision is left out with its reason, also the next time; --fresh tries it again."""
    shop.write("tests/test_routing.py", "import nothing_of_this_name\n")
    broken = shop.commit("Break the suite")
    shop.write("tests/test_routing.py", SUITE)
    shop.commit("Mend the suite")
    span = f"{shop.commits[0]}..HEAD"
    said = shop.gnomon("backfill", span, "--yes", code=1)
    assert f"skips {broken[:8]}: exit code 2" in said
    assert "1 of 2 revisions have their runs" in said
    again = shop.gnomon("backfill", span, "--yes", code=1)
    assert "0 runs missing" in again
    assert f"could not run {broken[:8]}" in again
    fresh = shop.gnomon("backfill", span, "--yes", "--fresh", code=1)
    assert f"skips {broken[:8]}" in fresh


def test_the_price_is_told_first(shop: Shop) -> None:
    """Time and money come from past runs; without anybody to ask nothing begins."""
    shop.grow(3)
    shop.pytest()
    span = f"{shop.commits[0]}..HEAD"
    planned = json.loads(shop.gnomon("backfill", span, "--dry-run", "--json", "--runs", "3"))
    with open_store(shop.state / "gnomon.db") as store:
        one = store.run("last")
    assert sum(planned["missing"].values()) == 8
    assert planned["estimate"]["seconds"] == pytest.approx(8 * (one.duration or 0), rel=0.01)
    assert "add --yes" in shop.gnomon("backfill", span, code=2)


@pytest.mark.parametrize("span", ["HEAD", "..HEAD", "HEAD~1..", "HEAD~1...HEAD", "nowhere..HEAD"])
def test_a_range_that_is_none(shop: Shop, span: str) -> None:
    """What is no range is told, with how to write one."""
    shop.grow(1)
    said = shop.gnomon("backfill", span, code=2)
    assert "write two revisions with two dots" in said or "there is no commit 'nowhere'" in said


def test_a_command_that_works_nowhere_ends_soon(shop: Shop) -> None:
    """When none of the first three revisions can be run, it is not the revisions, and none is remembered."""
    shop.grow(5)
    span = f"{shop.commits[0]}..HEAD"
    said = shop.gnomon("backfill", span, "--yes", "--command", "sh -c 'exit 9'", code=3)
    assert "at none of 3 revisions (exit code 9" in said
    assert "5 runs missing at 5 of them" in shop.gnomon(
        "backfill", span, "--dry-run", "--command", "sh -c 'exit 9'"
    )
