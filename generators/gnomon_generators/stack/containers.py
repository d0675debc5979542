"""The stack in containers, by Docker's Compose or Podman's."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_generators.stack import secrets
from gnomon_generators.stack.files import COMPOSE

_ENGINES = ("docker", "podman")
_ENGINE_SECONDS = 30.0

_MOUNTED: Final = ("alerts/yaml", "collector/yaml", "dashboards/json", "rules/yaml", "stack/yaml")

ENDS: Final = "collector-state"
"""The service that is well when it has ended."""


def up(settings: Settings) -> int:
    """Makes the secrets, starts the containers and waits until they are well; Compose's exit code.

    Raises `UserError` (exit code 3) when there is no Compose that answers, or no docker-compose.yml, or when
    containers may not read what they are given.
    """
    command = _compose(settings)
    _check_readable(settings)
    secrets.make(settings)
    return _run(settings, command, "up", "--detach", "--wait")


def down(settings: Settings) -> int:
    """Stops the containers; their volumes stay. Compose's exit code."""
    return _run(settings, _compose(settings), "down")


def status(settings: Settings) -> int:
    """Prints what Compose says of the containers; 1 when there are none, or one of them is not well."""
    command = _compose(settings)
    failed = _run(settings, command, "ps", "--all")
    if failed:
        return failed
    listed = subprocess.run(
        _words(settings, command, "ps", "--all", "--format", "json"),
        env=_environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    containers = _parsed(listed.stdout)
    return ExitCode.OK if containers and all(map(_well, containers)) else ExitCode.NEGATIVE


def _check_readable(settings: Settings) -> None:
    """A umask of 077 hides the files from containers, which run as users of their own.

    On other systems than Linux they are in a machine of their own, which sees no such thing.
    """
    if sys.platform != "linux":
        return
    for folder in _MOUNTED:
        place = settings.root / folder
        for path in (place, *place.rglob("*")):
            wanted = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
            if path.exists() and path.stat().st_mode & wanted != wanted:
                raise UserError(
                    f"{path} can be read by its owner alone, and containers run as other users; "
                    f"let them read with `chmod -R go+rX {' '.join(_MOUNTED)}`",
                    ExitCode.MISSING,
                )


def _parsed(text: str) -> list[Mapping[str, Any]]:
    """Containers as Compose lists them: Docker's one a line, Podman's and those of before all in one list."""
    found: list[Mapping[str, Any]] = []
    for line in [text] if text.lstrip().startswith("[") else text.splitlines():
        if line.strip():
            document = json.loads(line)
            found += document if isinstance(document, list) else [document]
    return found


def _well(container: Mapping[str, Any]) -> bool:
    """Docker says in a field of its own how it is, Podman in that of how long it has been up."""
    name = str(container.get("Name") or container.get("Names"))
    if ENDS in name and container.get("State") == "exited":
        return container.get("ExitCode") == 0
    told = f"{container.get('Health')} {container.get('Status')}"
    return container.get("State") == "running" and not any(word in told for word in ("unhealthy", "starting"))


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
    done = subprocess.run(_words(settings, command, *arguments), env=_environment(settings), check=False)
    return ExitCode.OK if done.returncode == 0 else ExitCode.MISSING


def _words(settings: Settings, command: Sequence[str], *arguments: str) -> list[str]:
    return [*command, "--file", str(settings.root / COMPOSE), *arguments]


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "GNOMON_SECRETS": str(secrets.folder(settings))}
