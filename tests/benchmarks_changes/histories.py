"""Tiny histories with known truth, and findings about them."""

from __future__ import annotations

import numpy as np
from benchmarks.changes.history import Disturbed, Finding, History, Step

from gnomon_analysis.statistics.model import Candidate, Interval, Kind, Series, Verdict

SIZE = 60


def series(key: str = "a", value: float = 1.0, kind: Kind = Kind.PROPORTION) -> Series:
    """One run at each commit, all with the same value."""
    at = np.arange(SIZE, dtype=np.int64)
    return Series(key, kind, "all", at, np.full(SIZE, value), np.ones(SIZE), np.zeros(SIZE, dtype=np.int64))


def history(
    *steps: int, group: str = "single", disturbed: Disturbed | None = None, keys: tuple[str, ...] = ("a",)
) -> History:
    """Series of which the first falls from .9 to .6 at the steps."""
    truth = {keys[0]: tuple(Step(at, 0.9, 0.6) for at in steps)} if steps else {}
    return History(
        group,
        "cell",
        SIZE,
        tuple(series(key) for key in keys),
        truth,
        {keys[0]: disturbed} if disturbed else {},
        clear=True,
    )


def accusation(
    place: int | None,
    key: str = "a",
    *,
    where: int | None = None,
    p_place: float | None = None,
    candidates: tuple[int, ...] = (),
    difference: tuple[float, float] | None = None,
    verdict: Verdict = Verdict.CHANGED,
    share: float = 1.0,
) -> Finding:
    """What a detector might say."""
    return Finding(
        key,
        place if where is None and place is not None else where or 0,
        place,
        verdict=verdict,
        candidates=tuple(Candidate(at, 1 / len(candidates)) for at in candidates),
        p_place=p_place,
        difference=Interval(sum(difference) / 2, *difference) if difference else None,
        since=0,
        until=SIZE - 1,
        share=share,
    )
