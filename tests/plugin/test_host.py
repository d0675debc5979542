"""What the plugin may never do to the suite it observes: change it, slow it, or break with it."""

from __future__ import annotations

import json
import resource
import shutil

import pytest

from tests.plugin.project import Completed, Project

PAIR = "def test_a(): pass\ndef test_b(): assert 0\n"

SEEDED = """
import json, pathlib, random
random.seed(42)

def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        name = session.config.getoption("--numbers")
        pathlib.Path(name).write_text(json.dumps([random.random() for _ in range(5)]))

def pytest_addoption(parser):
    parser.addoption("--numbers", default="numbers.json")
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_seeding_suite(project: Project, arguments: tuple[str, ...]) -> None:
    """A conftest that seeds `random` decides no id of ours, and we take no number of its sequence."""
    project.plugins = ("xdist",)
    project.write("conftest.py", SEEDED)
    project.write(
        "test_random.py",
        """
        import pathlib, random, pytest

        @pytest.fixture(autouse=True)
        def seeded():
            random.seed(42)

        @pytest.mark.parametrize("n", range(5))
        def test_n(n):
            assert random.random() == 0.6394267984578837
            assert random.getrandbits(64) == random.Random(42).getrandbits(64) or n >= 0

        def test_two(gnomon_test):
            assert [random.random(), random.random()] == [0.6394267984578837, 0.025010755222666936]
        """,
    )
    bare = project.pytest(*arguments, "--numbers=bare.json", "-k", "test_n", gnomon=None)
    assert bare.status == 0, bare.output
    for _ in range(3):
        done = project.pytest(*arguments)
        assert done.summary == "6 passed", done.output
    runs = project.runs()
    assert len({run.id for run in runs}) == 3
    assert len({run.root.trace_id for run in runs}) == 3
    spans = [span.span_id for run in runs for span in run.spans]
    assert len(spans) == len(set(spans))


def test_the_sequence_of_random_is_untouched(project: Project) -> None:
    """The numbers a seeded suite draws from start to end are the same with and without the plugin."""
    project.write("conftest.py", SEEDED)
    project.write(
        "test_random.py",
        """
        import random
        def test_a(): random.random()
        def test_b(): assert random.random() < 0
        """,
    )
    project.pytest("--numbers=bare.json", gnomon=None)
    project.pytest("--numbers=observed.json")
    bare = json.loads((project.path / "bare.json").read_text())
    assert json.loads((project.path / "observed.json").read_text()) == bare


def same_as_bare(project: Project, done: Completed) -> None:
    bare = project.pytest(gnomon=None)
    assert (done.status, done.summary) == (bare.status, bare.summary), done.output
    assert "INTERNALERROR" not in done.output
    assert "Traceback" not in done.stderr


def warned(done: Completed) -> None:
    assert "gnomon" in done.output.lower(), "nobody was told that the results could not be kept"


def test_a_state_directory_that_is_a_file(project: Project) -> None:
    """Where the state directory cannot be made, the suite runs as ever and one line says so."""
    project.write("test_pair.py", PAIR)
    project.write(".gnomon", "not a directory\n")
    done = project.pytest()
    same_as_bare(project, done)
    warned(done)
    assert project.state.read_text() == "not a directory\n"


def test_a_spool_that_is_a_file(project: Project) -> None:
    """The same for the spool inside the state directory."""
    project.write("test_pair.py", PAIR)
    project.write(".gnomon/spool", "not a directory\n")
    done = project.pytest()
    same_as_bare(project, done)
    warned(done)


# Runs the rest of the command line where `$1` is mounted anew by the words before it; no root needed.
PRIVATE_MOUNT = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")


def mounted(project: Project, script: str, *arguments: str, gnomon: bool | None = True) -> Completed:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    prefix = (*PRIVATE_MOUNT, f'{script} && cd . && exec "$@"', "sh")
    done = project.pytest("-p", "no:cacheprovider", "--tb=no", *arguments, prefix=prefix, gnomon=gnomon)
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no private mounts here: {done.stderr.strip()}")
    return done


def test_a_read_only_project(project: Project) -> None:
    """A project that may not be written (a read-only mount) is only read, and the user is told."""
    project.write("test_pair.py", PAIR)
    folder = f"'{project.path}'"
    script = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder} && cd {folder}"
    done = mounted(project, script)
    bare = mounted(project, script, gnomon=None)
    assert (done.status, done.summary) == (bare.status, bare.summary), done.output
    assert "1 failed, 1 passed" in done.summary
    warned(done)


def test_a_limit_on_file_size(project: Project) -> None:
    """When files may not grow (quota, ulimit), the suite ends as ever; what was whole is kept or told."""
    project.write(
        "test_many.py",
        """
        import pytest
        @pytest.mark.parametrize("n", range(200))
        def test_n(n): assert n % 50
        """,
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = project.pytest("-p", "no:cacheprovider", "--tb=no", limit_resources=limit)
    assert (done.status, done.summary) == (1, "4 failed, 196 passed"), done.output
    assert "INTERNALERROR" not in done.output
    warned(done)


def test_a_full_disk(project: Project) -> None:
    """A spool on a full file system costs the suite nothing, and the user is told."""
    project.write(
        "test_many.py",
        """
        import pytest
        @pytest.mark.parametrize("n", range(300))
        def test_n(n): assert n % 100
        """,
    )
    project.state.mkdir()
    done = mounted(project, f"mount -t tmpfs -o size=64k none '{project.state}'")
    assert (done.status, done.summary) == (1, "3 failed, 297 passed"), done.output
    assert "INTERNALERROR" not in done.output
    warned(done)


def test_a_state_directory_deleted_under_the_run(project: Project) -> None:
    """A test that wipes untracked files takes the state directory along; the results survive."""
    project.write(
        "test_wipe.py",
        """
        import pathlib, shutil
        def test_a(): pass
        def test_wipe(): shutil.rmtree(pathlib.Path(__file__).with_name(".gnomon"))
        def test_b(): assert 0
        """,
    )
    done = project.pytest()
    assert (done.status, done.summary) == (1, "1 failed, 2 passed"), done.output
    assert sorted(outcome for _, outcome in project.run().outcomes) == ["failed", "passed", "passed"]


def test_a_changed_working_directory(project: Project) -> None:
    """A suite that changes the working directory, or removes it, does not move the results."""
    project.write(
        "test_chdir.py",
        """
        import os
        def test_a(tmp_path): os.chdir(tmp_path)
        def test_b(tmp_path):
            gone = tmp_path / "gone"
            gone.mkdir()
            os.chdir(gone)
            gone.rmdir()
        def test_c(): pass
        """,
    )
    done = project.pytest()
    assert done.summary == "3 passed", done.output
    assert len(project.run().tests) == 3


def test_a_frozen_clock(project: Project) -> None:
    """A suite that replaces time.time does not turn our spans round or into the year 1970."""
    project.write(
        "test_clock.py",
        """
        import time
        def test_a(monkeypatch):
            monkeypatch.setattr(time, "time", lambda: 0.0)
            monkeypatch.setattr(time, "time_ns", lambda: 0)
            monkeypatch.setattr(time, "monotonic", lambda: 0.0)
            monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
        def test_b(): pass
        """,
    )
    bare = project.pytest(gnomon=None)
    done = project.pytest()
    assert (done.status, done.summary) == (bare.status, bare.summary)
    run = project.run()
    assert all(span.end >= span.start > 1_500_000_000 * 10**9 for span in run.spans)


def test_replaced_builtins(project: Project) -> None:
    """A test that replaces open, os.write, json.dumps or socket does not reach into the recording."""
    project.write(
        "test_builtins.py",
        """
        import builtins, json, os, socket
        def refuse(*args, **kwargs): raise RuntimeError("not here")

        def test_a(monkeypatch):
            monkeypatch.setattr(builtins, "open", refuse)
            monkeypatch.setattr(json, "dumps", refuse)
            monkeypatch.setattr(socket, "socket", refuse)
        def test_b(): pass
        """,
    )
    bare = project.pytest(gnomon=None)
    done = project.pytest()
    assert (done.status, done.summary) == (bare.status, bare.summary)
    assert len(project.run().tests) == 2


@pytest.mark.parametrize("home", [None, "/nowhere/at/all", ""], ids=["unset", "missing", "empty"])
def test_no_home(project: Project, home: str | None) -> None:
    """A user without a home directory gets results like anybody."""
    project.write("test_pair.py", PAIR)
    project.commit()
    done = project.pytest(env={"HOME": home})
    assert done.summary == "1 failed, 1 passed", done.output
    assert len(project.run().tests) == 2


def test_the_home_stays_empty(project: Project) -> None:
    """Nothing is written outside of the state directory."""
    project.write("test_pair.py", PAIR)
    project.commit()
    before = {path for path in project.path.rglob("*") if ".git" not in path.parts}
    project.pytest("-p", "no:cacheprovider")
    after = {path for path in project.path.rglob("*") if ".git" not in path.parts}
    assert all(project.state in [path, *path.parents] for path in after - before)
    assert list(project.home.iterdir()) == []


def test_an_ascii_terminal(project: Project) -> None:
    """A terminal without unicode (LANG=C, a redirected log) is not a reason to fail."""
    project.write("test_pair.py", PAIR + "def test_ü(): assert not 'ü 日本'\n")
    env = {
        "LANG": None,
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "ascii",
    }
    bare = project.pytest("-p", "no:cacheprovider", gnomon=None, env=env)
    done = project.pytest("-p", "no:cacheprovider", env=env)
    assert (done.status, done.summary) == (bare.status, bare.summary), done.output
    assert "test_pair.py::test_ü" in {test.node_id for test in project.run().tests}


@pytest.mark.parametrize(
    "yaml",
    ["export: [", "no_such_key: 1\n", "slo:\n  routing_accuracy_percent: lots\n", "\xff\x00"],
    ids=["broken", "unknown", "mistyped", "binary"],
)
def test_wrong_settings_are_told(project: Project, yaml: str) -> None:
    """A mistake in gnomon.yaml costs no test run: it is recorded with the defaults, and the file is named."""
    project.write("test_pair.py", PAIR)
    (project.path / "gnomon.yaml").write_text(yaml, encoding="latin-1")
    done = project.pytest()
    same_as_bare(project, done)
    assert "Traceback" not in done.output
    assert "gnomon.yaml" in done.output
    assert len(project.run().tests) == 2


def test_one_wrong_setting_costs_no_other(project: Project) -> None:
    """What is right in a gnomon.yaml with a mistake is kept: the run stays in its suite."""
    project.write("test_pair.py", PAIR)
    project.write("gnomon.yaml", "project:\n  name: jira\nslo:\n  routing_accuracy_percent: lots\n")
    done = project.pytest()
    assert "routing_accuracy_percent" in done.output
    assert project.run().resource["service.name"] == "jira-tests"


def test_wrong_settings_harm_nobody_who_did_not_ask(project: Project) -> None:
    """The same mistake is no concern of a run without the plugin switched on."""
    project.write("test_pair.py", PAIR)
    project.write("gnomon.yaml", "export: [")
    assert project.pytest(gnomon=False).summary == "1 failed, 1 passed"


def test_warnings_as_errors(project: Project) -> None:
    """Under -W error nothing of ours turns into a failure."""
    project.write("test_pair.py", PAIR)
    bare = project.pytest("-W", "error", gnomon=None)
    done = project.pytest("-W", "error")
    assert (done.status, done.summary) == (bare.status, bare.summary), done.output


def test_strict_host(project: Project) -> None:
    """--strict-markers and --strict-config accept our markers and our ini key."""
    project.write("pytest.ini", "[pytest]\ngnomon = true\naddopts = --strict-markers --strict-config\n")
    project.write(
        "test_marked.py",
        """
        import pytest
        @pytest.mark.routing(skill="a")
        @pytest.mark.gnomon(category="b")
        def test_a(): pass
        """,
    )
    assert project.pytest(gnomon=False).summary == "1 passed"


def test_python_with_optimisation_and_isolation(project: Project) -> None:
    """`python -O` and `-I` run the plugin all the same."""
    project.write("test_pair.py", PAIR)
    project.pytest(env={"PYTHONOPTIMIZE": "2"})
    assert len(project.run().tests) == 2


def test_a_global_tracer_provider_of_the_suite(project: Project) -> None:
    """A suite that sets its own global provider, and asserts on its own spans, is not disturbed."""
    project.write(
        "test_otel.py",
        """
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        def test_own_spans():
            exporter = InMemorySpanExporter()
            provider = TracerProvider()
            provider.add_span_processor(SimpleSpanProcessor(exporter))
            trace.set_tracer_provider(provider)
            assert trace.get_tracer_provider() is provider
            with trace.get_tracer("mine").start_as_current_span("work"):
                pass
            (span,) = exporter.get_finished_spans()
            assert span.parent is None
        """,
    )
    assert project.pytest().summary == "1 passed"


LATE = """
import pytest
from _pytest.reports import TestReport

