"""How the reader calls Gnomon: the demo may run in a virtual environment that is on nobody's path."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path


def gnomon() -> str:
    """`gnomon` where a shell finds it, else its whole path, quoted."""
    beside = Path(sys.executable).with_name("gnomon")
    return shlex.quote(str(beside)) if shutil.which("gnomon") is None and beside.is_file() else "gnomon"
