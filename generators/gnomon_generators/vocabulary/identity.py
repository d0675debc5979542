"""Names of dashboards and panels that stay the same from one generation to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gnomon.errors import UserError
from gnomon_generators import document

UID_PREFIX: Final = document.UID_PREFIX
"""Every dashboard of ours has a uid that begins so; `gnomon generate` knows its own files by it."""

_LONGEST_UID: Final = 40


def uid_of(name: str) -> str:
    """The uid of the dashboard that is defined in `<name>.py`.

    Raises `UserError` when it is longer than the forty characters that Grafana stores.
    """
    uid = document.dashboard_uid(name)
    if len(uid) > _LONGEST_UID:
        raise UserError(
            f"{name}.py: the name of the file makes a uid of {len(uid)} characters, {uid}, and Grafana "
            f"stores {_LONGEST_UID}: give the file a name of at most {_LONGEST_UID - len(UID_PREFIX)}"
        )
    return uid


def panel_ids(titles: Sequence[str]) -> list[int]:
    """An id for each title, from the title itself: inserting a panel leaves the links to the others alone."""
    taken: set[int] = set()
    found = []
    for title in titles:
        number = document.panel_id(title)
        while number in taken:
            number += 1
        taken.add(number)
        found.append(number)
    return found
