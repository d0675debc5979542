"""Figures over judged histories, with bars beside them."""

from __future__ import annotations

import math

import pytest
from benchmarks.changes.bars import Bar
from benchmarks.changes.history import Disturbance, Disturbed
from benchmarks.changes.judging import judged
from benchmarks.changes.scores import Figure, mean_over_seeds, of_short, overall, ratio
from benchmarks.changes.tables import of_bars, written

from gnomon_analysis.statistics.model import Verdict
from tests.benchmarks_changes.histories import SIZE, accusation, history


def test_a_ratio_is_of_sums_and_its_error_of_histories() -> None:
    """Three right of four in two histories: the error is that of two units, not of four."""
    figure = ratio([(2, 2), (1, 2)])
    assert figure.value == 0.75
    assert figure.error == pytest.approx(math.sqrt(2 * (0.5**2 + 0.5**2)) / 4)


def test_a_ratio_of_nothing_is_not_known() -> None:
    """Without anything to divide by there is no figure, and no bar is met or missed."""
    figure = ratio([(0, 0)])
    assert not figure.known
    assert Bar("x", "x", least=0.5).met(figure) is None


def test_figures_over_all_follow_from_single_judgements() -> None:
    """One step placed, one missed by far, one clean series accused and one left alone."""
    histories = [
        judged(history(30), [accusation(30, p_place=0.7)]),
        judged(history(30), [accusation(50, p_place=0.5)]),
        judged(history(group="clean"), [accusation(10, p_place=0.6)]),
        judged(history(group="clean"), []),
    ]
    figures = overall(histories)
    assert figures["clear noticed"].value == 0.5
    assert figures["clear ±1"].value == 0.5
    assert figures["accusations right"].value == pytest.approx(1 / 3)
    assert figures["accusations far"].value == pytest.approx(2 / 3)
    assert figures["clean accused"].value == 0.5
    assert figures["false alarms"].value == pytest.approx(2 / (4 * SIZE / 1000))
    assert figures["confidence"].value == pytest.approx(0.6)
    assert figures["confidence error"].value == pytest.approx(0.6 - 1 / 3)


def test_disturbances_are_blamed_apart_and_are_no_false_alarms() -> None:
    """A commit blamed for a model swap is a wrong accusation and has a figure of its own."""
    swap = Disturbed(Disturbance.UPSTREAM, 30, 30)
    figures = overall([judged(history(group="upstream", disturbed=swap), [accusation(30)])])
    assert figures["upstream blamed"].value == 1
    assert figures["accusations far"].value == 1
    assert not figures["false alarms"].known


def test_one_statement_about_several_series_counts_once_where_it_is_held_to_its_word() -> None:
    """Two members at half a share each state their confidence once."""
    said = [accusation(30, "a", p_place=0.8, share=0.5), accusation(30, "b", p_place=0.8, share=0.5)]
    figures = overall([judged(history(30, keys=("a", "b")), said)])
    assert figures["confidence"].of == 1
    assert figures["confidence"].value == pytest.approx(0.8)
    assert figures["share exact"].value == pytest.approx(0.5)
    assert figures["accusations right"].of == 2


def test_of_short_histories_it_counts_too_what_is_only_said() -> None:
    """An inconclusive finding says something of a step and tells nothing; a clean series it leaves alone."""
    doubtful = [accusation(30, verdict=Verdict.INCONCLUSIVE)]
    moved = [judged(history(30), doubtful), judged(history(30), [accusation(30)])]
    figures = of_short(moved, [judged(history(), doubtful)])
    assert (figures["told"].value, figures["said"].value) == (0.5, 1.0)
    assert (figures["clean accused"].value, figures["clean said"].value) == (0.0, 1.0)


def test_seeds_count_alike() -> None:
    """The mean over seeds is that of their figures, however much each is of."""
    mean = mean_over_seeds([Figure(0.2, 0.03, 10), Figure(0.4, 0.04, 1000)])
    assert mean.value == pytest.approx(0.3)
    assert mean.error == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("bar", "value", "met"),
    [
        (Bar("x", "x", least=0.95), 0.95, True),
        (Bar("x", "x", least=0.95), 0.949, False),
        (Bar("x", "x", most=0.06), 0.061, False),
        (Bar("x", "x", least=0.93, most=0.97), 0.95, True),
        (Bar("x", "x", least=0.93, most=0.97), 0.98, False),
        (Bar("x", "x"), 0.98, None),
    ],
)
def test_a_bar_is_met_within_its_bounds(bar: Bar, value: float, met: bool | None) -> None:
    """Bounds belong to what is allowed."""
    assert bar.met(Figure(value, 0, 1)) is met


def test_the_table_says_what_is_met() -> None:
    """Ours with error and verdict, the others beside it."""
    figures = {"ours": {"x": Figure(0.5, 0.01, 9)}, "peer": {"x": Figure(0.25, 0.1, 9)}}
    last = of_bars(figures, "ours", [Bar("x", "steps", least=0.6)]).splitlines()[-1]
    assert last == "| steps | ≥ 0.6 | .500 ±.010 | **not met** | .250 |"


@pytest.mark.parametrize(("value", "text"), [(0.0, ".000"), (0.954, ".954"), (1.0, "1"), (25.44, "25.4")])
def test_figures_are_written_short(value: float, text: str) -> None:
    """Three places of shares, three digits of all else."""
    assert written(Figure(value, 0, 1)) == text
