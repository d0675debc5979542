"""Routing tests: what they expect and got, stated in the test, by marker, or by an adapter."""

from __future__ import annotations

import pytest

from tests.plugin.project import Project
from tests.spool_reader import Run, Span

ROUTERS = [pytest.param((), id="alone"), pytest.param(("-n", "2"), id="xdist")]

PLANTED = """
import pytest

def ask(gnomon_test, skill, **keywords):
    gnomon_test.routed(skill, **keywords)

def test_right(gnomon_test):
    gnomon_test.expect(skill="search", category="plain", case_id="case-1")
    ask(gnomon_test, "search", confidence=0.75)

def test_wrong(gnomon_test):
    gnomon_test.expect(skill="search", category="plain", case_id="case-2")
    ask(gnomon_test, "create")
    assert gnomon_test.correct

def test_wrong_but_tolerated(gnomon_test):
    gnomon_test.expect(skill="search", category="plain", case_id="case-3")
    ask(gnomon_test, "create")

def test_alternate(gnomon_test):
    gnomon_test.expect(skill="search", alternates=("find", "list"), category="vague", case_id="case-4")
    ask(gnomon_test, "list")

def test_none_expected(gnomon_test):
    gnomon_test.expect(skill=None, category="none", case_id="case-5")
    ask(gnomon_test, None)

def test_none_expected_one_chosen(gnomon_test):
    gnomon_test.expect(skill=None, category="none", case_id="case-6")
    ask(gnomon_test, "search")

def test_none_chosen(gnomon_test):
    gnomon_test.expect(skill="search", category="none", case_id="case-7")
    ask(gnomon_test, None)

def test_clarification(gnomon_test):
    gnomon_test.expect(clarification=True, category="vague", case_id="case-8")
    ask(gnomon_test, None, clarified=True)

def test_no_clarification(gnomon_test):
    gnomon_test.expect(clarification=True, category="vague", case_id="case-9")
    ask(gnomon_test, "search")

def test_asked_back_for_nothing(gnomon_test):
    gnomon_test.expect(skill="search", category="vague", case_id="case-10")
    ask(gnomon_test, None, clarified=True)

def test_unanswered(gnomon_test):
    gnomon_test.expect(skill="search", category="plain", case_id="case-11")
    raise RuntimeError("the router is down")

def test_never_that_one(gnomon_test):
    gnomon_test.expect(not_skill="delete", category="vague", case_id="case-12")
    ask(gnomon_test, "search")

def test_that_one_after_all(gnomon_test):
    gnomon_test.expect(not_skill="delete", category="vague", case_id="case-13")
    ask(gnomon_test, "delete")

@pytest.mark.routing(skill="create", category="marked", case_id="case-14")
def test_marked(gnomon_test):
    ask(gnomon_test, "create")

@pytest.mark.routing(skill="create", category="marked", case_id="case-15")
def test_marked_unanswered(): pass

@pytest.mark.parametrize(
    "request_text",
    [pytest.param("one", marks=pytest.mark.routing(skill="create", case_id="case-16"))],
)
def test_marked_parameter(gnomon_test, request_text):
    ask(gnomon_test, "search")

@pytest.mark.skip
@pytest.mark.routing(skill="create", category="marked", case_id="case-17")
def test_skipped(): pass

@pytest.mark.gnomon(case_id="tools-1", category="tools")
def test_tools(gnomon_test):
    gnomon_test.tools(expected=["jira list", "jira open", "jira close"], matched=["jira open", "jira other"])

def test_routed_and_tools(gnomon_test):
    gnomon_test.expect(skill="search", category="tools", case_id="case-18")
    ask(gnomon_test, "search")
    gnomon_test.tools(expected=["jira list"], matched=["jira list"])

def test_plain(): pass
"""

