"""Where runs stand on the line of commits, and which of them stand nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gnomon_analysis.attribution.reading import StoredRun
from gnomon_analysis.changes import History
from gnomon_analysis.statistics.model import Integers


class LeftOut(StrEnum):
    """Why a run says nothing about the commits of a line."""

    UNCOMMITTED = "uncommitted changes"
    ELSEWHERE = "commits that are not on the first-parent line"
    NO_COMMIT = "no known commit"


@dataclass(frozen=True, slots=True)
class Placed:
    """Runs on the line of commits, in its order, runs of one commit in the order of their time.

    `position` holds the place of each run's commit; shape (runs,). `left_out` counts the runs of the same
    repository that stand nowhere, by the reason.
    """

    runs: Sequence[StoredRun]
    position: Integers
    left_out: dict[LeftOut, int]
    repository: str | None


def place(runs: Sequence[StoredRun], history: History) -> Placed:
    """Puts runs on the line of commits; those of other repositories are neither placed nor counted.

    A run belongs to the repository if its commit is on the line, or if it names the same repository as
    most of those.
    """
    standing: list[tuple[int, int, StoredRun]] = []
    homeless: list[tuple[LeftOut, StoredRun]] = []
    for order, run in enumerate(runs):
        position = history.position(run.revision) if run.revision else None
        if run.revision is None:
            homeless.append((LeftOut.NO_COMMIT, run))
        elif position is None:
            homeless.append((LeftOut.ELSEWHERE, run))
        elif run.dirty:
            homeless.append((LeftOut.UNCOMMITTED, run))
        else:
            standing.append((position, order, run))
    standing.sort(key=lambda place: place[:2])
    names = Counter(run.repository for _, _, run in standing)
    name = names.most_common(1)[0][0] if names else None
    left_out = Counter(reason for reason, run in homeless if run.repository in (name, None))
    return Placed(
        runs=[run for _, _, run in standing],
        position=np.array([position for position, _, _ in standing], dtype=np.int64),
        left_out=dict(left_out),
        repository=name,
    )
