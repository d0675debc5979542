"""The project's generated files as local processes read them: the very same, but for where things are.

Programs take addresses and folders from their arguments and their environment where they can. What they
cannot is written anew here: the addresses that Prometheus scrapes, and the folder of secrets.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_generators import writing
from gnomon_generators.stack.files import render
from gnomon_generators.stack.jobs import JOBS, targets
from gnomon_generators.stack.tls import SECRETS

_FOLDERS: Final = ("stack/yaml", "collector/yaml", "rules/yaml", "alerts/yaml", "dashboards/json")
_NEEDED: Final = (
    "stack/yaml/prometheus.yaml",
    "collector/yaml/gateway.yaml",
    "alerts/yaml/alertmanager.yaml",
)


def stage(settings: Settings, folder: Path, secrets: Path, jobs: Mapping[str, str]) -> Path:
    """Copies the generated files below `folder` and gives back where they are.

    `jobs` are the addresses to scrape by the names of jobs. Raises `UserError` (exit code 3) when the
    project has no generated files.
    """
    for needed in _NEEDED:
        if not (settings.root / needed).is_file():
            raise UserError(
                f"{settings.root / needed} is not there; write it with `gnomon generate`", ExitCode.MISSING
            )
    place = folder / "files"
    shutil.rmtree(place, ignore_errors=True)
    for path in _generated(settings.root):
        text = path.read_text("utf-8")
        for known in {SECRETS, str(settings.channels.secrets_folder)}:
            text = text.replace(known, str(secrets))
        writing.replace(place / path.relative_to(settings.root), text)
    for name, address in jobs.items():
        where, text = render(targets(JOBS[name], address), "the settings")
        writing.replace(place / where, text)
    return place


def _generated(root: Path) -> Iterator[Path]:
    """All files but the addresses, which are those of containers."""
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.parent.name != "targets" and not path.name.startswith("."):
                yield path
