"""Planted suites, run with and without the plugin: what it records is what they did."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.plugin.project import Completed, Project
from tests.plugin.suites import SUITES, Suite
from tests.spool_reader import Run


@dataclass(frozen=True)
class Observation:
    suite: Suite = field(repr=False)
    bare: Completed = field(repr=False)
    observed: Completed = field(repr=False)
    runs: list[Run] = field(repr=False)
    leftovers: list[str]

    @property
    def run(self) -> Run:
        assert len(self.runs) == 1, self.observed.output[-1500:]
        return self.runs[0]


def observe(suite: Suite, folder: Path) -> Observation:
    results = {}
    for gnomon in (None, True):
        project = Project(folder / f"{gnomon}" / "project", folder / f"{gnomon}" / "home")
        project.plugins = suite.plugins
        for name, text in suite.files.items():
            project.write(name, text)
        results[gnomon] = project.pytest(*suite.arguments, gnomon=gnomon)
    leftovers = [name for name in project.spool_names() if name.endswith((".part", ".tmp"))]
    return Observation(suite, results[None], results[True], project.runs(), leftovers)


@pytest.fixture(scope="module", params=SUITES, ids=str)
def observation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Observation:
    return observe(request.param, tmp_path_factory.mktemp("suite"))


def test_the_suite_is_planted_as_described(observation: Observation) -> None:
    """Without the plugin, pytest itself ends as the description of the suite says."""
    assert observation.bare.status == observation.suite.status, observation.bare.output


def test_every_outcome_is_kept_apart(observation: Observation) -> None:
    """Each test of the suite is one test span with exactly the outcome that the suite planted."""
    assert observation.run.outcomes == Counter(observation.suite.truth.items())


def test_the_host_does_not_notice(observation: Observation) -> None:
    """Exit status and pytest's own last line are those of a run without the plugin."""
    assert observation.observed.status == observation.bare.status, observation.observed.output
    assert observation.observed.summary == observation.bare.summary
    assert "Traceback" not in observation.observed.stderr
    assert "INTERNALERROR" not in observation.observed.output


def test_the_output_only_grows(observation: Observation) -> None:
    """Nothing that pytest prints without the plugin is missing or different with it."""
    if "-n" in observation.suite.arguments:
        pytest.skip("workers finish in any order")
    missing = _lines(observation.bare) - _lines(observation.observed)
    assert not missing


def _lines(completed: Completed) -> Counter[str]:
    text = re.sub(r"\b\d+\.\d+s\b", "SECONDS", completed.stdout)
    text = re.sub(r"/\S*?/project\b", "PROJECT", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "ADDRESS", text)
    text = re.sub(r"=+", "=", text)
    return Counter(line for line in text.splitlines() if not line.startswith("plugins: "))


def test_failures_name_their_phase(observation: Observation) -> None:
    """An error in set-up or tear-down and a failure of the call say which it was."""
    expected = dict(observation.suite.phases)
    assert {node: observation.run.test(node).get("gnomon.test.phase") for node in expected} == expected


def test_attempts_are_counted(observation: Observation) -> None:
    """A rerun is an attempt of its test: the number of attempts is exact and the run's reruns add up."""
    expected = {node: observation.suite.attempts.get(node, 1) for node in observation.suite.truth}
    ran = {node: n for node, n in expected.items() if observation.suite.truth[node] != "not_run"}
    assert {node: observation.run.test(node)["gnomon.test.attempts"] for node in ran} == ran
    assert observation.run.total("gnomon.run.reruns") == sum(ran.values()) - len(ran)


def test_attempts_have_spans(observation: Observation) -> None:
    """A test that ran more than once has one numbered span an attempt, the last with the final outcome."""
    run = observation.run
    for node, number in observation.suite.attempts.items():
        test = run.test(node)
        attempts = run.attempts_of(test)
        assert [span["gnomon.test.attempt.number"] for span in attempts] == list(range(1, number + 1))
        assert attempts[-1]["gnomon.test.attempt.outcome"] == test.outcome


