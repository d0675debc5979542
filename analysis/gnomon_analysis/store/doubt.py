"""A movement that is surer than its interval is, in the words that every command and page uses.

P(change) asks of each test whether it moved. The interval of a suite is that of the mean of its tests: where
few moved, or some up and some down, that is less sure. A single test borrows from others.
"""

from __future__ import annotations

from typing import NamedTuple

# What intervals hold: a movement that is surer than that needs a word where its interval holds none.
_INTERVAL = 0.95
_UNCHANGED = "unchanged"


class Doubt(NamedTuple):
    """In a word for a row, and why, for a sentence."""

    word: str
    why: str


_AS_A_WHOLE = Doubt("not sure as a whole", "some of its tests moved, which is surer than that their mean did")
_BY_SCOPE = {
    "suite": _AS_A_WHOLE,
    "skill": _AS_A_WHOLE,
    "category": _AS_A_WHOLE,
    "case": Doubt("not sure by itself", "the tests that moved with it make it surer than its own runs do"),
}


def doubt(
    scope_kind: str,
    verdict: str,
    p_change: float | None,
    *,
    difference: tuple[float | None, float | None],
    ratio: tuple[float, float] | None,
) -> Doubt | None:
    """What to say where it is sure that something moved though the interval holds no movement; else None.

    The interval is that of `ratio` (1 is no movement) where there is one, else that of `difference`.
    """
    none, (low, high) = (0.0, difference) if ratio is None else (1.0, ratio)
    holds_none = low is not None and high is not None and low <= none <= high
    if not holds_none or verdict == _UNCHANGED or (p_change or 0.0) <= _INTERVAL:
        return None
    return _BY_SCOPE.get(scope_kind)