# case id: (expected, actual, verdict); None where the attribute must be absent
TRUTH: dict[str, tuple[str | None, str | None, bool | None]] = {
    "case-1": ("search", "search", True),
    "case-2": ("search", "create", False),
    "case-3": ("search", "create", False),
    "case-4": ("search", "list", True),
    "case-5": ("", "", True),
    "case-6": ("", "search", False),
    "case-7": ("search", "", False),
    "case-8": ("", "", True),
    "case-9": ("", "search", False),
    "case-10": ("search", "", False),
    "case-11": ("search", None, None),
    "case-12": ("", "search", True),
    "case-13": ("", "delete", False),
    "case-14": ("create", "create", True),
    "case-15": ("create", None, None),
    "case-16": ("create", "search", False),
    "case-17": ("create", None, None),
    "case-18": ("search", "search", True),
}
RIGHT = sum(verdict is True for _, _, verdict in TRUTH.values())
JUDGED = sum(verdict is not None for _, _, verdict in TRUTH.values())


@pytest.fixture(params=ROUTERS)
def planted(request: pytest.FixtureRequest, project: Project) -> Run:
    project.plugins = ("xdist",)
    project.write("gnomon.yaml", "routing:\n  confidence: true\n")
    project.write("test_routing.py", PLANTED)
    done = project.pytest(*request.param)
    assert done.status == 1, done.output
    return project.run()


def case(run: Run, case_id: str) -> Span:
    (span,) = (span for span in run.tests if span["gnomon.test.case.id"] == case_id)
    return span


def test_verdicts(planted: Run) -> None:
    """Each routing test carries what it expected, what it got, and whether that is right."""
    seen = {
        case_id: (
            case(planted, case_id).get("gnomon.routing.expected"),
            case(planted, case_id).get("gnomon.routing.actual"),
            case(planted, case_id).get("gnomon.routing.correct"),
        )
        for case_id in TRUTH
    }
    assert seen == TRUTH


def test_routing_spans_have_the_contracts_name(planted: Run) -> None:
    """A routing test's span is named after its case, any other test's is not."""
    for case_id in TRUTH:
        assert case(planted, case_id).name == f"routing_test_{case_id}"
    assert planted.test("test_routing.py::test_plain").name == "test_case"
    assert not [
        key
        for key in planted.test("test_routing.py::test_plain").attributes
        if key.startswith("gnomon.routing")
    ]


def test_details_of_a_verdict(planted: Run) -> None:
    """Confidence, category, alternates and clarification arrive as they were stated."""
    assert case(planted, "case-1")["gnomon.routing.confidence"] == 0.75
    assert case(planted, "case-1")["gnomon.test.category"] == "plain"
    assert case(planted, "case-4")["gnomon.routing.alternates"] == ["find", "list"]
    assert case(planted, "case-8")["gnomon.routing.clarification.expected"] is True
    assert case(planted, "case-8")["gnomon.routing.clarification.asked"] is True
    assert case(planted, "case-9")["gnomon.routing.clarification.asked"] is False
    assert case(planted, "case-10")["gnomon.routing.clarification.expected"] is False
    assert case(planted, "case-10")["gnomon.routing.clarification.asked"] is True


def test_confidence_is_off_by_default(project: Project) -> None:
    """Without `routing.confidence` no confidence is recorded."""
    project.write("test_routing.py", PLANTED)
    project.pytest("-k", "test_right")
    assert "gnomon.routing.confidence" not in case(project.run(), "case-1").attributes


def test_verdicts_are_evaluation_results(planted: Run) -> None:
    """Each verdict is also OpenTelemetry's evaluation event; a test without verdict has none."""
    for case_id, (_, _, verdict) in TRUTH.items():
        events = [
            event for event in case(planted, case_id).events if event.name == "gen_ai.evaluation.result"
        ]
        if verdict is None:
            assert events == []
            continue
        (event,) = events
        assert event.attributes["gen_ai.evaluation.name"] == "routing"
        assert event.attributes["gen_ai.evaluation.score.value"] == float(verdict)
        assert event.attributes["gen_ai.evaluation.score.label"] == ("pass" if verdict else "fail")


def test_accuracy_of_the_run(planted: Run) -> None:
    """The run's accuracy is the share of right answers among the judged, in percent."""
    assert planted.total("routing.accuracy") == pytest.approx(100 * RIGHT / JUDGED)
    assert planted.by("gnomon.run.routing.verdicts", "gnomon.routing.correct") == {
        True: RIGHT,
        False: JUDGED - RIGHT,
    }


def test_unanswered_tests_are_apart(planted: Run) -> None:
    """Tests that expected a skill, ran and got no answer are counted, and in no accuracy."""
    assert planted.total("gnomon.run.routing.unanswered") in {2, 3}


