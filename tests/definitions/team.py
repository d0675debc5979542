"""A team's own folder of definitions, and generating from it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.cli.run import gnomon

BOARD = """
from gnomon.registry import metrics
from gnomon_generators.promql import total
from gnomon_generators.vocabulary import Dashboard, row, stat


def dashboard(settings):
    return Dashboard(
        title={title},
        description="Tests of a run.",
        rows=[row("Runs", stat("Tests", total(metrics.GNOMON_RUN_TESTS), about="How many tests ran."))],
    )
"""


def board(title: str = "'Ours'") -> str:
    """The source of a dashboard; `title` is an expression."""
    return BOARD.format(title=title)


class Team:
    """A folder of a team's with definitions under `own/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.own = folder / "own"

    def define(self, path: str, text: str) -> Path:
        """Writes a definition file below `own/`."""
        file = self.own / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    def generate(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs `gnomon generate` with the team's definitions on top."""
        return gnomon("generate", *arguments, "--definitions", "own", cwd=self.folder, **environment)

    def board(self, name: str) -> dict[str, Any]:
        """A dashboard that was written."""
        content: dict[str, Any] = json.loads(
            (self.folder / "dashboards" / "json" / f"{name}.json").read_bytes()
        )
        return content
