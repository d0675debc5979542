"""Names that a repository had before: a remote was added or renamed, or its folder was moved.

A repository is known by the last part of its remote's address, else by its folder. What was recorded under
another name is the same history, and must not be told beside itself.
"""

from __future__ import annotations

from pathlib import Path

from gnomon.settings import Settings
from gnomon_analysis.changes.memory import Memory
from gnomon_analysis.store import Store

_PREFIX = "repository "


def key(common_directory: Path, name: str) -> str:
    """Under which a repository is noted in the memory of what was recorded."""
    return f"{_PREFIX}{common_directory} {name}"


def noted_before(memory: Memory, top: Path, name: str) -> frozenset[str]:
    """The other names that were noted for the folder `top`, or for folders that are gone.

    Of a folder that is gone nobody knows whether it was this one. Its commits tell: what is taken over under
    a former name is asked for by the commits of this repository.
    """
    found = set()
    for noted_key, noted in memory.beginning(_PREFIX):
        folder, _, last = noted_key.removeprefix(_PREFIX).rpartition(" ")
        was_at = Path(noted.get("top") or Path(folder).parent)
        if was_at == top or not was_at.exists():
            found.add(str(noted.get("name") or last))
    return frozenset(found - {name})


def former_names(store: Store, settings: Settings, top: Path, name: str) -> frozenset[str]:
    """The names under which what was recorded in this state directory may be the repository's at `top`."""
    return noted_before(
        Memory(settings.state_directory, store.url.render_as_string(hide_password=True)), top, name
    )