def test_run_points_add_up_to_the_tests(observation: Observation) -> None:
    """The run's points count every test once, by outcome, and the run itself once."""
    run = observation.run
    truth = Counter(observation.suite.truth.values())
    assert run.by("gnomon.run.tests", "gnomon.test.outcome") == dict(truth)
    assert run.total("gnomon.run.finished") == 1
    assert run.total("gnomon.run.sequence_number") == run.sequence
    assert {"gnomon.run.id", "service.instance.id"}.isdisjoint(run.points[0].resource)
    # Prometheus keeps milliseconds, and a point on a whole second would lie in two windows of Prometheus 2.
    (stamp,) = {point.time for point in run.points}
    assert abs(stamp - run.root.end) <= 10**6
    assert stamp % 10**6 == 0
    assert stamp % 10**9 != 0


def test_the_run_tells_how_it_ended(observation: Observation) -> None:
    """The run's span has pytest's exit status, the suite run's status and the number of tests."""
    root = observation.run.root
    assert root["gnomon.run.exit_code"] == observation.suite.status
    assert root["test.suite.run.status"] == observation.suite.run_status
    assert root["gnomon.run.collected"] == len(observation.suite.truth)


def test_the_run_is_one_well_formed_trace(observation: Observation) -> None:
    """One trace; ids are unique; each parent is there and encloses its child; one resource."""
    run = observation.run
    by_id = {span.span_id: span for span in run.spans}
    assert len(by_id) == len(run.spans)
    assert len({span.trace_id for span in run.spans}) == 1
    assert [span.name for span in run.spans if not span.parent_id] == ["test_run"]
    for span in run.spans:
        assert span.start <= span.end
        if span.parent_id:
            parent = by_id[span.parent_id]
            assert parent.start <= span.start, (parent.name, span.name)
            assert span.end <= parent.end, (parent.name, span.name)
    assert all(span.resource == run.resource for span in run.spans)


def test_test_spans_carry_the_common_attributes(observation: Observation) -> None:
    """Status, identity and worker of each test span follow from its outcome and its run."""
    run = observation.run
    for test in run.tests:
        verdict = {"passed": "pass", "failed": "fail"}.get(test.outcome)
        assert test.get("test.case.result.status") == verdict
        assert (test.status == 2) == (test.outcome in {"failed", "error", "crashed"})
        assert test["gnomon.run.id"] == run.id
        assert test["gnomon.run.sequence"] == run.sequence
        assert test["test.suite.name"] == run.resource["test.suite.name"]
        assert test["code.file.path"] == test.node_id.split("::", maxsplit=1)[0]
        if test.outcome != "not_run":
            assert test["gnomon.test.duration"] >= 0
        if "-n" not in observation.suite.arguments or "0" in observation.suite.arguments:
            assert test["gnomon.worker.id"] == "main"
        elif test.outcome not in {"not_run", "crashed"}:
            assert re.fullmatch(r"gw\d+", test["gnomon.worker.id"])


def test_failure_messages_are_one_bounded_line(observation: Observation) -> None:
    """The message of a failure fits on one line and in 4 kB, whatever was raised."""
    for test in observation.run.tests:
        message = test.get("gnomon.test.message", "")
        assert len(message.splitlines()) <= 1, message[:200]
        assert len(message.encode()) <= 4096


def test_workers_have_spans(observation: Observation) -> None:
    """Under xdist each worker is a span of the run, and those that died say so."""
    run = observation.run
    crashes = sum(outcome == "crashed" for outcome in observation.suite.truth.values())
    if "crashes once" in observation.suite.name:
        crashes = 1
    if "-n" not in observation.suite.arguments or "0" in observation.suite.arguments:
        assert run.workers == []
        return
    by_worker = {span["gnomon.worker.id"]: span for span in run.workers}
    assert len(by_worker) == len(run.workers)
    assert {test["gnomon.worker.id"] for test in run.tests if test.get("gnomon.worker.id")} <= set(by_worker)
    assert sum(span["gnomon.worker.crashed"] for span in run.workers) == crashes


def test_nothing_is_left_half_written(observation: Observation) -> None:
    """When the run is over, the spool holds complete files only."""
    assert observation.leftovers == []


four_nodes = [f"test_four.py::test_{name}" for name in "abcd"]


@pytest.fixture
def four(project: Project) -> Iterator[Project]:
    project.plugins = ("xdist",)
    project.write("test_four.py", "".join(f"def test_{name}(): pass\n" for name in "abcd"))
    yield project


