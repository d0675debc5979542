"""The stack in containers, by Docker's Compose or Podman's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_generators.stack import secrets
from gnomon_generators.stack.files import COMPOSE

_ENGINES = ("docker", "podman")
_ENGINE_SECONDS = 30.0


def up(settings: Settings) -> int:
    """Makes the secrets, starts the containers and waits until they are well; Compose's exit code.

    Raises `UserError` (exit code 3) when there is no Compose that answers, or no docker-compose.yml.
    """
    command = _compose(settings)
    secrets.make(settings)
    return _run(settings, command, "up", "--detach", "--wait")


def down(settings: Settings) -> int:
    """Stops the containers; their volumes stay. Compose's exit code."""
    return _run(settings, _compose(settings), "down")


def status(settings: Settings) -> int:
    """Prints what Compose says of the containers; its exit code."""
    return _run(settings, _compose(settings), "ps", "--all")


def there(settings: Settings) -> bool:
    """Whether there is a docker-compose.yml, and an engine that runs it."""
    try:
        _compose(settings)
    except UserError:
        return False
    return True


def _compose(settings: Settings) -> list[str]:
    if not (settings.root / COMPOSE).is_file():
        raise UserError(
            f"{settings.root / COMPOSE} is not there; write it with `gnomon generate`", ExitCode.MISSING
        )
    reasons = []
    for name in _ENGINES:
        engine = shutil.which(name)
        if engine is None:
            reasons.append(f"no {name}")
        elif failure := _failure([engine, "compose", "version"]) or _failure([engine, "ps", "--quiet"]):
            reasons.append(f"{name}: {failure}")
        else:
            return [engine, "compose"]
    raise UserError(
        f"no Compose answers ({'; '.join(reasons)}); start docker with its Compose plug-in, or run the stack "
        "as processes of this machine with `gnomon stack up --local`",
        ExitCode.MISSING,
    )


def _failure(command: Sequence[str]) -> str:
    """The reason why a command fails; nothing when it does not."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ENGINE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return " ".join(str(error).split())
    if done.returncode == 0:
        return ""
    said = (done.stderr or done.stdout).strip().splitlines()
    return said[0].strip() if said else f"it ends with {done.returncode}"


def _run(settings: Settings, command: Sequence[str], *arguments: str) -> int:
    place = secrets.folder(settings)
    done = subprocess.run(
        [*command, "--file", str(settings.root / COMPOSE), *arguments],
        env={**os.environ, "GNOMON_SECRETS": str(place)},
        check=False,
    )
    return ExitCode.OK if done.returncode == 0 else ExitCode.MISSING
