"""A virtual environment for each contestant: their requirements contradict one another."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
COMMON = ("pytest-xdist",)


@dataclass(frozen=True)
class Environment:
    """What is installed beside pytest and pytest-xdist; `local` paths are installed afresh each time."""

    name: str
    requirements: tuple[str, ...] = ()
    local: tuple[Path, ...] = ()

    def python(self, cache: Path) -> Path:
        """The interpreter of the environment, which is made under `cache` if it is not there yet."""
        folder = self._folder(cache)
        python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        if not self.made(cache):
            print(f"making {folder}", file=sys.stderr)
            venv.create(folder, with_pip=True, clear=True)
            _pip(python, *self._wanted)
            (folder / "ready").touch()
        for path in self.local:
            _pip(python, str(path))
            _pip(python, "--force-reinstall", "--no-deps", str(path))
        return python

    def made(self, cache: Path) -> bool:
        """Whether the environment is there already."""
        return (self._folder(cache) / "ready").exists()

    @property
    def _wanted(self) -> tuple[str, ...]:
        return (*COMMON, *self.requirements)

    def _folder(self, cache: Path) -> Path:
        digest = hashlib.sha256(f"{sys.version}{self._wanted}".encode()).hexdigest()[:12]
        return cache / f"{self.name}-{digest}"


def _pip(python: Path, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", "install", "--quiet", *arguments], check=True)


BARE = Environment("bare")
GNOMON = Environment("gnomon", local=(REPOSITORY,))
PYTEST_OPENTELEMETRY = Environment(
    "pytest-opentelemetry", ("pytest-opentelemetry", "opentelemetry-exporter-otlp")
)
PYTEST_OTEL = Environment("pytest-otel", ("pytest-otel",))


def default_cache() -> Path:
    """`$XDG_CACHE_HOME/gnomon-benchmarks`, or the same under `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gnomon-benchmarks"
