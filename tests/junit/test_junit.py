"""Reports of other runners become runs like pytest's own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon import settings
from gnomon.errors import UserError
from gnomon.settings import Settings
from gnomon.spool import files
from gnomon_analysis.junit import import_reports, read_report
from gnomon_analysis.junit.reading import duration
from gnomon_analysis.store import ResultRow, RunRow, Store, open_store
from tests.spool_reader import read_points, read_spans

REPORTS = Path(__file__).parent / "reports"


def dialect(runner: str) -> str:
    """A small report of our own making, as the runner would have written it."""
    return (REPORTS / f"{runner}.xml").read_text(encoding="utf-8")


class Project:
    """A folder without a repository, its store, and reports to import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "gnomon.yaml").write_text("project: {name: shop}\n")
        self.settings: Settings = settings.load(folder / "gnomon.yaml")
        self.spool = folder / ".gnomon" / "spool"

    def report(self, text: str, name: str = "report.xml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def imported(self, *texts: str, **options: object) -> tuple[RunRow, dict[str, ResultRow]]:
        paths = [self.report(text, f"report{number}.xml") for number, text in enumerate(texts)]
        run = import_reports(paths, self.settings, **options)  # type: ignore[arg-type]
        with self.store() as store:
            rows = store.results(run.run_id)
            assert len({row.case_id for row in rows}) == len(rows)
            return store.run(run.run_id), {row.case_id: row for row in rows}

    def store(self) -> Store:
        store = open_store(self.settings)
        store.ingest(self.spool)
        return store


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return Project(tmp_path)


def outcomes(run: RunRow) -> dict[str, int]:
    return {outcome: count for outcome, count in run.tally.outcomes.items() if count}


def test_pytest(project: Project) -> None:
    """pytest's report gives pytest's node ids, outcomes, phases; a failing tear-down is part of its test."""
    run, rows = project.imported(dialect("pytest"))

    assert outcomes(run) == {"passed": 1, "failed": 2, "error": 1, "skipped": 1, "xfailed": 1}
    assert (run.suite, run.framework, run.status, run.complete) == ("shop", "junit", "failure", True)
    assert run.started_at is not None
    assert run.started_at.isoformat() == "2026-03-01T08:00:00+00:00"
    assert list(rows) == [
        "tests/test_a.py::TestGroup::test_good[1]",
        *(f"tests/test_a.py::test_{name}" for name in ("bad", "setup", "skip", "xfail", "both")),
    ]
    bad, setup, both = (rows[f"tests/test_a.py::test_{name}"] for name in ("bad", "setup", "both"))
    assert (bad.error_type, bad.message, bad.phase) == (
        "AssertionError",
        "AssertionError: assert 1 == 2",
        "call",
    )
    assert (setup.outcome, setup.phase, bad.duration) == ("error", "setup", 0.125)
    assert (both.outcome, both.attempts, both.error_type) == ("failed", 1, "ValueError")


def test_surefire_reruns_are_attempts(project: Project) -> None:
    """Flaky and rerun elements tell of attempts of one test; a comma groups thousands."""
    run, rows = project.imported(dialect("surefire"))

    assert outcomes(run) == {"passed": 3, "error": 1}
    assert run.tally.reruns == 4
    flaky, broken = rows["com.example.OrderTest::flaky"], rows["com.example.OrderTest::broken"]
    assert (flaky.outcome, flaky.attempts, flaky.error_type) == ("passed", 3, None)
    assert (broken.outcome, broken.attempts, broken.error_type) == ("error", 3, "java.io.IOException")
    assert (broken.message, rows["com.example.OrderTest::slow"].duration) == ("worse", 1230.5)


def test_jest(project: Project) -> None:
    """A class name that repeats the name is not written twice; the message is the first line."""
    run, rows = project.imported(dialect("jest"))

    assert outcomes(run) == {"passed": 1, "failed": 1, "skipped": 1}
    removed = rows["cart removes"]
    assert (removed.error_type, removed.file) == ("Error", "src/cart.test.js")
    assert removed.message == "Error: expect(received).toBe(expected)"


def test_gotestsum_repeats_are_attempts(project: Project) -> None:
    """Go makes names unique: a second test case of one name is a rerun."""
    run, rows = project.imported(dialect("gotestsum"))

    assert outcomes(run) == {"passed": 1, "failed": 1, "skipped": 1}
    paid = rows["example.com/shop::TestPay"]
    assert (paid.outcome, paid.attempts, paid.duration) == ("passed", 2, pytest.approx(0.15))


def test_vitest(project: Project) -> None:
    """Files are classes, describe blocks part of the name."""
    run, rows = project.imported(dialect("vitest"))

    assert outcomes(run) == {"passed": 1, "failed": 1}
    assert rows["src/sum.test.ts::sum > breaks"].error_type == "AssertionError"


def test_playwright_browsers_are_told_apart(project: Project) -> None:
    """The same test in two browsers is two tests; one that runs in a single browser keeps its plain id."""
    _, rows = project.imported(dialect("playwright"))

    assert {case: row.outcome for case, row in rows.items()} == {
        "login.spec.ts::signs in [chromium]": "passed",
        "login.spec.ts::only here": "passed",
        "login.spec.ts::signs in [firefox]": "failed",
    }
    assert rows["login.spec.ts::signs in [firefox]"].error_type == "Error"


def test_nested_suites_and_missing_attributes(project: Project) -> None:
    """Suites within suites, no times, no class names, a suite that failed as a whole, inheritance."""
    run, rows = project.imported(dialect("nested"))

    assert {case: row.outcome for case, row in rows.items()} == {
        "inner::deep": "passed", "outer::shallow": "passed", "outer::off": "skipped", "broken suite": "error",
    }  # fmt: skip
    assert {row.category for row in rows.values()} == {"smoke"}
    assert run.duration == 0.0


def test_properties_state_routes(project: Project) -> None:
    """A runner in any language records routing verdicts by properties with Gnomon's names."""
    run, rows = project.imported(dialect("routing"))

    assert (run.tally.judged, run.tally.correct) == (2, 1)
    one, two = rows["R-1"], rows["routes::two"]
    assert (one.expected, one.actual, one.alternates, one.correct) == (
        "alpha",
        "beta",
        ("gamma", "beta"),
        True,
    )
    assert (two.expected, two.actual, two.correct) == ("", "beta", False)
    counted = {
        (point.attributes["gnomon.test.case.id"], point.attributes["gnomon.test.outcome"]): point.value
        for point in read_points(project.spool)
        if point.metric == "gnomon.run.case.tests"
    }
    assert counted == {("R-1", "passed"): 1, ("routes::two", "failed"): 1}


def test_same_names_are_several_tests_unless_the_caller_knows_better(project: Project) -> None:
    """Where names need not be unique both tests count; on request they are attempts."""
    text = '<testsuite name="s"><testcase name="a"><failure/></testcase><testcase name="a"/></testsuite>'
    path = project.report(text)
    apart = import_reports([path], project.settings, suite="apart")
    joined = import_reports([path], project.settings, suite="joined", repeats_are_attempts=True)
    with project.store() as store:
        assert [row.outcome for row in store.results(apart.run_id)] == ["failed", "passed"]
        assert [(row.outcome, row.attempts) for row in store.results(joined.run_id)] == [("passed", 2)]


def test_several_files_are_one_run(project: Project) -> None:
    """Surefire writes a file a class; a file named twice counts once."""
    run, rows = project.imported(dialect("surefire"), dialect("jest"), dialect("surefire"))

    assert (run.tally.tests, len(rows)) == (7, 7)


def test_importing_again_adds_nothing(project: Project) -> None:
    """The run's id follows from content, suite and commit, in any order of the files, delivered or pruned."""
    paths = [project.report(dialect("surefire"), "a.xml"), project.report(dialect("jest"), "b.xml")]
    first = import_reports(paths, project.settings, commit="c" * 40)
    with project.store() as store:
        rows = store.runs()
        again = import_reports(paths[::-1], project.settings, commit="c" * 40)
        assert (first.new, again.new, again.run_id) == (True, False, first.run_id)
        for path in project.spool.glob("*.traces.jsonl"):
            files.settle(path, ".sent")
        assert not import_reports(paths, project.settings, commit="c" * 40).new
        for path in project.spool.iterdir():
            path.unlink()
        assert not import_reports(paths, project.settings, commit="c" * 40, known=store.has_run).new
        store.ingest(project.spool)
        assert store.runs() == rows
    assert import_reports(paths, project.settings, commit="d" * 40).new
    assert import_reports(paths, project.settings, commit="c" * 40, suite="other").new


def test_the_spool_file_is_a_complete_run_for_any_backend(project: Project) -> None:
    """Strict OTLP: one trace, a run span over the tests, ids of the plugin's kind, and the run's points."""
    project.imported(dialect("surefire"), commit="c" * 40, branch="main")

    spans = list(read_spans(project.spool))
    (run,) = (span for span in spans if span.name == "test_run")
    tests = [span for span in spans if span.name == "test_case"]
    assert {span.trace_id for span in spans} == {run.resource["gnomon.run.id"]}
    assert {span.parent_id for span in tests} == {run.span_id}
    assert (run.resource["vcs.ref.head.revision"], run.resource["vcs.ref.head.name"]) == ("c" * 40, "main")
    assert "gnomon.vcs.dirty" not in run.resource
    points = [point for point in read_points(project.spool) if point.metric == "gnomon.run.tests"]
    assert sum(point.value for point in points) == len(tests) == 4


def test_the_working_tree_is_taken_where_no_commit_is_named(project: Project) -> None:
    """In the checkout that was tested, commit, branch and skills come from it."""
    (project.folder / "skills" / "a").mkdir(parents=True)
    (project.folder / "skills" / "a" / "SKILL.md").write_text("---\nname: a\n---\n")
    git = ["git", "-C", str(project.folder), "-c", "user.name=T", "-c", "user.email=t@example.com"]
    for command in (["init", "-q", "-b", "trunk"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()

    run, _ = project.imported(dialect("jest"))

    assert (run.commit, run.branch, run.dirty) == (head, "trunk", False)
    with project.store() as store:
        assert [(skill.name, skill.path) for skill in store.skills(run.run_id)] == [
            ("a", "skills/a/SKILL.md")
        ]


def test_a_real_pytest_report_agrees_with_the_plugin(project: Project) -> None:
    """One run of pytest, recorded by the plugin and by --junitxml, gives the same tests and outcomes."""
    (project.folder / "test_mixed.py").write_text(
        "import pytest\n"
        "class TestGroup:\n"
        "    @pytest.mark.parametrize('n', [1, 2])\n"
        "    def test_n(self, n): assert n == 1\n"
        "def test_skip(): pytest.skip('no')\n"
        "@pytest.mark.xfail\ndef test_xfail(): assert 0\n"
        "@pytest.fixture\ndef broken(): raise RuntimeError('no')\n"
        "def test_error(broken): pass\n"
        "@pytest.fixture\ndef leaky():\n    yield\n    raise OSError('late')\n"
        "def test_teardown(leaky): pass\n"
        "def test_both(leaky): assert 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--gnomon", "--junitxml=real.xml", "-p", "no:cacheprovider"],
        cwd=project.folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    imported = import_reports([project.folder / "real.xml"], project.settings, suite="imported")
    with project.store() as store:
        (recorded,) = [run for run in store.runs() if run.framework == "pytest"]
        told, read = store.results(recorded.run_id), store.results(imported.run_id)

    assert {row.case_id: row.outcome for row in read} == {row.case_id: row.outcome for row in told}
    assert {row.case_id: row.attempts for row in read} == {row.case_id: row.attempts for row in told}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"report.xml:1: not well-formed XML \(no element found\)"),
        ("<testsuite><testcase></testsuite>", r"report.xml:1: not well-formed XML \(mismatched tag\)"),
        ("<testsuite>\n<testcase name='a'/>\n", r"report.xml:3: not well-formed XML"),
        ("<html/>", r"report.xml:1: the document is a <html>"),
        ("<testsuites>\n <testcase name='a'/></testsuites>", r"report.xml:2: a <testcase> outside"),
        ("<testsuite name='a'/>", r"report.xml: no <testcase>"),
        ("\ufeff\n\nnot xml", r"report.xml:3: not well-formed XML"),
    ],
)
def test_what_is_no_report_is_named_by_file_and_line(project: Project, text: str, said: str) -> None:
    """The sentence says where the mistake is."""
    with pytest.raises(UserError, match=said):
        import_reports([project.report(text)], project.settings)
    assert not project.spool.exists()


