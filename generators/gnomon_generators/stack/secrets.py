"""Secrets of the stack's own: random, in files of the state directory, made once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from gnomon import state
from gnomon.settings import Settings

OWN: Final = {
    "postgres_password": "PostgreSQL: owner of the results store",
    "grafana_reader_password": "PostgreSQL: Grafana, which may read",
    "grafana_admin_password": "Grafana: user admin",
    "grafana_secret_key": "Grafana: encrypts what it stores",
}
"""The secrets that are made, by the names of their files, and what each opens."""

_BYTES: Final = 24


def folder(settings: Settings) -> Path:
    """Where they lie; git does not see the state directory."""
    return settings.state_directory / "stack" / "secrets"


def make(settings: Settings) -> list[Path]:
    """Makes the secrets that are not there yet, and returns those that it made.

    The folder lets nobody in but its owner. The files themselves can be read by all, since a container
    gets a single one of them and reads it as a user of its own.
    """
    place = folder(settings)
    state.prepare(settings.state_directory)
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o700)
    return [path for name in OWN if _made(path := place / name)]


def _made(path: Path) -> bool:
    """Whether the file is new. Of two who make it at once, the first wins."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(secrets.token_urlsafe(_BYTES))
    temporary.chmod(0o444)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    return True
