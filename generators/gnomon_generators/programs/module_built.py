"""A program that Go builds from a module of its own, which lacks the web pages that it would carry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gnomon_generators.programs.built import BUILDING_SECONDS, Built, keep
from gnomon_generators.programs.program import last_line

_PAGE: Final = "<!doctype html><title>No pages</title><p>This build has no web pages; its API is there.\n"


@dataclass(frozen=True)
class WithoutPages(Built):
    """A server of the module that its place in the table names, kept in Gnomon's cache.

    Its releases embed web pages that are made before, and that the module does not hold; this one has a
    sentence in their place.
    """

    cache: Path

    @property
    def place(self) -> str:
        """The module and its version."""
        return f"{self.known.module}@{self.known.version}"

    @property
    def built(self) -> Path | None:
        """The server of this version, if it was built before."""
        return self._executable if os.access(self._executable, os.X_OK) else None

    def executable(self) -> Path:
        """The server of this version, in the cache."""
        return self.built or self._build()

    def version(self) -> tuple[int, ...]:
        """The version of the module: what Go builds by itself does not tell its own."""
        return self.known.numbers

    @property
    def _executable(self) -> Path:
        return self.cache / f"{self.known.name}-{self.known.version}" / self.known.name

    def _build(self) -> Path:
        """Builds a copy of the module, for its own is not to be changed, and moves the result whole."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.cache) as scratch:
            source, output = Path(scratch) / "source", Path(scratch) / "built"
            shutil.copytree(self._source(), source, copy_function=shutil.copyfile)
            for folder in (source, *source.rglob("*/")):
                folder.chmod(0o755)
            page = source / self.known.page
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(_PAGE, encoding="utf-8")
            package = f"./cmd/{self.known.name}"
            self._go("build", "-o", str(output / self.known.name), package, folder=source)
            keep(output, self._executable)
        return self._executable

    def _source(self) -> Path:
        """Where Go keeps the module; it is downloaded first where that is needed."""
        return Path(json.loads(self._go("mod", "download", "-json", self.place, folder=self.tools))["Dir"])

    def _go(self, *arguments: str, folder: Path) -> str:
        try:
            done = subprocess.run(
                [str(self.go), *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=BUILDING_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._unusable(str(error)) from error
        if done.returncode != 0:
            raise self._unusable(f"go cannot build it ({last_line(done.stderr)})")
        return done.stdout
