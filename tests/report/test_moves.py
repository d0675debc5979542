from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon_analysis.report.moves import adjusted, compare, paired_interval, sign_test


def table(both: int, first: int, second: int, neither: int) -> tuple[list[float], list[float]]:
    """Paired answers from the four counts of a paired table."""
    return (
        [1.0] * both + [1.0] * first + [0.0] * second + [0.0] * neither,
        [1.0] * both + [0.0] * first + [1.0] * second + [0.0] * neither,
    )


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        # The worked table of Newcombe 1998, method 10.
        ((36, 12, 2, 0), 0.0569, 0.3404),
        # Nothing changed: 1 minus the lower Wilson limit of 30 of 30, to both sides.
        ((30, 0, 0, 0), -0.1135, 0.1135),
    ],
)
def test_the_interval_is_the_published_one(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    """Figures of the paper's own worked tables come out to four places."""
    first, second = table(*counts)
    found = paired_interval(second, first)
    assert found == pytest.approx((low, high), abs=6e-5)


def test_the_sign_test_is_mcnemars_exact_one() -> None:
    """Binomial tails that can be counted by hand."""
    assert sign_test(0, 0) == 1
    assert sign_test(5, 5) == 1
    assert sign_test(6, 0) == 2 / 64
    assert sign_test(0, 6) == 2 / 64
    assert sign_test(12, 2) == pytest.approx(2 * (1 + 14 + 91) / 2**14)


def test_adjusted_values_are_benjamini_and_hochbergs() -> None:
    """The procedure's step-up, in the order given."""
    assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert adjusted([]) == []
    assert adjusted([0.7]) == [0.7]


def test_only_cases_known_at_both_commits_are_compared() -> None:
    """A new case is no gain and a removed one no fall."""
    move = compare({"a": 0.0, "b": 1.0, "old": 0.0}, {"a": 1.0, "b": 1.0, "new": 1.0})
    assert move is not None
    assert (move.cases, move.difference, move.risen, move.fallen) == (2, 0.5, ("a",), ())
    assert compare({"a": 1.0}, {"b": 1.0}) is None


shares = st.sampled_from([0.0, 1 / 3, 0.5, 2 / 3, 1.0])
pairs = st.lists(st.tuples(shares, shares), min_size=1, max_size=40)


@given(pairs)
def test_an_interval_holds_its_difference_and_turns_with_it(given_pairs: list[tuple[float, float]]) -> None:
    """The difference lies inside, both ends in -1 to 1, and exchanging the commits mirrors the interval."""
    first, second = [a for a, _ in given_pairs], [b for _, b in given_pairs]
    low, high = paired_interval(first, second)
    difference = (math.fsum(second) - math.fsum(first)) / len(first)
    assert -1 <= low <= difference + 1e-12
    assert difference - 1e-12 <= high <= 1
    assert paired_interval(second, first) == pytest.approx((-high, -low))


@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusting_never_helps_and_keeps_the_order(p_values: list[float]) -> None:
    """No adjusted value is below its own p or above 1, and a smaller p stays the smaller."""
    found = adjusted(p_values)
    assert all(p <= value + 1e-12 and value <= 1 for p, value in zip(p_values, found, strict=True))
    ranked = sorted(zip(p_values, found, strict=True))
    assert [value for _, value in ranked] == pytest.approx(sorted(found))
