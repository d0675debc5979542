"""Where in a definition something was written."""

from __future__ import annotations

import os
from inspect import currentframe
from pathlib import Path
from typing import Final

import attr

_HERE: Final = f"{Path(__file__).parent}{os.sep}"


@attr.frozen
class Origin:
    """A line of a file."""

    path: Path
    line: int


def origin() -> Origin | None:
    """The line that calls the vocabulary: the innermost one outside of this package."""
    frame = currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return None if frame is None else Origin(Path(frame.f_code.co_filename), frame.f_lineno)
