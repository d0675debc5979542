"""An installed Gnomon generates what a clone does."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.cli.run import clean_environment, gnomon
from tests.definitions.team import Team, board

REPOSITORY = Path(__file__).parents[2]
PARTS = ("dashboards", "rules", "alerts", "collector", "stack")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`gnomon` in an environment of its own, from a wheel; the libraries are those of this one."""
    folder = tmp_path_factory.mktemp("installed")
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        REPOSITORY,
    )
    (wheel,) = folder.glob("gnomon-*.whl")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel)
    site = next((folder / "venv" / "lib").glob("python*/site-packages"))
    (site / "libraries.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    return folder / "venv" / "bin" / "gnomon"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean_environment(PIP_DISABLE_PIP_VERSION_CHECK="1"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """The environment has the wheel's packages and none of the clone's."""
    code = "import gnomon, gnomon_generators; print(gnomon.__file__, gnomon_generators.__file__)"
    assert str(REPOSITORY) not in run(installed.with_name("python"), "-c", code, cwd=tmp_path)


def test_an_empty_folder_is_filled_as_from_a_clone(installed: Path, tmp_path: Path) -> None:
    """`gnomon generate` writes all that is deployed, byte for byte, and is content with it afterwards."""
    for name in ("wheel", "clone"):
        (tmp_path / name).mkdir()
    run(installed, "generate", cwd=tmp_path / "wheel")
    assert gnomon("generate", *PARTS, cwd=tmp_path / "clone").returncode == 0
    assert files(tmp_path / "wheel") == files(tmp_path / "clone") != {}
    run(installed, "generate", "--check", cwd=tmp_path / "wheel")


def test_own_definitions_stand_on_top_of_an_installed_gnomon(installed: Path, tmp_path: Path) -> None:
    """As they do in a clone."""
    team = Team(tmp_path)
    team.define("dashboards/own.py", board())
    run(installed, "generate", "dashboards", "--definitions", "own", cwd=tmp_path)
    assert team.board("own")["title"] == "Ours"
    assert len(list((tmp_path / "dashboards" / "json").iterdir())) > 1


def test_the_wheel_ships_definitions_and_not_what_is_made_of_them(installed: Path) -> None:
    """Settings of its owner make other files of them."""
    shipped = next(installed.parents[1].rglob("gnomon_generators/definitions/shipped"))
    assert {path.name for path in (shipped / "dashboards").glob("*.py")} == {
        path.name for path in (REPOSITORY / "dashboards").glob("*.py")
    }
    assert not [*shipped.glob("*/json"), *shipped.glob("*/yaml")]


def test_the_pages_about_checks_come_along(installed: Path, tmp_path: Path) -> None:
    """A log for code hosts brings them as the help of its rules."""
    (tmp_path / "gnomon.yaml").write_text("{}\n")
    run(installed, "generate", "rules", cwd=tmp_path)
    run(installed, "check", "--only", "promql/*", "--sarif", "check.sarif", cwd=tmp_path)
    assert "## When to suppress" in (tmp_path / "check.sarif").read_text()