def test_each_worker_runs_each_test(four: Project) -> None:
    """With `--dist each` every test counts once a worker, as pytest counts it."""
    done = four.pytest("-n", "2", "--dist", "each")
    assert done.summary == "8 passed"
    run = four.run()
    assert run.outcomes == Counter({(node, "passed"): 2 for node in four_nodes})
    by_worker = Counter(test["gnomon.worker.id"] for test in run.tests)
    assert by_worker == {"gw0": 4, "gw1": 4}
    assert run.total("gnomon.run.tests") == 8


def test_tests_left_over_by_each_worker(project: Project) -> None:
    """With `--dist each` a test that a worker did not come to lies within the span of that worker."""
    project.plugins = ("xdist",)
    project.write(
        "test_x.py", "def test_a(): assert 0\ndef test_b(): pass\ndef test_c(): pass\ndef test_d(): pass\n"
    )
    project.pytest("-n", "2", "--dist", "each", "-x")
    run = project.run()
    workers = {worker.span_id: worker for worker in run.workers}
    assert len(workers) == 2
    assert len(run.tests) == 8
    assert "not_run" in {test.outcome for test in run.tests}
    for test in run.tests:
        worker = workers[test.parent_id]
        assert worker.start <= test.start <= test.end <= worker.end


def test_repeated_arguments_run_tests_twice(four: Project) -> None:
    """With --keep-duplicates a test that runs twice is two tests, and neither is an attempt of the other."""
    done = four.pytest("--keep-duplicates", "test_four.py", "test_four.py")
    assert done.summary == "8 passed"
    run = four.run()
    assert run.outcomes == Counter({(node, "passed"): 2 for node in four_nodes})
    assert {test["gnomon.test.attempts"] for test in run.tests} == {1}
    assert run.total("gnomon.run.reruns") == 0
    assert run.root["gnomon.run.collected"] == 8


def test_first_failure_under_xdist(four: Project) -> None:
    """With -x over two workers every collected test has one outcome, and those without result never ran."""
    four.write(
        "test_four.py",
        """
        import time, pytest
        def test_fails(): assert 0
        @pytest.mark.parametrize("n", range(40))
        def test_n(n): time.sleep(0.05)
        """,
    )
    done = four.pytest("-n", "2", "-x")
    run = four.run()
    outcomes = Counter(outcome for _, outcome in run.outcomes.elements())
    assert sum(outcomes.values()) == len(run.outcomes) == 41
    assert outcomes["failed"] == 1
    assert outcomes["not_run"] > 0
    assert outcomes["passed"] == _passed(done)
    assert run.by("gnomon.run.tests", "gnomon.test.outcome") == dict(outcomes)
    assert run.root["gnomon.run.exit_code"] == done.status


def _passed(done: Completed) -> int:
    found = re.search(r"(\d+) passed", done.summary)
    return int(found[1]) if found else 0


def test_workers_that_may_not_come_back(project: Project) -> None:
    """When a crashed worker is not replaced, what it leaves undone is told apart from what crashed."""
    project.plugins = ("xdist",)
    project.write(
        "test_crash.py",
        """
        import os, time, pytest
        @pytest.mark.parametrize("n", range(10))
        def test_dies(n):
            time.sleep(0.02)
            os._exit(1)
        """,
    )
    done = project.pytest("-n", "2", "--max-worker-restart=0")
    run = project.run()
    outcomes = Counter(outcome for _, outcome in run.outcomes.elements())
    assert set(outcomes) <= {"crashed", "not_run"}
    assert sum(outcomes.values()) == 10
    assert f"{outcomes['crashed']} failed" in done.summary
    assert run.root["gnomon.run.exit_code"] == done.status


@pytest.mark.parametrize("way", [pytest.param((), id="alone"), pytest.param(("-n", "2"), id="xdist")])
def test_a_failure_whose_report_is_text_says_why(project: Project, way: tuple[str, ...]) -> None:
    """Doctests and missing fixtures: what was raised or differs, and none of the source around it."""
    project.plugins = ("xdist",)
    project.write(
        "test_text.py",
        """
        def differs():
            \"\"\"
            A remark for those who read the source.

            >>> 1 + 1
            3

            >>> 2 + 2
            4
            \"\"\"

        def raises():
            \"\"\"
            >>> int("zz")
            1
            \"\"\"

        def test_fixture(not_there): pass
        """,
    )
    project.pytest(*way, "--doctest-modules")
    told = {
        test.node_id.rpartition("::")[2]: (test["error.type"], test["gnomon.test.message"])
        for test in project.run().tests
    }
    assert told == {
        "test_text.differs": ("DocTestFailure", "DocTestFailure: Expected: 3 Got: 2"),
        "test_text.raises": (
            "ValueError",
            "ValueError: invalid literal for int() with base 10: 'zz'",
        ),
        "test_fixture": ("_OTHER", "fixture 'not_there' not found"),
    }


