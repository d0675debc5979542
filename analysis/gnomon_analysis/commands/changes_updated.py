"""Findings brought up to date, for the commands that show or watch them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gnomon.errors import UserError

if TYPE_CHECKING:
    from gnomon.settings import Settings
    from gnomon_analysis.attribution import Outcome
    from gnomon_analysis.attribution.merging import Merged
    from gnomon_analysis.changes import History
    from gnomon_analysis.store import Store


def read_histories(settings: Settings, stack: ExitStack) -> tuple[list[History], list[UserError]]:
    """The first-parent lines of the project's repositories, and why others of them cannot be read.

    The histories are open until the stack is.
    """
    from gnomon_analysis.changes import Patterns, read_history  # noqa: PLC0415
    from gnomon_analysis.changes.recording import folders  # noqa: PLC0415

    found: dict[Path, History] = {}
    mistakes: list[UserError] = []
    for folder in folders(settings):
        try:
            history = read_history(folder, Patterns.of(settings, folder))
        except UserError as error:
            mistakes.append(error)
            continue
        stack.enter_context(history)
        found.setdefault(history.top, history)
    return list(found.values()), mistakes


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at all that is new came to: one outcome a repository, and one of agents' requests."""

    outcomes: Sequence[Outcome]
    fleets: Merged

    @property
    def told(self) -> list[str]:
        """Ids of findings that tell of a movement, and did not before."""
        return [*(one for outcome in self.outcomes for one in outcome.told), *self.fleets.told]

    @property
    def withdrawn(self) -> list[str]:
        """Ids of findings that were taken back."""
        return [*(one for outcome in self.outcomes for one in outcome.withdrawn), *self.fleets.withdrawn]


def update_findings(
    store: Store, settings: Settings, histories: Sequence[History], *, whole: bool = False
) -> Looked:
    """Looks at what is new in the store since the last look, or with `whole` at everything."""
    from gnomon_analysis.attribution import update, update_fleets  # noqa: PLC0415 - loads scipy

    now = time.time_ns()
    fleets = update_fleets(store, settings, histories, now_ns=now, whole=whole)
    return Looked([update(store, settings, one, now_ns=now, whole=whole) for one in histories], fleets)
