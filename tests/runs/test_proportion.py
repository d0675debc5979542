"""Wilson's interval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.runs.proportion import wilson


def test_published_values() -> None:
    """The figures of Newcombe 1998 (Statistics in Medicine 17, table I, method 3)."""
    for successes, trials, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000), st.data())
def test_it_holds_the_share(trials: int, data: st.DataObject) -> None:
    """Within 0 and 1, around the observed share, mirrored for failures."""
    successes = data.draw(st.integers(0, trials))
    found, mirrored = wilson(successes, trials), wilson(trials - successes, trials)
    assert found is not None
    assert mirrored is not None
    low, high = found
    assert -1e-12 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1 + 1e-12
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_impossible_counts() -> None:
    """No trials have no interval; more successes than trials are a mistake."""
    assert wilson(0, 0) is None
    with pytest.raises(ValueError, match="3 successes of 2"):
        wilson(3, 2)