def test_confusion_pairs(planted: Run) -> None:
    """Verdicts are counted by expected and actual skill."""
    assert (
        planted.total(
            "gnomon.run.routing.verdicts",
            gnomon__routing__expected="search",
            gnomon__routing__actual="create",
        )
        == 2
    )
    assert (
        planted.total(
            "gnomon.run.routing.verdicts",
            gnomon__routing__expected="search",
            gnomon__routing__actual="search",
        )
        == 2
    )


def test_tool_use(planted: Run) -> None:
    """Expected and matched commands are counted; what was used beside them changes nothing."""
    tools = case(planted, "tools-1")
    assert tools["gnomon.tool_use.expected"] == 3
    assert tools["gnomon.tool_use.matched"] == 1
    assert sorted(tools["gnomon.tool_use.missing"]) == ["jira close", "jira list"]
    assert planted.total("gnomon.run.tool_use.expected") == 4
    assert planted.total("gnomon.run.tool_use.matched") == 2
    assert planted.total("tool_use.accuracy") == pytest.approx(50.0)


def test_no_accuracy_where_nothing_was_judged(project: Project) -> None:
    """A run without routing tests has no accuracy, rather than 0 or 100."""
    project.write("test_plain.py", "def test_a(): pass\n")
    project.pytest()
    metrics = {point.metric for point in project.run().points}
    assert not metrics & {"routing.accuracy", "tool_use.accuracy", "gnomon.run.routing.verdicts"}


ADAPTER = """
import pytest

def pytest_gnomon_routing(item):
    name = item.callspec.params.get("name") if hasattr(item, "callspec") else None
    if name is None:
        return None
    return {"skill": name, "category": "adapted", "case_id": f"case/{name}"}

def pytest_gnomon_result(item, call):
    answer = item.funcargs.get("answer")
    if answer is None:
        return None
    return {"skill": answer["skill"], "tools": {"expected": ["a", "b"], "matched": answer["tools"]}}

@pytest.fixture
def answer(name):
    return {"skill": "search" if name != "delete" else "create", "tools": ["a"]}
"""


@pytest.mark.parametrize("arguments", ROUTERS)
def test_adapter_in_conftest(project: Project, arguments: tuple[str, ...]) -> None:
    """Two hooks in conftest.py state expectation and answer; the tests themselves stay as they are."""
    project.plugins = ("xdist",)
    project.write("conftest.py", ADAPTER)
    project.write(
        "test_untouched.py",
        """
        import pytest
        @pytest.mark.parametrize("name", ["search", "delete"])
        def test_routes(name, answer): assert answer["skill"] == name
        def test_other(): pass
        """,
    )
    done = project.pytest(*arguments)
    assert done.summary == "1 failed, 2 passed", done.output
    run = project.run()
    assert case(run, "case/search")["gnomon.routing.correct"] is True
    assert case(run, "case/delete")["gnomon.routing.correct"] is False
    assert case(run, "case/delete")["gnomon.test.category"] == "adapted"
    assert run.total("tool_use.accuracy") == pytest.approx(50.0)
    assert run.test("test_untouched.py::test_other").name == "test_case"


@pytest.mark.parametrize("arguments", ROUTERS)
def test_adapter_that_fails(project: Project, arguments: tuple[str, ...]) -> None:
    """An adapter that raises or answers nonsense costs its verdicts, never a test's outcome."""
    project.plugins = ("xdist",)
    project.write(
        "conftest.py",
        """
        def pytest_gnomon_routing(item):
            if "a" in item.name.removeprefix("test_"): raise RuntimeError("broken adapter")
            return {"no_such_keyword": object()} if "b" in item.name else {"skill": "search"}

        def pytest_gnomon_result(item, call):
            if "c" in item.name: raise RuntimeError("broken adapter")
            return ["not", "a", "dict"]
        """,
    )
    project.write("test_n.py", "def test_a(): pass\ndef test_b(): pass\ndef test_c(): pass\n")
    done = project.pytest(*arguments)
    assert (done.status, done.summary.split(",")[0]) == (0, "3 passed"), done.output
    assert "INTERNALERROR" not in done.output
    assert len(project.run().tests) == 3