# A plugin that hands on reports of its own making for some tests.
OWN_REPORTS = """
import pytest
from _pytest.runner import runtestprotocol

class Report:
    sections, keywords, user_properties, longrepr = (), {}, (), None
    passed, failed, skipped, count_towards_summary = True, False, False, True
    head_line = longreprtext = caplog = capstdout = capstderr = ""

    def __init__(self, **told): self.__dict__.update(told)

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        if "own" in item.name and report.when in PHASES:
            told = dict(nodeid=report.nodeid, when=report.when, outcome=report.outcome, duration=0.25,
                        start=report.start, stop=report.stop, location=report.location)
            report = Report(**{name: CHANGED.get(name, told[name]) for name in told if name not in OMITTED})
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


@pytest.mark.parametrize("phases", ["('teardown',)", "('setup', 'teardown')"])
@pytest.mark.parametrize(
    ("omitted", "changed"),
    [
        ((), {}),
        (("start",), {}),
        (("stop",), {}),
        (("duration",), {}),
        (("location",), {}),
        (("start", "stop", "duration", "location"), {}),
        ((), {"start": 0, "stop": 0}),
        ((), {"duration": None, "location": None}),
    ],
)
def test_reports_of_a_plugins_own_making(
    project: Project, omitted: tuple[str, ...], changed: dict[str, object], phases: str
) -> None:
    """A report that tells less than pytest's own costs no test, neither its outcome nor its place in time."""
    project.write(
        "conftest.py", f"{OWN_REPORTS}\nPHASES, OMITTED, CHANGED = {phases}, {omitted!r}, {changed!r}\n"
    )
    project.write(
        "test_own.py", "def test_a(): pass\ndef test_own(): pass\ndef test_b(): pass\ndef test_owned(): pass"
    )
    done = project.pytest()
    assert done.summary == "4 passed", done.output
    assert "note:" not in done.stdout
    run = project.run()
    assert Counter(test.outcome for test in run.tests) == Counter(passed=4)
    assert len(run.outcomes) == 4
    for test in run.tests:
        assert run.root.start <= test.start <= test.end <= run.root.end


def test_no_tests(project: Project) -> None:
    """A run that finds no test is a run without tests, and pytest still ends with 5."""
    done = project.pytest()
    assert done.status == 5
    run = project.run()
    assert run.tests == []
    assert run.root["gnomon.run.exit_code"] == 5
    assert run.root["test.suite.run.status"] == "skipped"


def test_collect_only_is_no_run(four: Project) -> None:
    """--collect-only runs nothing and so records nothing."""
    done = four.pytest("--collect-only", "-q")
    assert done.status == 0
    assert four.spool_names() == []


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("--fixtures",), ("--markers",)])
def test_questions_to_pytest_are_no_runs(four: Project, arguments: tuple[str, ...]) -> None:
    """Asking pytest for its version, help, fixtures or markers records nothing."""
    assert four.pytest(*arguments).status == 0
    assert four.spool_names() == []


def test_last_failed(project: Project) -> None:
    """With --lf the tests left out were not asked for: they are no part of the run."""
    project.write("test_two.py", "def test_a(): pass\ndef test_b(): assert 0\n")
    project.pytest()
    done = project.pytest("--lf")
    assert done.status == 1
    first, second = project.runs()
    assert len(first.tests) == 2
    assert second.outcomes == Counter({("test_two.py::test_b", "failed"): 1})
    assert second.root["gnomon.run.collected"] == 1


def test_stepwise(project: Project) -> None:
    """With --stepwise the tests behind the first failure never ran."""
    project.write("test_three.py", "def test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pass\n")
    project.pytest("--stepwise")
    outcomes = [outcome for _, outcome in sorted(project.run().outcomes)]
    assert outcomes == ["passed", "failed", "not_run"]


