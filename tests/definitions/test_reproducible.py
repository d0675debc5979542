"""The same settings give the same bytes, whoever generates them, where and with which Python."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.run import gnomon

REPOSITORY = Path(__file__).parents[2]
GNOMON = "from gnomon.cli.main import main; main()"
ROOMS = [REPOSITORY / name for name in ("instrumentation", "generators", "analysis")]
LIBRARIES = Path(sysconfig.get_paths()["purelib"])


def pythons() -> Iterator[Path]:
    """Other Pythons of this machine that Gnomon supports: those of pyenv, and those on the PATH."""
    for minor in (11, 12, 13, 14):
        if minor == sys.version_info.minor:
            continue
        found = sorted((Path.home() / ".pyenv" / "versions").glob(f"3.{minor}.*/bin/python"))
        found += [Path(folder) / f"python3.{minor}" for folder in os.environ["PATH"].split(os.pathsep)]
        yield from [path for path in found if _runs(path)][:1]


def _runs(python: Path) -> bool:
    """Whether it is a Python; pyenv puts a stand-in on the PATH that may have nothing to stand for."""
    if not python.exists():
        return False
    return subprocess.run([str(python), "-c", ""], capture_output=True, check=False).returncode == 0


OTHERS = [pytest.param(path, id=path.parts[-3] if "pyenv" in str(path) else path.name) for path in pythons()]


def generated(folder: Path, python: Path = Path(sys.executable), /, **environment: str) -> dict[str, bytes]:
    """All that `gnomon generate` writes into a folder, by path."""
    folder.mkdir()
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("GNOMON_", "PYTHON"))}
    done = subprocess.run(
        [str(python), "-c", GNOMON, "generate", "dashboards", "rules", "alerts", "collector", "docs"],
        cwd=folder,
        env={
            **kept,
            "PYTHONPATH": os.pathsep.join(map(str, [*ROOMS, LIBRARIES])),
            "PYTHONDONTWRITEBYTECODE": "1",
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return generated(tmp_path_factory.mktemp("here") / "shop", PYTHONHASHSEED="0")


def test_two_clean_runs_write_the_same_bytes(once: dict[str, bytes], tmp_path: Path) -> None:
    """Other hashes, another folder, another time zone and locale."""
    environment = {"PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    assert generated(tmp_path / "another name", **environment) == once


@pytest.mark.parametrize("python", OTHERS)
def test_other_pythons_write_the_same_bytes(once: dict[str, bytes], tmp_path: Path, python: Path) -> None:
    """Every Python that Gnomon supports and that is here."""
    assert generated(tmp_path / "there", python, PYTHONHASHSEED="1") == once


def test_the_committed_artefacts_are_up_to_date() -> None:
    """What is committed is what the definitions make of the default settings, and nothing more."""
    done = gnomon("generate", "--check", cwd=REPOSITORY)
    assert done.returncode == 0, done.stdout