def test_wrong_marker_is_named(project: Project) -> None:
    """A misspelt keyword of the marker is told to its author, and does not break the suite's other tests."""
    project.write(
        "test_n.py",
        """
        import pytest
        @pytest.mark.routing(skil="search")
        def test_a(): pass
        def test_b(): pass
        """,
    )
    done = project.pytest()
    assert "INTERNALERROR" not in done.output
    assert "skil" in done.output
    assert project.run().test("test_n.py::test_b").outcome == "passed"


@pytest.mark.parametrize("arguments", ROUTERS)
@pytest.mark.parametrize("gnomon", [False, None], ids=["off", "not loaded"])
def test_suites_run_without_gnomon(project: Project, arguments: tuple[str, ...], gnomon: bool | None) -> None:
    """Switched off, the fixture and the markers are still there and record nothing."""
    project.plugins = ("xdist",)
    project.write("test_routing.py", PLANTED)
    done = project.pytest(*arguments, gnomon=gnomon)
    assert not project.state.exists()
    if gnomon is False:
        assert done.summary.startswith("2 failed, 17 passed, 1 skipped"), done.output


@pytest.mark.parametrize("arguments", ROUTERS)
def test_the_last_attempt_is_the_verdict(project: Project, arguments: tuple[str, ...]) -> None:
    """A rerun test is judged once, by its last attempt."""
    project.plugins = ("xdist", "rerunfailures")
    project.write(
        "test_again.py",
        """
        import pathlib
        def test_a(gnomon_test):
            path = pathlib.Path(__file__).with_name("count")
            with path.open("a") as file: file.write("x")
            gnomon_test.expect(skill="search", case_id="a")
            gnomon_test.routed("search" if path.stat().st_size == 3 else "create")
            assert gnomon_test.correct
        """,
    )
    done = project.pytest("--reruns", "4", *arguments)
    assert done.status == 0, done.output
    run = project.run()
    assert case(run, "a")["gnomon.routing.correct"] is True
    assert case(run, "a")["gnomon.test.attempts"] == 3
    assert run.by("gnomon.run.routing.verdicts", "gnomon.routing.correct") == {True: 1}
    assert run.total("routing.accuracy") == 100.0


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_set_up_that_another_plugin_ends_first(project: Project, arguments: tuple[str, ...]) -> None:
    """A test whose set-up fails before it comes to us is what it stated, and nothing of the one before."""
    project.plugins = ("xdist",)
    project.write(
        "suite/conftest.py",
        """
        import pytest
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_setup(item):
            if "refused" in item.name: raise RuntimeError
        """,
    )
    project.write(
        "suite/test_sub.py",
        """
        import gnomon, pytest
        def test_answered(gnomon_test):
            gnomon_test.expect("search")
            gnomon_test.routed("search")
            gnomon_test.tools(expected=["find"], matched=["find"])
            with gnomon.model_call("m") as call: call.tokens(5, 1)
        def test_refused(): pass
        @pytest.mark.routing("mail", case_id="M1")
        def test_refused_too(): pass
        """,
    )
    project.pytest(*arguments)
    run = project.run()
    assert run.total("gnomon.run.routing.verdicts") == run.total("gnomon.run.routing.unanswered") == 1
    assert run.total("gnomon.run.tool_use.expected") == 1
    refused = run.test("suite/test_sub.py::test_refused")
    assert (refused.name, refused.outcome) == ("test_case", "error")
    assert refused.get("gnomon.test.model_calls") is None
    assert run.test("suite/test_sub.py::test_refused_too").name == "routing_test_M1"


def test_stale_answer_of_an_earlier_attempt(project: Project) -> None:
    """An attempt that fails before it gets an answer does not inherit the answer of the one before."""
    project.plugins = ("rerunfailures",)
    project.write(
        "test_again.py",
        """
        import pathlib
        def test_a(gnomon_test):
            path = pathlib.Path(__file__).with_name("count")
            with path.open("a") as file: file.write("x")
            gnomon_test.expect(skill="search", case_id="a")
            if path.stat().st_size == 1:
                gnomon_test.routed("create")
            assert 0
        """,
    )
    project.pytest("--reruns", "1")
    run = project.run()
    assert "gnomon.routing.correct" not in case(run, "a").attributes
    assert run.total("gnomon.run.routing.unanswered") == 1