def pytest_unconfigure(config):
    if config.option.late:
        for when in ("setup", "call", "teardown"):
            place = ("test_late.py", 0, "test_late")
            report = TestReport("test_late.py::test_late", place, {}, "passed", None, when)
            report.start, report.stop = 1.0, 2.0
            config.hook.pytest_runtest_logreport(report=report)

def pytest_addoption(parser):
    parser.addoption("--late", action="store_true")
"""


def test_a_report_after_the_end(project: Project) -> None:
    """A report that a plugin hands in when the run is over is in no file, and the run stays as it was."""
    project.write("conftest.py", LATE)
    project.write("test_plain.py", "def test_a(): pass\n")
    elsewhere = project.path / "temporary"
    elsewhere.mkdir()
    done = project.pytest("--late", "-p", "no:terminal", env={"TMPDIR": str(elsewhere)})
    assert done.status == 0, done.output
    assert [test.node_id for test in project.run().tests] == ["test_plain.py::test_a"]
    assert not [name for name in project.spool_names() if name.endswith(".part")]
    assert not list(elsewhere.iterdir())


def test_a_pytest_of_before_version_8(project: Project) -> None:
    """pytest 7, whose configuration cannot tell a verbosity, ends a recorded run as it ends any other."""
    project.write(
        "conftest.py",
        """
        import sys

        def pytest_configure(config):
            newer = config.get_verbosity
            def older(*of):
                if sys._getframe(1).f_globals["__name__"].startswith("gnomon."):
                    raise AttributeError("'Config' object has no attribute 'get_verbosity'")
                return newer(*of)
            config.get_verbosity = older
        """,
    )
    project.write("test_pair.py", PAIR)
    done = project.pytest("--tb=no")
    assert (done.status, done.summary) == (1, "1 failed, 1 passed"), done.output
    assert "(#1 of project): 1 failed, 1 passed" in done.stdout
    assert done.stderr == ""
