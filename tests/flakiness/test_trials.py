"""Reading only the newest trials gives the same states as reading all."""

from __future__ import annotations

import numpy as np

from gnomon_analysis.flakiness.timeline import Timeline, input_keys, timeline
from gnomon_analysis.store.rows import Trials
from tests.flakiness.planting import A, B, History


def lines(trials: Trials) -> dict[tuple[str | None, str], Timeline]:
    inputs = input_keys(trials.runs)
    return {(case.suite, case.case_id): timeline(case, inputs) for case in trials.cases}


def test_the_newest_trials_are_found_without_the_others(history: History) -> None:
    """Of each test at least so many, the newest, whichever suite it is of and however long it has not run."""
    for number in range(1040):
        suite = "one" if number % 3 else "two"
        run = history.run(A if number % 50 else B, suite=suite).test(
            "a", "passed" if number % 7 else "failed"
        )
        if number < 20:
            run.test("gone", "failed")
        if number % 2:
            run.test("again", attempts=("failed", "passed"))
        history.add(run)
    history.store.ingest(history.spool)

    every = history.store.trials()
    some = history.store.trials(newest=30)

    assert sum(len(case.good) for case in some.cases) < sum(len(case.good) for case in every.cases)
    whole, part = lines(every), lines(some)
    assert part.keys() == whole.keys() == {
        (suite, case) for suite in ("one", "two") for case in ("a", "again", "gone")
    }  # fmt: skip
    for key, line in part.items():
        kept = len(line.good)
        assert kept >= min(30, len(whole[key].good))
        for name in ("run", "good", "first"):
            np.testing.assert_array_equal(getattr(line, name), getattr(whole[key], name)[-kept:])
    assert {key for key, _ in lines(history.store.trials("two", newest=30)).items()} == {
        ("two", case) for case in ("a", "again", "gone")
    }  # fmt: skip
