"""Which folders hold definitions, what a file in each may define, and where Gnomon's own lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

Folder = str
"""The name of a folder of definitions: a key of `FOLDERS`."""

FOLDERS: Final[dict[Folder, tuple[str, ...]]] = {
    "dashboards": ("dashboard",),
    "rules": ("groups",),
    "alerts": ("groups", "alertmanager"),
    "collector": ("collector",),
    "stack": ("files",),
}
"""Each folder of definitions, in the order of work, and the names of which a file in it defines one."""

_SHIPPED: Final = Path(__file__).parent / "shipped"


def shipped() -> Path:
    """The folder that holds Gnomon's own definitions, in the sub-folders of `FOLDERS`.

    A wheel carries them inside this package (`sources` in pyproject.toml); in a clone they are the folders
    at its root, so that an edit there is in force at once.
    """
    return clone() or _SHIPPED


def runbooks() -> Path:
    """The folder of the runbooks of Gnomon's own alerts, a page `<alert>.md` each."""
    root = clone()
    return _SHIPPED / "runbooks" if root is None else root / "docs" / "runbooks"


def check_pages() -> Path:
    """The folder of the pages about checks, a page `<id>.md` each."""
    root = clone()
    return _SHIPPED / "checks" if root is None else root / "docs" / "checks"


def clone() -> Path | None:
    """The root of the repository when Gnomon runs from a clone of it."""
    return None if _SHIPPED.is_dir() else _SHIPPED.parents[3]
