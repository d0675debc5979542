"""Programs in pinned container images."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gnomon_generators.programs.known import Known, Way
from gnomon_generators.programs.program import Program, Result, last_line

_ENGINES: Final = ("docker", "podman")
# With these the engine says that it could not start the container, or not the program in it.
_ENGINE_FAILED: Final = frozenset((125, 126, 127))
_ENGINE_SECONDS: Final = 15.0
_FETCHING_SECONDS: Final = 1800.0


@dataclass(frozen=True)
class Contained(Program):
    """A program in a pinned container image, run by docker or podman."""

    engine: Path

    @property
    def way(self) -> Way:
        """It runs in a container."""
        return "image"

    @property
    def place(self) -> str:
        """The image with its tag."""
        return self.known.pinned_image

    def prepare(self) -> None:
        """Fetches the image unless the engine has it."""
        image = self.known.pinned_image
        if _failure(self.engine, "image", "inspect", image) is None:
            return
        if failure := _failure(self.engine, "pull", "--quiet", image, timeout=_FETCHING_SECONDS):
            raise self._unusable(f"{self.engine.name} cannot fetch the image ({failure})")

    def command(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
        network: bool = False,
    ) -> list[str]:
        """The engine's command: this user, no capabilities, nothing of the host but the paths."""
        folder = folder.absolute()
        command = [str(self.engine), "run", "--rm", "--interactive"]
        command += [f"--name=gnomon-{self.known.name}-{secrets.token_hex(6)}"]
        command += [f"--user={os.getuid()}:{os.getgid()}", "--cap-drop=ALL"]
        if self.engine.name == "podman" and os.getuid() != 0:
            # Else the user's files belong to root inside, and the user there may not read them.
            command.append("--userns=keep-id")
        # Where SELinux rules it would refuse the paths, and relabelling them is not ours to do.
        command += ["--security-opt=no-new-privileges", "--security-opt=label=disable"]
        command.append("--network=host" if network else "--network=none")
        written = {path.absolute() for path in writable}
        for path in dict.fromkeys((folder, *(path.absolute() for path in (*readable, *writable)))):
            access = "" if path in written else ",readonly"
            command.append(f"--mount=type=bind,source={path},target={path}{access}")
        command += [f"--workdir={folder}", f"--entrypoint={self.known.entrypoint}"]
        return [*command, self.known.pinned_image, *arguments]

    def _after_timeout(self, command: Sequence[str]) -> None:
        """The container outlives the engine's client."""
        name = next(word for word in command if word.startswith("--name="))
        _failure(self.engine, "kill", name.removeprefix("--name="))

    def _check(self, result: Result) -> None:
        if result.exit_code in _ENGINE_FAILED:
            raise self._unusable(f"{self.engine.name} cannot run it ({last_line(result.errors)})")


def contained(known: Known, path: str) -> Program | str:
    """The program in its image, if an engine on `path` answers; else why not."""
    if not known.image:
        return "no container image"
    reasons = []
    for name in _ENGINES:
        engine = shutil.which(name, path=path)
        if engine is None:
            reasons.append(f"no {name}")
        elif failure := _failure(Path(engine), "ps", "--quiet"):
            reasons.append(f"{name} does not answer ({failure})")
        else:
            return Contained(known, Path(engine))
    return ", ".join(reasons)


def _failure(engine: Path, *arguments: str, timeout: float = _ENGINE_SECONDS) -> str | None:
    """Has the engine do something; the reason why it failed, or None."""
    try:
        done = subprocess.run(
            [str(engine), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {timeout:g} s"
    except OSError as error:
        return error.strerror or str(error)
    return None if done.returncode == 0 else last_line(done.stderr)