def test_usage_error(project: Project) -> None:
    """A wrong pytest option is pytest's usage error, and no run."""
    done = project.pytest("--no-such-option")
    assert done.status == 4
    assert project.spool_names() == []


def test_missing_path(project: Project) -> None:
    """A path that is not there ends as without the plugin."""
    bare = project.pytest("no_such_file.py", gnomon=None)
    assert project.pytest("no_such_file.py").status == bare.status == 4


def test_internal_error(project: Project) -> None:
    """When another plugin breaks pytest, what had run is recorded with pytest's status."""
    project.write(
        "conftest.py",
        """
        def pytest_runtest_logreport(report):
            if report.nodeid.endswith("test_b") and report.when == "call":
                raise RuntimeError("a broken plugin")
        """,
    )
    project.write("test_three.py", "def test_a(): pass\ndef test_b(): pass\ndef test_c(): pass\n")
    bare = project.pytest(gnomon=None)
    done = project.pytest()
    assert done.status == bare.status == 3
    run = project.run()
    assert run.test("test_three.py::test_a").outcome == "passed"
    assert run.test("test_three.py::test_c").outcome == "not_run"
    assert run.root["gnomon.run.exit_code"] == 3


def test_reordered_tests_keep_their_identity(project: Project) -> None:
    """A plugin that shuffles tests changes neither their ids nor their outcomes."""
    project.write("test_n.py", "def test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pass\n")
    project.write("conftest.py", "def pytest_collection_modifyitems(items): items.reverse()\n")
    project.pytest()
    project.write("conftest.py", "")
    project.pytest()
    first, second = project.runs()
    assert first.outcomes == second.outcomes
    ids = [{test.node_id: test["gnomon.test.case.id"] for test in run.tests} for run in (first, second)]
    assert ids[0] == ids[1]


ODD_IDS = r"""
import pytest

ODD = [
    "", " ", "a::b", "[x]", "]", "ünï-日本-🙂", "new\nline", "tab\t", "back\\slash", "quote'\"",
    "%s{}", "nul\0", "../../etc/passwd", "a" * 5000, "-", "\u202e", "<script>", "a,b=c;d",
]

@pytest.mark.parametrize("text", ODD, ids=ODD)
def test_ids(text): pass

@pytest.mark.parametrize("text", ODD)
def test_values(text): pass

@pytest.mark.parametrize("value", [None, 1.5, True, b"\xff", object, ("a",), 10**50, float("nan")])
def test_kinds(value): pass
"""

RECORDER = """
import json, pathlib
def pytest_collection_modifyitems(items):
    text = json.dumps([item.nodeid for item in items])
    pathlib.Path(__file__).with_name("collected.json").write_text(text)
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
@pytest.mark.parametrize("escaping", ["false", "true"])
def test_odd_parameter_ids(project: Project, arguments: tuple[str, ...], escaping: str) -> None:
    """Every node id arrives exactly as pytest made it: empty, unicode, brackets, colons, 5,000 letters."""
    import json

    project.plugins = ("xdist",)
    option = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support"
    project.write("pytest.ini", f"[pytest]\n{option} = {escaping}\n")
    project.write("test_odd.py", ODD_IDS)
    project.write("conftest.py", RECORDER)
    done = project.pytest(*arguments)
    bare = project.pytest(*arguments, gnomon=None)
    assert (done.status, done.summary) == (bare.status, bare.summary)
    if bare.status != 0:
        pytest.skip(f"pytest itself cannot run these ids: {bare.summary}")
    nodes = json.loads((project.path / "collected.json").read_text())
    run = project.run()
    assert run.outcomes == Counter((node, "passed") for node in nodes)
    assert len({test["gnomon.test.case.id"] for test in run.tests}) == len(nodes)


def test_unicode_paths(tmp_path: Path) -> None:
    """Folders, files, classes and functions may have any letters."""
    project = Project(tmp_path / "prøjekt 日本 'x'", tmp_path / "home")
    project.write("tests ö/test_ünï.py", "class TestÄ:\n    def test_é(self): pass\n")
    done = project.pytest()
    assert done.summary == "1 passed"
    assert project.run().outcomes == Counter({("tests ö/test_ünï.py::TestÄ::test_é", "passed"): 1})


def test_tests_outside_of_the_root(project: Project, tmp_path: Path) -> None:
    """Tests that lie outside of pytest's root folder are recorded under the ids pytest gives them."""
    elsewhere = tmp_path / "elsewhere" / "test_far.py"
    elsewhere.parent.mkdir()
    elsewhere.write_text("def test_far(): pass\n")
    done = project.pytest("--rootdir", str(project.path), str(elsewhere))
    assert done.summary == "1 passed"
    (run,) = project.runs()
    assert [test.outcome for test in run.tests] == ["passed"]


