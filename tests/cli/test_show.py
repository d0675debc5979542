"""`gnomon show` finds out what is meant: a run, or a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.run import gnomon

BOARD = '{"title": "Shop", "panels": []}'
WITHOUT_SQLALCHEMY = """
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "sqlalchemy":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.json").write_text(BOARD)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WITHOUT_SQLALCHEMY)
    return tmp_path


@pytest.mark.parametrize(
    "arguments", [("shop.json",), ("--json", "shop.json"), ("shop.json", "--json"), ("./shop.json",)]
)
def test_a_file_is_shown_as_a_file(folder: Path, arguments: tuple[str, ...]) -> None:
    """Wherever among the options it stands."""
    done = gnomon("show", *arguments, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Shop" in done.stdout


@pytest.mark.parametrize(
    "arguments", [(), ("last",), ("--suite", "shop.json", "last"), ("--limit", "3"), ("17", "--json")]
)
def test_anything_else_is_a_run(folder: Path, arguments: tuple[str, ...]) -> None:
    """A number, `last` or nothing; the value of an option is not taken for a file."""
    done = gnomon("show", *arguments, cwd=folder)
    assert done.returncode == 3
    assert "no runs yet" in done.stderr


def test_a_file_that_is_not_there_is_missed_as_a_file(folder: Path) -> None:
    """A path is not looked for among the runs."""
    for name in ("shp.json", "dashboards/shop"):
        done = gnomon("show", name, cwd=folder)
        assert (done.returncode, done.stderr) == (3, f"gnomon: there is no file {name}\n")


def test_help_tells_of_both(folder: Path) -> None:
    """Without a subject the options of both are listed, with one only its own."""
    both = gnomon("show", "--help", cwd=folder).stdout
    assert "--suite" in both
    assert "FILE" in both
    assert "--suite" not in gnomon("show", "shop.json", "--help", cwd=folder).stdout


def test_a_missing_extra_is_named_where_it_is_needed(folder: Path) -> None:
    """Without the extra `analysis` files are shown all the same, and runs say what to install."""
    environment = {"PYTHONPATH": str(folder / "site")}
    assert gnomon("show", "shop.json", cwd=folder, **environment).returncode == 0
    done = gnomon("show", "last", cwd=folder, **environment)
    assert done.returncode == 3
    assert 'pip install "gnomon[analysis]"' in done.stderr
    helped = gnomon("show", "--help", cwd=folder, **environment)
    assert helped.returncode == 0
    assert 'pip install "gnomon[analysis]"' in helped.stdout
    assert "FILE" in helped.stdout
