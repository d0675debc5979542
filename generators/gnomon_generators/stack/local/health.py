"""Whether a part answers."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from gnomon.record import Record

_SECONDS = 2.0


class Answers(Record):
    """A part is well when this address answers with a status below 400."""

    url: str

    def __call__(self) -> bool:
        """Asks once."""
        try:
            with urllib.request.urlopen(self.url, timeout=_SECONDS):  # noqa: S310 - an address of this stack
                return True
        except (OSError, ValueError):
            return False


class TakesConnections(Record):
    """PostgreSQL is well when its own program says so."""

    program: Path
    host: str
    port: int

    def __call__(self) -> bool:
        """Asks once."""
        try:
            done = subprocess.run(
                [str(self.program), "--quiet", f"--host={self.host}", f"--port={self.port}"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0
