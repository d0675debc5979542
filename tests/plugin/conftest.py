from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.project import Project


@pytest.fixture(scope="session", autouse=True)
def compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Lets pytest compile the plugin once: the projects' own runs leave no byte code behind."""
    project = Project(tmp_path_factory.mktemp("warm") / "project", tmp_path_factory.mktemp("home"))
    project.plugins = ("xdist",)
    project.write("test_a.py", "def test_a(): pass\n")
    project.pytest("-n", "1", env={"PYTHONDONTWRITEBYTECODE": None})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", tmp_path / "home")
