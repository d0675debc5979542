"""Files that pytest cannot collect: each is one error of the run, told with its reason."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.plugin.project import Project
from tests.spool_reader import Run


def test_collection_error_without_xdist(project: Project) -> None:
    """A file that cannot be imported is an error of the run, and the tests beside it never ran."""
    project.write("test_broken.py", "import a_module_that_is_not_there\n")
    project.write("test_fine.py", "def test_a(): pass\ndef test_b(): pass\n")
    done = project.pytest()
    assert (done.status, done.summary) == (2, "1 error")
    _assert_collection_error(project.run(), exit_code=2, others="not_run")


def test_collection_error_that_is_passed_over(project: Project) -> None:
    """With --continue-on-collection-errors the broken file is one error and the other tests count."""
    project.write("test_broken.py", "def def\n")
    project.write("test_fine.py", "def test_a(): pass\ndef test_b(): pass\n")
    done = project.pytest("--continue-on-collection-errors")
    assert (done.status, done.summary) == (1, "2 passed, 1 error")
    _assert_collection_error(project.run(), exit_code=1, others="passed")


def test_collection_error_under_xdist(project: Project) -> None:
    """Each worker meets the same broken file: it is one error, and the other tests run."""
    project.plugins = ("xdist",)
    project.write("test_broken.py", "import a_module_that_is_not_there\n")
    project.write("test_fine.py", "def test_a(): pass\ndef test_b(): pass\n")
    done = project.pytest("-n", "2")
    _assert_collection_error(project.run(), exit_code=done.status, others="passed")


@pytest.mark.parametrize("way", [pytest.param((), id="alone"), pytest.param(("-n", "2"), id="xdist")])
def test_each_file_that_cannot_be_collected_is_told_once_with_its_reason(
    project: Project, way: tuple[str, ...]
) -> None:
    """However many workers meet it, a broken file is one error, which says what was raised there."""
    project.plugins = ("xdist",)
    project.write("test_fine.py", "def test_a(): pass\n")
    project.write("test_import.py", "import a_module_that_is_not_there\n")
    project.write("test_syntax.py", "def def\n")
    project.write("test_raises.py", "raise RuntimeError('why')\n")
    project.write("test_skipped.py", "import pytest\npytest.skip('no', allow_module_level=True)\n")
    project.pytest(*way, "--continue-on-collection-errors")
    root = project.run().root
    said = [event.attributes for event in root.events]
    assert {attributes["code.file.path"]: attributes["gnomon.test.message"] for attributes in said} == {
        "test_import.py": "ModuleNotFoundError: No module named 'a_module_that_is_not_there'",
        "test_syntax.py": "SyntaxError: invalid syntax",
        "test_raises.py": "RuntimeError: why",
    }
    assert (root["gnomon.run.collection_errors"], root["gnomon.run.collection_skips"]) == (3, 1)


def test_conftest_that_cannot_be_imported(project: Project) -> None:
    """pytest ends with its own status and message when a conftest is broken; nothing is recorded."""
    project.write("conftest.py", "import a_module_that_is_not_there\n")
    project.write("test_a.py", "def test_a(): pass\n")
    bare = project.pytest(gnomon=None)
    done = project.pytest()
    assert done.status == bare.status == 4
    assert done.stderr.replace(str(project.path), "") == bare.stderr.replace(str(project.path), "")
    assert project.spool_names() == []


def _assert_collection_error(run: Run, exit_code: int, others: str) -> None:
    assert run.outcomes == Counter({("test_fine.py::test_a", others): 1, ("test_fine.py::test_b", others): 1})
    assert run.root["gnomon.run.collection_errors"] == 1
    assert run.root["gnomon.run.exit_code"] == exit_code
    assert run.root["test.suite.run.status"] == "failure"
