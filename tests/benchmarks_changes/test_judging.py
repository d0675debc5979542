"""What detectors say is held against the truth as `benchmarks/changes/judging.py` says."""

from __future__ import annotations

import pytest
from benchmarks.changes.history import Disturbance, Disturbed
from benchmarks.changes.judging import judged

from gnomon_analysis.statistics.model import Verdict
from tests.benchmarks_changes.histories import accusation, history


@pytest.mark.parametrize(
    ("place", "noticed", "near", "exact", "far"),
    [
        (30, True, True, True, False),
        (31, True, True, False, False),
        (32, True, False, False, False),
        (40, True, False, False, False),
        (41, False, False, False, True),
    ],
)
def test_an_accusation_is_judged_by_its_distance(
    place: int, noticed: bool, near: bool, exact: bool, far: bool
) -> None:
    """A step is noticed within ten commits, placed within one, and beyond ten the accusation is wrong."""
    answer = judged(history(30), [accusation(place)])
    (step,), (said,) = answer.steps, answer.findings
    assert (step.noticed, step.near, step.exact) == (noticed, near, exact)
    assert (said.right, said.exact, said.far) == (near, exact, far)


def test_a_step_pays_for_one_accusation_only() -> None:
    """Of two accusations near one step the nearer is right, and the other is not, though it is not far."""
    said = judged(history(30), [accusation(31), accusation(30)]).findings
    assert [(one.right, one.far) for one in said] == [(False, False), (True, False)]


def test_two_steps_are_matched_with_two_accusations() -> None:
    """A step and its revert each have their own."""
    answer = judged(history(20, 27), [accusation(20), accusation(28)])
    assert [step.near for step in answer.steps] == [True, True]
    assert [step.exact for step in answer.steps] == [True, False]


def test_a_finding_without_a_commit_is_notice_but_no_accusation() -> None:
    """What names no commit has seen the step and has not placed it."""
    answer = judged(history(30), [accusation(None, where=33)])
    assert (answer.steps[0].noticed, answer.steps[0].near) == (True, False)
    assert not answer.findings[0].accuses
    assert not answer.series[0].accused


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.CHANGED])
def test_other_verdicts_tell_of_no_commit(verdict: Verdict) -> None:
    """Upstream, drift, inconclusive and too few runs neither notice a step nor accuse."""
    answer = judged(history(30), [accusation(30, verdict=verdict)])
    assert not answer.steps[0].noticed
    assert answer.findings == ()


@pytest.mark.parametrize(("place", "blamed"), [(19, False), (20, True), (30, True), (41, False)])
def test_a_disturbance_is_blamed_by_what_is_near_it(place: int, blamed: bool) -> None:
    """A commit that is accused within ten commits of a model swap is blamed for it."""
    swap = Disturbed(Disturbance.UPSTREAM, 30, 30)
    (series,) = judged(history(disturbed=swap), [accusation(place)]).series
    assert series.blamed is blamed


def test_sets_and_intervals_are_held_against_the_step() -> None:
    """A candidate set holds the step or not, an interval the true difference or not."""
    hit = judged(history(30), [accusation(31, candidates=(31, 30), difference=(-0.4, -0.2))]).findings[0]
    miss = judged(history(30), [accusation(31, candidates=(31, 32), difference=(-0.2, 0.1))]).findings[0]
    assert (hit.set_size, hit.set_holds, hit.covers) == (2, True, True)
    assert (miss.set_holds, miss.covers) == (False, False)


def test_an_interval_over_another_step_is_not_judged() -> None:
    """Levels that were taken over two steps are no levels of one."""
    said = judged(history(20, 40), [accusation(20, difference=(-0.4, -0.2))]).findings[0]
    assert said.covers is None


def test_a_family_is_judged_by_its_surest_finding() -> None:
    """Whoever tells of several places has said the one that is the surest."""
    findings = [accusation(50, "b", p_place=0.3), accusation(30, "a", p_place=0.9)]
    answer = judged(history(30, keys=("a", "b")), findings)
    assert answer.family is not None
    assert answer.family.exact
    assert [one.far for one in answer.findings] == [False, True]


def test_a_statement_about_the_family_itself_counts_for_the_family_alone() -> None:
    """A finding whose key is no series accuses none of them."""
    answer = judged(history(30, keys=("a", "b")), [accusation(30, "all")])
    assert answer.findings == ()
    assert answer.family is not None
    assert answer.family.noticed
    assert answer.told_of_family == 1
