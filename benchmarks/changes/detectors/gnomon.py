"""Gnomon's own `locate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.changes.history import Finding, History
from gnomon_analysis.statistics import locate
from gnomon_analysis.statistics.model import Move, Options, Series


class Gnomon:
    """A history is one look: all its series are located together."""

    def __init__(self, options: Options | None = None, name: str = "Gnomon") -> None:
        self.name = name
        self._options = options or Options()

    def findings(self, history: History) -> Sequence[Finding]:
        """Its movements; one of several series together is told of each of them."""
        moves = locate(history.size, history.series, self._options)
        keys = {series.key: series for series in history.series}
        found = [_finding(move, move.key, 1.0) for move in moves if move.key in keys]
        alone = {(finding.key, finding.where) for finding in found if finding.told}
        for move in moves:
            if move.key not in keys:
                found.extend(_together(move, keys, alone))
        return found


def _together(move: Move, keys: Mapping[str, Series], alone: set[tuple[str, int]]) -> Sequence[Finding]:
    """One finding a member; members that are told of by themselves, near there, are not told of twice."""
    whole = _finding(move, move.key, 1.0)
    if not move.members:
        return (whole,)
    members = [
        key
        for key in move.members
        if key in keys and not any(own == key and abs(where - whole.where) <= 10 for own, where in alone)
    ]
    return [_finding(move, key, 1 / len(members)) for key in members]


def _finding(move: Move, key: str, share: float) -> Finding:
    alone = key == move.key and not move.members
    return Finding(
        key=key,
        where=move.place if move.place is not None else move.first_after,
        place=move.place,
        verdict=move.verdict,
        candidates=move.candidates,
        p_change=move.p_change,
        p_place=move.p_place,
        # The levels of a family are not those of its members.
        difference=move.difference if alone else None,
        ratio=move.ratio if alone else None,
        since=move.since,
        until=move.until,
        share=share,
    )