def test_many_tests_are_all_there(project: Project) -> None:
    """3,000 tests over two workers: each once."""
    project.plugins = ("xdist",)
    project.write(
        "test_many.py",
        """
        import pytest
        @pytest.mark.parametrize("n", range(3000))
        def test_n(n): assert n % 100
        """,
    )
    project.pytest("-n", "2", "-q", "--tb=no")
    run = project.run()
    assert run.by("gnomon.run.tests", "gnomon.test.outcome") == {"passed": 2970, "failed": 30}
    assert len(run.outcomes) == len(run.tests) == 3000


def test_threads_and_forks_of_the_tests_do_no_harm(project: Project) -> None:
    """A test that forks, and a child that ends through the interpreter's exit, record nothing twice."""
    project.write(
        "test_fork.py",
        """
        import multiprocessing, os, sys, threading

        def work(): pass

        def test_fork_and_exit():
            child = os.fork()
            if child == 0:
                sys.exit(0) if False else os._exit(0)
            assert os.waitpid(child, 0)[1] == 0

        def test_multiprocessing():
            child = multiprocessing.get_context("fork").Process(target=work)
            child.start()
            child.join()
            assert child.exitcode == 0

        def test_thread():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        """,
    )
    done = project.pytest()
    assert done.summary == "3 passed"
    assert len(project.run().tests) == 3


def test_forked_child_that_leaves_through_pytest(project: Project) -> None:
    """A forked copy of pytest that runs to its own end leaves no second copy of the run."""
    project.write(
        "test_fork.py",
        """
        import os

        def test_a():
            child = os.fork()
            if child == 0:
                raise SystemExit(0)   # pytest catches it: the child goes on as a second controller
            os.waitpid(child, 0)

        def test_b(): pass
        """,
    )
    project.pytest()
    runs = project.runs()
    assert len(runs) == 1
    assert Counter(test.node_id for test in runs[0].tests) == {
        "test_fork.py::test_a": 1,
        "test_fork.py::test_b": 1,
    }


def test_numbers_of_runs(project: Project) -> None:
    """Runs of one project are numbered without gap, and each has its own run and trace id."""
    project.write("test_a.py", "def test_a(): pass\n")
    for _ in range(3):
        project.pytest()
    runs = project.runs()
    assert [run.sequence for run in runs] == [1, 2, 3]
    assert len({run.id for run in runs}) == 3
    assert len({run.root.trace_id for run in runs}) == 3


def test_runs_side_by_side_have_their_own_numbers(project: Project) -> None:
    """Four runs started at once in one folder end as four whole runs numbered 1 to 4."""
    project.write("test_a.py", "import time\ndef test_a(): time.sleep(0.3)\n")
    processes = [project.start() for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]
    for process in processes:
        process.communicate()
    runs = project.runs()
    assert [run.sequence for run in runs] == [1, 2, 3, 4]
    assert [len(run.tests) for run in runs] == [1, 1, 1, 1]


def test_nested_pytest_runs(project: Project) -> None:
    """A test that runs pytest inside its own process (pytester) does not disturb the outer run."""
    project.write("conftest.py", 'pytest_plugins = "pytester"\n')
    project.write(
        "test_outer.py",
        """
        def test_inside(pytester):
            pytester.makepyfile("def test_inner(): pass\\ndef test_inner_fails(): assert 0\\n")
            result = pytester.runpytest_inprocess()
            result.assert_outcomes(passed=1, failed=1)

        def test_inside_switched_on(pytester):
            pytester.makepyfile("def test_inner(): pass\\n")
            pytester.runpytest_inprocess("--gnomon").assert_outcomes(passed=1)

        def test_after(): pass
        """,
    )
    done = project.pytest()
    assert done.summary.startswith("3 passed"), done.output
    run = project.run()
    assert len(run.tests) == 3
