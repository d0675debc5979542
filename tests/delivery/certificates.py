"""A certificate for localhost, and the authority that vouches for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.promql.servers import program


def certificate(folder: Path) -> Path:
    """A file with a private key and its certificate for localhost, which vouches for itself.

    Whoever trusts this file as an authority trusts the server.
    """
    path = folder / "localhost.pem"
    command = [
        *(program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", str(path), "-out", str(path)),
        *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return path