def test_a_missing_file_is_named(project: Project) -> None:
    """No traceback for a path that is wrong."""
    with pytest.raises(UserError, match=r"nowhere\.xml: cannot be read"):
        import_reports([project.folder / "nowhere.xml"], project.settings)


def test_entity_bombs_are_refused_at_once(project: Project) -> None:
    """Exponential, quadratic and external entities: no declaration is read, so nothing is expanded."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bombs = [
        f'<!DOCTYPE t [<!ENTITY l0 "lol">{levels}]><testsuite name="&l11;"><testcase name="a"/></testsuite>',
        f'<!DOCTYPE t [<!ENTITY a "{"x" * 100_000}">]><testsuite name="{"&a;" * 50_000}"/>',
        '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite name="&x;"/>',
        '<!DOCTYPE t SYSTEM "http://127.0.0.1:1/x.dtd"><testsuite/>',
    ]
    for bomb in bombs:
        began = time.process_time()
        with pytest.raises(UserError, match=r"report.xml:1: a document type declaration"):
            read_report(project.report(bomb))
        assert time.process_time() - began < 5  # expansion would take hours; this is no measurement


def test_captured_output_is_not_kept(project: Project) -> None:
    """Megabytes of output and of stack traces cost nothing but their reading."""
    noise = "x" * 2_000_000
    text = (
        f'<testsuite name="s"><system-out>{noise}</system-out><testcase name="a">'
        f'<failure message="m">{noise}</failure><system-err>{noise}</system-err></testcase></testsuite>'
    )
    report = read_report(project.report(text))
    assert len(report.tests[0].verdicts[0].text) == 4096


@pytest.mark.parametrize(
    ("text", "decimal_comma", "seconds"),
    [
        ("0.125", False, 0.125), ("1,234.5", False, 1234.5), ("1,234", False, 1234.0),
        ("1,234,567.8", False, 1234567.8), ("0,125", True, 0.125), ("1.234,5", True, 1234.5),
        ("3", True, 3.0), ("1e-3", False, 0.001), (" 2s ", False, 2.0), ("", False, None),
        ("-1", False, None), ("NaN", False, None), ("soon", False, None), ("1e99", False, None),
    ],
)  # fmt: skip
def test_durations(text: str, decimal_comma: bool, seconds: float | None) -> None:
    """Grouped thousands, decimal commas, and what is no time at all."""
    assert duration(text, decimal_comma=decimal_comma) == seconds


@pytest.mark.parametrize(
    ("times", "first"), [(("1,234", "2.5"), 1234.0), (("1,234", "0,5"), 1.234), (("1,234", "12,25"), 1.234)]
)
def test_a_decimal_comma_gives_itself_away(project: Project, times: tuple[str, str], first: float) -> None:
    """One time that cannot be grouped thousands tells what the commas of the whole report mean."""
    cases = "".join(f'<testcase name="t{n}" time="{text}"/>' for n, text in enumerate(times))
    assert read_report(project.report(f'<testsuite name="s">{cases}</testsuite>')).tests[0].seconds == first


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)


@given(
    cases=st.lists(st.tuples(NAMES, NAMES, st.sampled_from(["", "failure", "error", "skipped"])), min_size=1)
)
def test_every_test_case_counts_once(
    tmp_path_factory: pytest.TempPathFactory, cases: list[tuple[str, str, str]]
) -> None:
    """Whatever tests are called, each test case is one result with its own span."""
    from xml.sax.saxutils import quoteattr

    from gnomon_analysis.junit.results import results
    from gnomon_analysis.store.rows import FAILING

    body = "".join(
        f"<testcase name={quoteattr(name)} classname={quoteattr(owner)}>"
        f"{f'<{verdict}/>' if verdict else ''}</testcase>"
        for name, owner, verdict in cases
    )
    path = tmp_path_factory.mktemp("any") / "report.xml"
    path.write_text(f'<testsuite name="s">{body}</testsuite>', encoding="utf-8")

    found = list(results([read_report(path)], 0.0))

    assert len({(result.node_id, result.execution) for result in found}) == len(found) == len(cases)
    assert sum(result.outcome in FAILING for result in found) == sum(
        v in ("failure", "error") for *_, v in cases
    )
