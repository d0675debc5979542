"""Histories are drawn by number, and their truth is in them."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.changes import replay, touching
from benchmarks.changes.detectors.protocol import commit_means, rate_of_all
from benchmarks.changes.levels import MARGIN
from benchmarks.changes.running import all_done, do, tasks
from benchmarks.changes.scenarios import CELLS, GROUPS, history

from gnomon_analysis.attribution import priors
from gnomon_analysis.statistics.model import Kind


@pytest.mark.parametrize("group", GROUPS)
def test_a_history_is_the_same_whenever_it_is_drawn(group: str) -> None:
    """Group, number and seed say all; another seed says something else."""
    first, again, other = history(3, group, 1), history(3, group, 1), history(4, group, 1)
    assert first.steps == again.steps
    for one, two in zip(first.series, again.series, strict=True):
        assert one.key == two.key
        np.testing.assert_array_equal(one.value, two.value)
    assert any(
        len(one.value) != len(two.value) or (one.value != two.value).any()
        for one, two in zip(first.series, other.series, strict=True)
    )


@pytest.mark.parametrize("group", GROUPS)
def test_a_history_is_whole(group: str) -> None:
    """Rows in order and within the history, rates possible, truth about series that are there."""
    for number in range(2):
        drawn = history(5, group, number)
        keys = {series.key for series in drawn.series}
        assert keys >= set(drawn.steps) | set(drawn.disturbed)
        for series in drawn.series:
            assert len(series.at) == len(series.value) == len(series.trials) == len(series.tag)
            assert (np.diff(series.at) >= 0).all()
            assert series.at[-1] < drawn.size
            assert series.prior is None or len(series.prior) == drawn.size
        for steps in drawn.steps.values():
            for step in steps:
                margin = 1 if group.startswith("short") else MARGIN
                assert margin <= step.at <= drawn.size - margin
                assert step.before != step.after


@pytest.mark.parametrize("number", range(len(CELLS)))
def test_runs_follow_their_levels(number: int) -> None:
    """The means on both sides of a step lie near its levels."""
    kind, _, runs = CELLS[number]
    drawn = history(3, "single", number)
    (series,), (step,) = drawn.series, drawn.steps["series"]
    means = commit_means(series)
    assert (means.runs == runs).all()
    for level, inside in ((step.before, means.at < step.at), (step.after, means.at >= step.at)):
        spread = np.sqrt(level * (1 - level)) if kind is Kind.PROPORTION else 0.5 * level
        assert abs(means.mean[inside].mean() - level) < 5 * spread / np.sqrt(runs * inside.sum())


def test_only_every_fifth_commit_is_tested_where_tests_are_sparse() -> None:
    """The cause may be any of the commits between."""
    drawn = history(3, "sparse", 0)
    assert set(np.diff(np.unique(drawn.series[0].at))) == {5}


def test_a_model_swap_flips_the_tag_where_it_moves_cases() -> None:
    """What a detector may know of it is in the rows."""
    drawn = history(3, "upstream", 0)
    for key, disturbed in drawn.disturbed.items():
        series = next(series for series in drawn.series if series.key == key)
        assert series.at[series.tag == 1].min() == disturbed.first


def test_the_rate_of_all_is_that_of_all_cases() -> None:
    """Seventy cases, one run each: seventy runs a commit."""
    means = commit_means(rate_of_all(history(3, "suite", 0)).series[0])
    assert (means.runs == 70).all()


def test_priors_are_those_that_attribution_makes() -> None:
    """A scenario's weights of what commits touched are Gnomon's own."""
    assert touching.SHIPPED == {
        "own": priors.OWN_SKILL,
        "config": priors.CONFIGURATION,
        "other": priors.OTHER_SKILL,
        "docs": priors.DOCUMENTATION,
    }


def test_causes_are_drawn_as_often_as_is_said() -> None:
    """Nine in ten sparse causes touched the case's own skill."""
    own = 0
    for number in range(200):
        drawn = history(3, "sparse", number)
        prior = drawn.series[0].prior
        assert prior is not None
        own += prior[drawn.steps["series"][0].at] == touching.FITTING["own"]
    assert 0.84 < own / 200 < 0.98


def test_the_answers_do_not_depend_on_the_number_of_processes() -> None:
    """Two processes and one judge the same."""
    work = list(tasks(["naive"], [3], ["revert", "shared"], quick=True))
    alone, together = (all_done(do, work, processes) for processes in (1, 2))
    assert [part.judged for part in alone] == [part.judged for part in together]


def test_half_of_a_replayed_suite_moves() -> None:
    """Ten of twenty, at one commit."""
    drawn = replay.history(3, 0)
    assert len(drawn.series) == 20
    assert len({step.at for (step,) in drawn.steps.values()}) == 1
    assert len(drawn.steps) == 10
