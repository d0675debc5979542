"""Findings in words: figures as people write them, nothing stated as more than it is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon_analysis.attribution import METRICS, Suspect, wording
from gnomon_analysis.attribution.advising import advice
from tests.attribution.test_merging import A, B, C, D, finding


@given(st.floats(-1e6, 1e6))
def test_numbers_keep_about_three_digits(value: float) -> None:
    """No exponent, no minus zero, and within one percent of the value or the last digit shown."""
    shown = wording.number(value)
    assert "e" not in shown
    assert shown != "-0"
    read = float(shown.replace(",", ""))
    assert math.isclose(read, value, rel_tol=0.05, abs_tol=0.5 if abs(value) >= 10 else 0.05)


@pytest.mark.parametrize(
    ("metric", "value", "shown"),
    [
        ("routing_accuracy", 73.04, "73 %"),
        ("routing_accuracy", -0.01, "0 %"),
        ("latency", 1.25, "1.2 s"),
        ("cost", 0.00412, "0.0041 USD"),
        ("tokens", 12345.6, "12,346"),
    ],
)
def test_levels_have_their_unit(metric: str, value: float, shown: str) -> None:
    """Percent, seconds, dollars; counts stand alone."""
    assert wording.level(METRICS[metric], value) == shown


def test_no_probability_is_certain() -> None:
    """Neither 0 nor 100 percent are ever said."""
    assert [wording.share(p) for p in (0.0, 0.004, 0.5, 0.991, 1.0)] == [
        *("under 1 %", "under 1 %", "50 %", "over 99 %", "over 99 %"),
    ]
    assert [wording.share(p, 1) for p in (0.0, 0.001, 0.9949, 0.999, 0.9991, 1.0)] == [
        *("under 0.1 %", "0.1 %", "99.5 %", "99.9 %", "over 99.9 %", "over 99.9 %"),
    ]


@pytest.mark.parametrize(
    ("asked", "told"), [(0.95, "over 99 %"), (0.99, "over 99 %"), (0.995, "99.7 %"), (0.9999, "99.70 %")]
)
def test_a_probability_is_told_as_exactly_as_was_asked(asked: float, told: str) -> None:
    """In whole per cent, unless somebody wants to be surer than 99 %."""
    assert wording.share(0.997, wording.decimals(asked)) == told


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({}, "; some of its tests moved, which is surer than that their mean did."),
        (
            {"details": {"ratio": [1.02, 0.99, 1.05]}, "difference_high": 1.0},
            "; some of its tests moved, which is surer than that their mean did.",
        ),
        (
            {"scope_kind": "case"},
            "; the tests that moved with it make it surer than its own runs do.",
        ),
        ({"verdict": "drift", "revision": None}, "; some of its tests moved, which is surer than"),
        ({"p_change": 0.94}, ""),
        ({"difference_high": -1.0}, ""),
        ({"verdict": "unchanged"}, ""),
        ({"scope_kind": "agent", "metric": "latency"}, ""),
    ],
)
def test_an_interval_that_holds_zero_is_explained(other: dict[str, object], why: str) -> None:
    """Where it stands beside a movement that is sure, and nowhere else."""
    of = {"difference": -2.0, "difference_low": -5.0, "difference_high": 1.0, "p_change": 0.999} | other
    sentence = wording.sentence(finding(**of))
    assert why in sentence
    assert ("surer" in sentence) == bool(why)


def test_an_improvement_in_one_sentence() -> None:
    """As one would tell a colleague."""
    said = wording.sentence(
        finding(
            difference=11.0,
            difference_low=6.0,
            difference_high=17.0,
            before=62.0,
            after=73.0,
            verdict="improvement",
            candidates=(Suspect(B, 0.97),),
            p_commit=0.97,
            cases_moved=12,
            scope="jira-assistant",
            details={"subject": "skills router v2.1"},
        )
    )
    assert said == (
        "Commit bbbbbbb (skills router v2.1) likely raised routing accuracy of the suite jira-assistant by "
        "11 points [6, 17], from 62 % to 73 %; 97 % sure that it is this commit; 12 tests moved."
    )


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"p_commit": 0.4}, "may have lowered"),
        (
            {"candidates": (Suspect(B, 0.6), Suspect(C, 0.3), Suspect(D, 0.1))},
            "(else ccccccc 30 %, ddddddd 10 %)",
        ),
        (
            {"revision": None, "p_commit": None, "candidates": (Suspect(B, 0.4), Suspect(C, 0.3))},
            "at one of 2 commits, none of which stands out",
        ),
        (
            {"revision": None, "p_commit": None, "candidates": (Suspect(B, 0.9), Suspect(C, 0.1))},
            "near ccccccc, at one of 2 commits or bit by bit, which the runs do not tell apart",
        ),
        (
            {"revision": None, "p_commit": None, "candidates": (Suspect(B, 1.0),)},
            "near ccccccc, at once or bit by bit, which the runs do not tell apart",
        ),
        ({"verdict": "drift", "revision": None}, "drifted down by 20 points [10, 30]"),
        (
            {"verdict": "unchanged"},
            "moved 1 test, up and down; routing accuracy of the suite routing as a whole",
        ),
        ({"verdict": "inconclusive"}, "looks lower by 20 points [10, 30]"),
        (
            {"verdict": "inconclusive", "details": {"commits": [3, 1]}},
            "since bbbbbbb, 99 % sure; no later commit was measured, and one more would settle it.",
        ),
        ({"verdict": "not_enough_runs", "runs_needed": 4}, "which are not enough: 4 more runs would tell"),
        (
            {
                "verdict": "upstream",
                "revision": None,
                "details": {"switched": "the model changed from a to b"},
            },
            "fell by 20 points [10, 30], from 80 % to 60 % when the model changed from a to b; commits of",
        ),
        ({"scope_kind": "skill", "scope": "refunds"}, "routing accuracy of the skill refunds"),
        ({"details": {"ratio": [0.75, 0.7, 0.8]}}, "by 25 % [20, 30]"),
    ],
)
def test_what_is_not_sure_is_said_so(other: dict[str, object], said: str) -> None:
    """Each verdict has words of its own; none of them says that something was caused."""
    sentence = wording.sentence(finding(**other))
    assert said in sentence
    assert "caused" not in sentence


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"p_commit": 0.6, "scope_kind": "skill", "scope": "refunds", "details": {"between": [A, D]}},
            "`gnomon bisect routing_accuracy --suite routing --skill refunds --good aaaaaaa --bad ddddddd` "
            "tells the 2 commits apart (about 10 runs, about 2 USD).",
        ),
        (
            {"candidates": (Suspect(B, 1.0),), "p_commit": 0.99},
            "(`gnomon changes show bbbbbbb`), then revert",
        ),
        ({"verdict": "not_enough_runs", "runs_needed": 4}, "(4 more runs, about 0.8 USD)"),
        ({"verdict": "inconclusive"}, "Run ccccccc again (5 runs, about 1 USD)."),
        (
            {"verdict": "inconclusive", "details": {"commits": [3, 1]}},
            "Run the next commit after ccccccc, whatever it changes.",
        ),
        (
            {"verdict": "inconclusive", "details": {"commits": [1, 1]}},
            "whatever it changes; run a commit before aaaaaaa, with `gnomon backfill`.",
        ),
        ({"verdict": "drift"}, "Run aaaaaaa again"),
        ({"verdict": "upstream"}, "(20 runs, about 4 USD)"),
        (
            {"verdict": "upstream", "details": {"switched": "the model changed from a to b"}},
            "with the old and with the new model (",
        ),
    ],
)
def test_the_next_best_run_has_a_price(other: dict[str, object], said: str) -> None:
    """What to do about a finding, and what it costs at 0.2 USD a run."""
    assert said in str(advice(finding(**other), 0.2))


def test_a_sure_improvement_needs_nothing() -> None:
    """Nobody is sent to look at what is well."""
    assert advice(finding(verdict="improvement", candidates=(Suspect(B, 1.0),)), 0.2) is None
