"""Programs that Go builds: tools of the module in `tools/`, and the Collector by its own builder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from gnomon_generators.definitions import folders
from gnomon_generators.programs.known import Known, Way
from gnomon_generators.programs.program import Program, last_line

BUILDING_SECONDS: Final = 3600.0
"""How long a build may take on a slow machine that has to download everything first."""

_BUILDER: Final = "builder"
_OUTPUT: Final = re.compile(r"^( *output_path:).*$", re.MULTILINE)
CACHE_VARIABLE: Final = "GNOMON_CACHE"
"""Environment variable of the folder for what is built and can be built again."""


@dataclass(frozen=True)
class Built(Program):
    """A program that Go compiles."""

    go: Path
    tools: Path

    @property
    def way(self) -> Way:
        """Go builds it."""
        return "go"

    @abstractmethod
    def executable(self) -> Path:
        """The compiled program; it is compiled first where that is needed.

        Raises `UserError` (exit code 3) when it cannot be compiled.
        """

    def prepare(self) -> None:
        """Compiles the program unless that was done before."""
        self.executable()

    def command(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
        network: bool = False,
    ) -> list[str]:
        """The compiled program and its arguments: not through `go tool`, which would leave the folder."""
        return [str(self.executable()), *arguments]

    def _tool(self, name: str) -> Path:
        compiled = _compiled(self.go, self.tools, name)
        if isinstance(compiled, str):
            raise self._unusable(compiled)
        return compiled


@dataclass(frozen=True)
class Tool(Built):
    """A tool of `tools/go.mod`, kept in Go's own cache."""

    @property
    def place(self) -> str:
        """The module and the tool's name in it."""
        return f"go -C {self.tools} tool {self.known.tool}"

    def executable(self) -> Path:
        """The tool in Go's cache."""
        return self._tool(self.known.tool)

    def version(self) -> tuple[int, ...]:
        """The version that `tools/go.mod` pins, since what Go builds by itself does not tell its own."""
        return self.known.numbers


@dataclass(frozen=True)
class Collector(Built):
    """The Collector with the components of `collector/builder.yaml`, kept in Gnomon's cache."""

    manifest: Path
    cache: Path

    @property
    def place(self) -> str:
        """The manifest that it is built from."""
        return str(self.manifest)

    @property
    def built(self) -> Path | None:
        """The Collector of this very manifest, if it was built before."""
        executable = self._folder / "otelcol-gnomon"
        return executable if os.access(executable, os.X_OK) else None

    def executable(self) -> Path:
        """The Collector of this manifest, in the cache."""
        return self.built or self._build()

    @property
    def _folder(self) -> Path:
        digest = hashlib.sha256(self.manifest.read_bytes()).hexdigest()
        return self.cache / f"otelcol-gnomon-{digest[:12]}"

    def _build(self) -> Path:
        """Builds beside the place it will have and moves it there whole."""
        builder = self._tool(_BUILDER)
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.cache) as scratch:
            output = Path(scratch) / "built"
            manifest = Path(scratch) / "builder.yaml"
            text = self.manifest.read_text(encoding="utf-8")
            manifest.write_text(_OUTPUT.sub(rf"\g<1> {output}", text), encoding="utf-8")
            path = os.pathsep.join((str(self.go.parent), os.environ.get("PATH", "")))
            failure = _failure([str(builder), "--config", str(manifest)], {**os.environ, "PATH": path})
            if failure is not None:
                raise self._unusable(f"the Collector's builder failed ({failure})")
            executable = self._folder / "otelcol-gnomon"
            keep(output, executable)
        return executable


def keep(output: Path, executable: Path) -> None:
    """Moves the folder with what was built to its place, unless another process was quicker."""
    if os.access(executable, os.X_OK):
        return
    shutil.rmtree(executable.parent, ignore_errors=True)
    try:
        output.rename(executable.parent)
    except OSError:  # not empty: it was quicker by a hair
        if not os.access(executable, os.X_OK):
            raise


def built(known: Known, path: str) -> Program | str:
    """The program as Go builds it, if there is a Go on `path`; else why not."""
    if not known.of_go:
        return "nothing that Go builds"
    go = shutil.which("go", path=path)
    if go is None:
        return "no go"
    if known.manifest:
        manifest = folders.shipped() / "collector" / "builder.yaml"
        return Collector(known, Path(go), tools_folder(), manifest, cache_folder())
    if known.module:
        # It is built on this class.
        from gnomon_generators.programs.module_built import WithoutPages  # noqa: PLC0415

        return WithoutPages(known, Path(go), tools_folder(), cache_folder())
    return Tool(known, Path(go), tools_folder())


def tools_folder() -> Path:
    """The folder of the Go module with the tools: in a wheel beside this file, else in the clone."""
    shipped = Path(__file__).parent / "tools"
    return shipped if shipped.is_dir() else Path(__file__).parents[3] / "tools"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder for what is built: `GNOMON_CACHE`, else `gnomon` in the user's cache."""
    if own := environ.get(CACHE_VARIABLE):
        return Path(own).absolute()
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gnomon"


@cache
def _compiled(go: Path, tools: Path, name: str) -> Path | str:
    """Has Go compile a tool: with -n it prints where the tool lies instead of running it."""
    try:
        done = subprocess.run(
            [str(go), "-C", str(tools), "tool", "-n", name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILDING_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode != 0:
        return f"go cannot build it ({last_line(done.stderr)})"
    return Path(done.stdout.strip())


def _failure(command: Sequence[str], environ: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILDING_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else last_line(done.stderr)
