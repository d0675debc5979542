"""How paths are told to people."""

from __future__ import annotations

from pathlib import Path


def shown(path: Path) -> str:
    """A path as a person in the working folder would write it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
