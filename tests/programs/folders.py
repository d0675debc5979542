"""Folders of programs to stand for a PATH: scripts that note how they were called and answer as told."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path


class Folder:
    """A folder of scripts. What each was called with is in `calls`, one line a call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._calls = path.parent / f"{path.name}.calls"
        path.mkdir()

    @property
    def environ(self) -> Mapping[str, str]:
        return {"PATH": str(self.path)}

    @property
    def calls(self) -> list[list[str]]:
        """The calls of all scripts, each the script's name and its arguments."""
        return (
            [shlex.split(line) for line in self._calls.read_text().splitlines()]
            if self._calls.exists()
            else []
        )

    def script(self, name: str, body: str) -> Path:
        """A program that notes its call, quoted for a shell, and then does what `body` says."""
        script = self.path / name
        noted = f"""{{ printf '%s' {name}; for word; do printf " '%s'" "$word"; done; echo; }}"""
        script.write_text(f"#!/bin/sh\n{noted} >> {shlex.quote(str(self._calls))}\n{body}\n")
        script.chmod(0o755)
        return script
