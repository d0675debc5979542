"""What must not matter: order, names, units, and what came later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon_analysis.statistics.model import Kind, Move, Series, Verdict
from tests.statistics.drawn import located, series, step, until

few = settings(max_examples=15, deadline=None)


def said(moves: list[Move]) -> list[tuple[object, ...]]:
    """What a person reads of each move."""
    return sorted(
        (
            move.key,
            str(move.verdict),
            move.last_before,
            move.first_after,
            round(move.p_change, 6),
            len(move.members),
        )
        for move in moves
    )


def families(seed: int) -> list[Series]:
    """Three families of which some series move at one commit."""
    found = []
    for number in range(9):
        kind = (Kind.PROPORTION, Kind.DURATION, Kind.COST)[number % 3]
        levels = step(40, 20, 0.9, 0.5) if number < 6 else np.full(40, 0.8)
        found.append(series(levels, seed=seed * 100 + number, kind=kind, key=f"{number}", family=kind.value))
    return found


@few
@given(st.integers(0, 50))
def test_order_is_irrelevant(seed: int) -> None:
    """Series and families may come in any order."""
    found = families(seed)
    order = np.random.default_rng(seed).permutation(len(found))
    assert said(located(*found)) == said(located(*(found[place] for place in order)))


@few
@given(st.integers(0, 50))
def test_names_are_irrelevant(seed: int) -> None:
    """Other names for series and families give the same moves under these names."""
    found = families(seed)
    renamed = [replace(one, key=f"z{one.key}", family=f"a{one.family}") for one in found]
    assert {(move.key, move.place) for move in located(*found) if not move.members} == {
        (move.key[1:], move.place) for move in located(*renamed) if not move.members
    }


@few
@given(st.integers(0, 50), st.sampled_from([Kind.DURATION, Kind.COST]), st.floats(1e-3, 1e5))
def test_units_are_irrelevant(seed: int, kind: Kind, unit: float) -> None:
    """Seconds or hours, cents or dollars: the same moves, their levels in the other unit."""
    one = series(step(50, 25, 1.0, 1.8), seed=seed, kind=kind)
    first, second = located(one), located(replace(one, value=one.value * unit))
    assert said(first) == said(second)
    for here, there in zip(first, second, strict=True):
        assert there.before.estimate == pytest.approx(here.before.estimate * unit, rel=1e-6)
        assert there.difference.low == pytest.approx(here.difference.low * unit, rel=1e-6)
        assert here.ratio is not None
        assert there.ratio is not None
        assert there.ratio.high == pytest.approx(here.ratio.high, rel=1e-6)


@few
@given(st.integers(0, 50))
def test_failures_mirror_successes(seed: int) -> None:
    """Counting failures instead turns the difference round and nothing else."""
    one = series(step(50, 25, 0.8, 0.3), seed=seed)
    first, second = located(one), located(replace(one, value=1 - one.value))
    assert said(first) == said(second)
    for here, there in zip(first, second, strict=True):
        assert there.difference.estimate == pytest.approx(-here.difference.estimate, abs=0.01)


@few
@given(st.integers(0, 50))
def test_what_came_later_rewrites_nothing_settled(seed: int) -> None:
    """A clear change with twenty commits after it keeps its verdict, place and size as forty more arrive."""
    whole = series(step(100, 30, 0.95, 0.25), seed=seed, runs=10)
    (settled,) = [move for move in located(until(whole, 55)) if move.verdict is Verdict.CHANGED]
    for size in (60, 75, 100):
        (now,) = [move for move in located(until(whole, size)) if abs(move.first_after - 30) <= 3]
        assert (now.verdict, now.place) == (settled.verdict, settled.place)
        assert now.p_change == pytest.approx(settled.p_change, abs=0.01)
        assert abs(now.difference.estimate - settled.difference.estimate) <= 0.1


@few
@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 4))
def test_whatever_comes_the_numbers_are_in_order(seed: int, size: int, runs: int) -> None:
    """On anything at all probabilities are within 0 and 1, shares add up, intervals hold their estimate."""
    drawn = np.random.default_rng(seed)
    for kind in Kind:
        level = drawn.uniform(0.05, 0.95) if kind is Kind.PROPORTION else drawn.lognormal()
        levels = step(size, int(drawn.integers(0, size + 1)), level, level * drawn.uniform(0.1, 1.0))
        tags = drawn.integers(0, 2, size)
        for move in located(series(levels, runs=runs, kind=kind, seed=seed, tags=tags.tolist())):
            assert 0 <= move.p_place <= move.p_change <= 1
            assert sum(candidate.share for candidate in move.candidates) <= 1 + 1e-9
            assert move.since <= move.last_before <= move.first_after <= move.until
            for interval in (move.before, move.after, move.difference):
                assert interval.low <= interval.estimate <= interval.high
            assert move.runs_before > 0
            assert move.runs_after > 0
