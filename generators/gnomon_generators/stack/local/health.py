"""Whether a part answers."""

from __future__ import annotations

import ssl
import subprocess
import urllib.request
from pathlib import Path

from gnomon.record import Record
from gnomon_generators.stack.tls import Tls

_SECONDS = 2.0


class Answers(Record):
    """A part is well when this address answers with a status below 400.

    With certificates it has to show one of those that sign, and is shown its own, where it asks for one.
    """

    url: str
    certificates: Tls | None = None
    part: str = ""

    def __call__(self) -> bool:
        """Asks once."""
        try:
            with self._opener().open(self.url, timeout=_SECONDS):
                return True
        except (OSError, ValueError):
            return False

    def _opener(self) -> urllib.request.OpenerDirector:
        # No proxy stands between a machine and itself, whatever the environment says.
        direct = urllib.request.ProxyHandler({})
        return urllib.request.build_opener(direct, urllib.request.HTTPSHandler(context=self._trust()))

    def _trust(self) -> ssl.SSLContext | None:
        if self.certificates is None:
            return None
        trust = ssl.create_default_context(cafile=self.certificates.ca)
        if self.certificates.mutual:
            trust.load_cert_chain(self.certificates.certificate(self.part), self.certificates.key(self.part))
        return trust


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
