"""What one commit did, gathered from findings about one metric each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnomon_analysis.attribution import (
    CommitMoves,
    Finding,
    KnownCommits,
    MovedCase,
    Suspect,
    by_commit,
    wording_of_commits,
)
from gnomon_analysis.statistics.model import Options
from tests.attribution.test_merging import B, C, D, finding


def gathered(*findings: Finding, cases: dict[str, list[MovedCase]] | None = None) -> list[CommitMoves]:
    return by_commit(findings, cases or {}, KnownCommits([]), Options().least_effects)


def of_cost(**other: object) -> Finding:
    cost = finding(
        metric="cost",
        unit="USD",
        more_is_better=False,
        before=0.01,
        after=0.03,
        difference=0.02,
        p_commit=0.8,
    )
    return replace(cost, impact_id="cost", details={"ratio": [3.0, 2.5, 3.5]}, **other)  # type: ignore[arg-type]


def of_skill(**other: object) -> Finding:
    return finding(scope_kind="skill", scope="refunds", impact_id="skill", difference=-40.0, **other)


def test_findings_of_one_commit_are_told_together() -> None:
    """Whether answers are right comes before money, the suite before its skills; doubtful ones come last."""
    doubtful = finding(impact_id="doubt", metric="latency", unit="s", p_commit=0.3)
    (moves,) = gathered(doubtful, of_cost(), of_skill(), finding(impact_id="suite"))

    assert [one.impact_id for one in moves.findings] == ["suite", "skill", "cost", "doubt"]
    assert moves.revision == B
    assert moves.is_named


def test_a_commit_is_told_in_one_sentence() -> None:
    """Main effect, both certainties, what else moved as a whole, how many tests."""
    cases = {"suite": [MovedCase(name, 1.0, 0.0, 9, 8) for name in ("D01", "D02")]}
    clarified = finding(impact_id="asked", metric="clarification_rate", more_is_better=False, difference=4.0)
    (moves,) = gathered(of_cost(), of_skill(), clarified, finding(impact_id="suite"), cases=cases)

    assert wording_of_commits.sentence(moves) == (
        "Commit bbbbbbb (Shorten) likely lowered routing accuracy of the suite routing by 20 points [10, 30]"
        ": 99 % sure that it moved, 89 % that it was this one; also needless questions +4 points, "
        "cost a test +200 %; 2 tests moved."
    )


def test_the_sentence_of_a_commit_explains_its_interval() -> None:
    """One that holds zero beside a movement that is sure."""
    (moves,) = gathered(finding(difference=-2.0, difference_low=-5.0, difference_high=1.0, p_change=0.999))
    assert "by 2 points [-1, 5]: over 99 % sure that it moved" in wording_of_commits.sentence(moves)
    assert "; some of its tests moved, which is surer than" in wording_of_commits.sentence(moves)


def test_what_moved_much_further_is_told_first() -> None:
    """Forty points of tool use say more than two points of accuracy, and those more than three points."""
    accuracy = finding(impact_id="accuracy", difference=2.0)
    for fall, first in ((-40.0, "tools"), (-3.0, "accuracy")):
        (moves,) = gathered(accuracy, finding(impact_id="tools", metric="tool_use_accuracy", difference=fall))
        assert moves.lead.impact_id == first


def test_a_test_is_counted_once() -> None:
    """However many findings it is behind: in the metric that is told first, else where it moved furthest."""
    cases = {
        "suite": [MovedCase("D01", 0.8, 0.4, 9, 8), MovedCase("D02", 0.2, 0.6, 9, 8)],
        "skill": [MovedCase("D01", 0.9, 0.3, 9, 8)],
        "tools": [MovedCase("D01", 1.0, 0.0, 9, 8), MovedCase("D03", 0.5, 0.3, 9, 8)],
        "cost": [MovedCase("D04", 0.01, 0.03, 9, 8)],
    }
    tools = finding(impact_id="tools", metric="tool_use_accuracy", difference=-3.0)

    (moves,) = gathered(finding(impact_id="suite"), of_skill(), tools, of_cost(), cases=cases)

    assert [(one.case_id, one.metric, one.better) for one in moves.tests] == [
        ("D01", "routing_accuracy", False),
        ("D02", "routing_accuracy", True),
        ("D03", "tool_use_accuracy", False),
    ]
    assert moves.tests[0].before == 0.9


def test_less_of_some_metrics_is_better() -> None:
    """A test that is no longer asked back needlessly is better."""
    asked = finding(
        impact_id="asked", metric="clarification_rate", more_is_better=False, verdict="improvement"
    )
    (moves,) = gathered(asked, cases={"asked": [MovedCase("D01", 1.0, 0.0, 9, 8)]})
    assert [one.better for one in moves.tests] == [True]


def test_a_set_of_commits_is_told_as_one() -> None:
    """Where none is likelier than all others together; the sentence says how likely the likeliest is."""
    several = (Suspect(B, 0.4), Suspect(C, 0.35), Suspect(D, 0.25))
    (moves,) = gathered(finding(candidates=several, p_commit=0.39))

    assert not moves.is_named
    assert [one.revision for one in moves.suspects] == [B, C, D]
    said = wording_of_commits.sentence(moves)
    assert said.startswith(
        "One of 3 commits likely lowered routing accuracy of the suite routing by 20 points"
    )
    assert "99 % sure that it moved, 39 % that it was bbbbbbb" in said


@pytest.mark.parametrize("verdict", ["upstream", "drift"])
def test_what_no_commit_did_stands_apart(verdict: str) -> None:
    """Another model or a slope is told in the words of the finding, and not under the commit beside it."""
    other = finding(impact_id="other", verdict=verdict, revision=None, p_commit=None, sentence="It was not.")
    places = gathered(finding(impact_id="suite"), other)

    assert [(one.revision, one.lead.impact_id) for one in places] == [(B, "suite"), (None, "other")]
    assert wording_of_commits.sentence(places[1]) == "It was not."


def test_the_newest_comes_first() -> None:
    """Without a repository by when the metric was seen to be another one."""
    places = gathered(finding(changed_ns=10**9), finding(revision=C, changed_ns=2 * 10**9))
    assert [one.revision for one in places] == [C, B]
