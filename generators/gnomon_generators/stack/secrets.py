"""Secrets of the stack: random ones of its own, and those that the settings refer to, as files.

Containers get each as a file of its name, and so do local processes.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gnomon import state
from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon.settings.values import SecretReference

OWN: Final = {
    "postgres_password": "PostgreSQL: owner of the results store",
    "grafana_reader_password": "PostgreSQL: Grafana, which may read",
    "grafana_admin_password": "Grafana: user admin",
    "grafana_secret_key": "Grafana: encrypts what it stores",
}
"""The secrets that are made, by the names of their files, and what each opens."""

TOKEN: Final = "otlp_token"  # noqa: S105 - the name of its file
"""The token that the Collector asks for."""

_BYTES: Final = 24
_CERTIFICATES: Final = (
    *("collector", "prometheus", "alertmanager", "tempo", "grafana", "postgres", "results"),
)


def folder(settings: Settings) -> Path:
    """Where they lie; git does not see the state directory."""
    return settings.state_directory / "stack" / "secrets"


def make(settings: Settings) -> list[Path]:
    """Makes the secrets that are not there yet and fetches the others; returns those that are new.

    The folder lets nobody in but its owner. The files themselves can be read by all, since a container
    gets a single one of them and reads it as a user of its own.

    Raises `UserError` (exit code 3) when one that the settings refer to is not to be had.
    """
    place = folder(settings)
    state.prepare(settings.state_directory)
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o700)
    made = [path for name in OWN if _made(path := place / name)]
    fetched = [path for name, text in _referred(settings) if _written(path := place / name, text)]
    return [*made, *fetched]


def channel_secrets(settings: Settings) -> dict[str, SecretReference]:
    """The secrets of the channels in use, by the names of their files."""
    channels = settings.channels
    by_channel = {
        "slack": (channels.slack.webhook_url,),
        "pagerduty": (channels.pagerduty.routing_key,),
        "email": (channels.email.password,),
        "webhook": (channels.webhook.url, channels.webhook.bearer_token),
    }
    used = by_channel if settings.alerts.channel == "all" else (settings.alerts.channel,)
    found = (reference for channel in used for reference in by_channel[channel] if reference)
    return {
        reference.env or (reference.file.name if reference.file else ""): reference for reference in found
    }


def certificate_files(settings: Settings, part: str) -> list[str]:
    """The files of certificates that a part needs, by name; none where nothing is encrypted."""
    return ["ca.crt", f"{part}.crt", f"{part}.key"] if settings.stack.certificates else []


def _referred(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, reference in channel_secrets(settings).items():
        yield name, reference.read()
    if settings.stack.token:
        yield TOKEN, settings.stack.token.read()
    certificates = settings.stack.certificates
    if certificates is None:
        return
    names = dict.fromkeys(name for part in _CERTIFICATES for name in certificate_files(settings, part))
    for name in names:
        try:
            yield name, (certificates / name).read_text("ascii")
        except (OSError, UnicodeDecodeError):
            raise UserError(
                f"{certificates / name} is not there or no PEM file, and stack.certificates says that it is; "
                "put the certificate there",
                ExitCode.MISSING,
            ) from None


def _made(path: Path) -> bool:
    """Whether the file is new. Of two who make it at once, the first wins."""
    temporary = _temporary(path, secrets.token_urlsafe(_BYTES))
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    return True


def _written(path: Path, text: str) -> bool:
    """Whether the file is new, or has another content now."""
    if path.is_file() and path.read_text() == text:
        return False
    _temporary(path, text).replace(path)
    return True


def _temporary(path: Path, text: str) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.chmod(0o444)
    return temporary
