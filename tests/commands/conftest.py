from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests import warm


class Project:
    """A folder with a gnomon.yaml in which commands are run as a person would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / ".gnomon" / "spool"
        self.environment = {
            **{
                name: value for name, value in os.environ.items() if not name.startswith(("GNOMON_", "OTEL_"))
            },
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
            "TZ": "UTC",
        }
        (folder / "gnomon.yaml").write_text("project: {name: shop}\n")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "gnomon.cli.main", *arguments]

    def gnomon(self, *arguments: str, code: int = 0) -> str:
        """What the command prints; its stderr when it ends otherwise than well."""
        done = warm.run(self.command(*arguments), cwd=self.folder, env=self.environment)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if code else done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
