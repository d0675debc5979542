"""Where the points of a run are that Prometheus does not have, by the files of a spool."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from gnomon.spool.files import REJECTED, SENT

RunPointsOf = Literal["waiting", "sent", "refused", "elsewhere"]
"""`waiting`: not accepted by any backend yet, so they come late. `sent`: a backend accepted them, and
what is behind it lost them or has not passed them on. `refused`: a backend refused them for good.
`elsewhere`: this spool does not have them, or no longer."""

_STATES: Final[tuple[tuple[str, RunPointsOf], ...]] = (
    ("", "waiting"),
    (REJECTED, "refused"),
    (SENT, "sent"),
)


def whereabouts(spool: Path, run_id: str) -> RunPointsOf:
    """What became of a run's points, as far as this spool knows."""
    for suffix, state in _STATES:
        if any(spool.glob(f"*{run_id[:12]}*.metrics.jsonl{suffix}")):
            return state
    return "elsewhere"
