"""Tests of known nature: no deterministic one is called flaky, and flaky ones are found as runs add up."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from gnomon_analysis.flakiness import State
from tests.flakiness.simulated import failing_rates, judged, regressing

PAGE = Path(__file__).parents[2] / "docs" / "flaky.md"
RUNS = (10, 30, 100, 300)
RUNS_A_COMMIT = 3
TESTS = 200


@pytest.mark.parametrize("runs_a_commit", [1, 3, 10])
def test_no_deterministic_test_is_flaky(runs_a_commit: int) -> None:
    """Neither one that always passes, nor one that always fails, nor those that commits break and mend."""
    chance = np.random.default_rng(1)
    for runs in (4, 20, 100):
        for outcome, state in ((True, State.STABLE), (False, State.BROKEN)):
            found = judged(np.full(runs, outcome), runs_a_commit).state
            assert found is (state if runs >= 5 else State.NOT_ENOUGH_RUNS)
        for _ in range(60):
            found = judged(regressing(chance, runs, runs_a_commit), runs_a_commit).state
            assert found is not State.FLAKY


def recall() -> dict[int, tuple[float, float, float]]:
    """By runs: share called flaky of tests that fail 10 % of the time or more, of those from 2 to 10 %, and
    share of failing rates that lie in their interval."""
    chance = np.random.default_rng(20)
    found = {}
    for runs in RUNS:
        rates = failing_rates(chance, TESTS)
        told = [judged(chance.random(runs) >= rate, RUNS_A_COMMIT) for rate in rates]
        flaky = np.array([one.state is State.FLAKY for one in told])
        covered = [
            one.rate.interval.low <= rate <= one.rate.interval.high
            for one, rate in zip(told, rates, strict=True)
        ]
        often, seldom = rates >= 0.1, (rates >= 0.02) & (rates < 0.1)
        found[runs] = (float(flaky[often].mean()), float(flaky[seldom].mean()), float(np.mean(covered)))
        assert flaky[rates < 0.02].mean() <= 0.03
    return found


def test_flaky_tests_are_found_as_runs_add_up() -> None:
    """The page's table: how many are found after how many runs, and how often the interval holds the rate."""
    rows = re.findall(
        r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    shown = {int(runs): tuple(map(float, shares)) for runs, *shares in rows}

    found = recall()

    assert {runs: tuple(round(share, 2) for share in shares) for runs, shares in found.items()} == shown
    assert found[100][0] >= 0.95
    assert all(0.92 <= covered <= 0.99 for _, _, covered in found.values())


def test_a_flaky_test_is_rarely_taken_for_another() -> None:
    """Of tests that fail half of the time, at most one in fifty is called broken, stable or recovered."""
    chance = np.random.default_rng(3)
    states = [judged(chance.random(60) > 0.5, 3).state for _ in range(150)]
    wrong = [state for state in states if state is not State.FLAKY]
    assert len(wrong) <= 3
