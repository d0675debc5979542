"""How the plugin is switched on, and that it is nothing until then."""

from __future__ import annotations

import json

import pytest

from tests.plugin.project import Project

# Lists what is loaded when the run is over, as seen by each process of it.
LOADED = """
import json, os, pathlib, sys
def pytest_unconfigure(config):
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    path = pathlib.Path(str(config.rootpath)) / f"loaded-{worker}.json"
    path.write_text(json.dumps(sorted(sys.modules)))
"""
HEAVY = ("opentelemetry", "google", "grpc", "yaml", "click", "requests", "sqlalchemy", "http.client", "ssl")


def loaded(project: Project, worker: str = "main") -> set[str]:
    return set(json.loads((project.path / f"loaded-{worker}.json").read_text()))


@pytest.fixture
def suite(project: Project) -> Project:
    project.write("conftest.py", LOADED)
    project.write("test_a.py", "def test_a(): pass\n")
    return project


def test_off_is_nothing(suite: Project) -> None:
    """Installed but not switched on: nothing written, nothing printed, nothing heavy imported."""
    bare = suite.pytest(gnomon=None)
    without = loaded(suite)
    done = suite.pytest(gnomon=False)
    assert (done.status, done.summary, done.stderr) == (bare.status, bare.summary, bare.stderr)
    assert [line for line in done.stdout.splitlines() if "gnomon" in line and "plugins:" not in line] == []
    assert not suite.state.exists()
    extra = loaded(suite) - without
    assert all(name == "gnomon" or name.startswith("gnomon.") for name in extra), extra
    assert len(extra) <= 8, extra


def test_off_under_xdist_is_nothing(suite: Project) -> None:
    """The same in each worker."""
    suite.plugins = ("xdist",)
    suite.pytest("-n", "1", gnomon=None)
    without = loaded(suite, "gw0")
    suite.pytest("-n", "1", gnomon=False)
    extra = loaded(suite, "gw0") - without
    assert all(name == "gnomon" or name.startswith("gnomon.") for name in extra), extra
    assert not suite.state.exists()


def test_on_without_an_endpoint_loads_no_sdk(suite: Project) -> None:
    """A run of plain tests into the spool needs neither the SDK nor gRPC nor an HTTP client."""
    suite.pytest(gnomon=None)
    without = loaded(suite)
    suite.pytest()
    extra = {name.split(".")[0] for name in loaded(suite) - without}
    assert not extra & {"opentelemetry", "grpc", "requests", "google", "sqlalchemy", "grafanalib", "scipy"}


def test_switched_on_by_option(suite: Project) -> None:
    """`--gnomon` switches it on."""
    suite.pytest(gnomon=True)
    assert len(suite.run().tests) == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", "[pytest]\ngnomon = true\n"),
        ("pytest.toml", "[pytest]\ngnomon = true\n"),
        ("setup.cfg", "[tool:pytest]\ngnomon = true\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\ngnomon = true\n"),
        ("pyproject.toml", "[tool.pytest]\ngnomon = true\n"),
        ("tox.ini", "[pytest]\ngnomon = true\n"),
    ],
)
def test_switched_on_by_configuration(suite: Project, file: str, text: str) -> None:
    """`gnomon = true` switches it on in each of the files that pytest reads."""
    (suite.path / "pytest.ini").unlink()
    suite.write(file, text)
    done = suite.pytest(gnomon=False)
    assert done.status == 0, done.output
    assert len(suite.run().tests) == 1


@pytest.mark.parametrize("value", ["1", "true", "yes", "on", "TRUE"])
def test_switched_on_by_environment(suite: Project, value: str) -> None:
    """GNOMON=1 and its like switch it on."""
    suite.pytest(gnomon=False, env={"GNOMON": value})
    assert len(suite.run().tests) == 1


@pytest.mark.parametrize("value", ["0", "false", "no", "off", ""])
def test_not_switched_on_by_environment(suite: Project, value: str) -> None:
    """GNOMON=0 and its like do not."""
    suite.pytest(gnomon=False, env={"GNOMON": value})
    assert not suite.state.exists()


def test_environment_switches_off_what_configuration_switched_on(suite: Project) -> None:
    """GNOMON=0 wins over the project's configuration: one run without traces, nothing edited."""
    suite.write("pytest.ini", "[pytest]\ngnomon = true\n")
    suite.pytest(gnomon=False, env={"GNOMON": "0"})
    assert not suite.state.exists()


def test_switched_on_through_addopts(suite: Project) -> None:
    """PYTEST_ADDOPTS carries the switch like any option."""
    suite.pytest(gnomon=False, env={"PYTEST_ADDOPTS": "--gnomon"})
    assert len(suite.run().tests) == 1


def test_workers_do_not_write_runs_of_their_own(suite: Project) -> None:
    """Switched on by the environment, which workers inherit, a run over workers is still one run."""
    suite.plugins = ("xdist",)
    suite.pytest("-n", "2", gnomon=False, env={"GNOMON": "1"})
    assert len(suite.run().tests) == 1


def test_pytest_started_by_a_test_is_its_own_affair(suite: Project) -> None:
    """A child pytest that inherits GNOMON=1 is another run; neither swallows the other."""
    suite.write(
        "test_outer.py",
        """
        import subprocess, sys
        def test_child():
            subprocess.run([sys.executable, "-m", "pytest", "test_a.py"], check=True)
        """,
    )
    done = suite.pytest("test_outer.py", gnomon=False, env={"GNOMON": "1"})
    assert done.status == 0, done.output
    nodes = sorted(test.node_id for run in suite.runs() for test in run.tests)
    assert nodes == ["test_a.py::test_a", "test_outer.py::test_child"]


def test_the_summary_says_where_the_data_went(suite: Project) -> None:
    """The terminal summary names the tests counted and the place of the data, in a few lines."""
    done = suite.pytest()
    lines = [line for line in done.stdout.splitlines() if "gnomon" in line.lower() and "plugins:" not in line]
    assert lines
    assert len(lines) <= 12
    assert ".gnomon" in "\n".join(lines)


def test_quiet_runs_have_a_quiet_summary(suite: Project) -> None:
    """With -qq the plugin prints at most one line."""
    bare = suite.pytest("-qq", gnomon=None)
    done = suite.pytest("-qq")
    assert len(done.stdout.splitlines()) <= len(bare.stdout.splitlines()) + 1


def test_help_names_the_switch(suite: Project) -> None:
    """`pytest --help` and `--markers` explain what there is."""
    assert "--gnomon" in suite.pytest("--help", gnomon=False).stdout
    markers = suite.pytest("--markers", gnomon=False).stdout
    assert "@pytest.mark.routing" in markers
    assert "@pytest.mark.gnomon" in markers
