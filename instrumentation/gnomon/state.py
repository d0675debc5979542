"""The state directory (`.gnomon`): what Gnomon keeps beside a project, and git never sees."""

from __future__ import annotations

from pathlib import Path


def prepare(directory: Path) -> Path:
    """Creates the state directory if need be, with a `.gitignore` that hides it; gives it back.

    Raises OSError where it cannot be created.
    """
    directory.mkdir(parents=True, exist_ok=True)
    ignore = directory / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by Gnomon: results and spool, not source.\n*\n", "utf-8")
    return directory


def spool_directory(state_directory: Path) -> Path:
    """Where a state directory keeps its spool."""
    return state_directory / "spool"
