"""Running the real `gnomon` script in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests import warm

SCRIPT = Path(sys.executable).with_name("gnomon")


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without anything that sets Gnomon or OpenTelemetry."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("GNOMON_", "OTEL_"))}
    return kept | more


def gnomon(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `gnomon` with the arguments in a folder."""
    # What stands first on the path may take a library's place.
    begun = warm.run if "PYTHONPATH" not in environment else warm.anew
    return begun([str(SCRIPT), *arguments], cwd=cwd, env=clean_environment(**environment))