def test_summary_shows_the_accuracy(project: Project) -> None:
    """The terminal summary gives accuracy, and how many answers it rests on."""
    project.write("test_routing.py", PLANTED)
    done = project.pytest()
    assert f"{100 * RIGHT / JUDGED:.1f}" in done.stdout
    assert f"{JUDGED}" in done.stdout


def test_hash_of_the_skill_under_test(project: Project) -> None:
    """A routing test carries the hash of the SKILL.md it expects."""
    project.write("skills/search/SKILL.md", "---\nname: search\n---\nFinds issues.\n")
    project.write("skills/create/SKILL.md", "---\nname: create\n---\nMakes issues.\n")
    project.write(
        "test_one.py",
        """
        def test_a(gnomon_test):
            gnomon_test.expect(skill="search", case_id="a")
            gnomon_test.routed("search")
        """,
    )
    project.commit()
    project.pytest()
    digest = project.git("hash-object", "skills/search/SKILL.md")
    assert case(project.run(), "a")["skill.md.hash"] == digest


@pytest.mark.parametrize("arguments", ROUTERS)
def test_odd_answers(project: Project, arguments: tuple[str, ...]) -> None:
    """Skills, categories and case ids may be any text."""
    project.plugins = ("xdist",)
    project.write(
        "test_odd.py",
        """
        import pytest
        @pytest.mark.parametrize("n", range(3))
        def test_n(gnomon_test, n):
            text = ["ünï-日本", "a/b::[c] d", "x" * 3000][n]
            gnomon_test.expect(skill=text, category=text[:20], case_id=text)
            gnomon_test.routed(text)
        """,
    )
    done = project.pytest(*arguments)
    assert done.summary == "3 passed", done.output
    run = project.run()
    for text in ("ünï-日本", "a/b::[c] d", "x" * 3000):
        assert case(run, text)["gnomon.routing.correct"] is True


# What pytest-forked does to a test: of the child only its reports come back.
FORKED = """
import json
import os

from _pytest.reports import TestReport
from _pytest.runner import runtestprotocol


def pytest_runtest_protocol(item, nextitem):
    reading, writing = os.pipe()
    if not (child := os.fork()):
        try:
            reports = [report._to_json() for report in runtestprotocol(item, log=False)]
            os.write(writing, json.dumps(reports).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        reports = json.load(pipe)
    os.waitpid(child, 0)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=TestReport._from_json(report))
    return True
"""


@pytest.mark.parametrize("arguments", ROUTERS)
def test_answers_of_forked_tests(project: Project, arguments: tuple[str, ...]) -> None:
    """A test that pytest-forked runs in a child of its own is judged, and its model calls are its own."""
    project.plugins = ("xdist",)
    project.write("pytest_forked.py", FORKED)
    project.write(
        "test_forked.py",
        """
        import gnomon
        import pytest

        @pytest.mark.routing(skill="search", case_id="a")
        def test_right(gnomon_test):
            with gnomon.model_call("claude-haiku-4-5") as call, call.attempt() as only:
                only.answered(200)
            gnomon_test.routed("search")

        @pytest.mark.routing(skill="search", case_id="b")
        def test_wrong(gnomon_test):
            gnomon_test.routed("create")
            assert gnomon_test.correct

        @pytest.mark.routing(skill="search", case_id="c")
        def test_unanswered(): pass

        def test_says_so_itself(gnomon_test):
            gnomon_test.expect(skill="search", case_id="d")
            gnomon_test.routed("search")
        """,
    )
    # Python 3.12 and later warn of a fork beside threads of pytest-xdist.
    forking = ("-p", "pytest_forked", "-W", "ignore::DeprecationWarning")
    done = project.pytest(*forking, *arguments, env={"PYTHONPATH": str(project.path)})
    assert done.summary == "1 failed, 3 passed", done.output
    run = project.run()
    verdicts = {case_id: case(run, case_id).get("gnomon.routing.correct") for case_id in "abcd"}
    assert verdicts == {"a": True, "b": False, "c": None, "d": True}
    (call,) = run.model_calls
    assert case(run, "a")["gnomon.test.model_calls"] == 1
    (attempt,) = run.attempts_of(case(run, "a"))
    assert call.parent_id == attempt.span_id
