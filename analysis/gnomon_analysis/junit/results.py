"""From test cases of a report to results as Gnomon knows them: one a test, with its attempts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gnomon.registry import attributes as names
from gnomon.registry import values
from gnomon.runs import routing
from gnomon.runs.result import MAIN_WORKER, Attempt, TestResult
from gnomon_analysis.junit.reading import Report, ReportedTest, Verdict, is_rerun

_PYTEST_XFAIL = "pytest.xfail"
_PYTEST_PHASE = re.compile(r"failed on (setup|teardown)\b")
_PYTEST_CRASH = re.compile(r"worker '[^']*' crashed while running")

_TRUE = frozenset({"true", "1", "yes"})


def results(
    reports: Sequence[Report], started: float, *, repeats_are_attempts: bool = False
) -> Iterator[TestResult]:
    """One result a test, in the order of the reports.

    With `repeats_are_attempts`, test cases of one name in one suite are attempts of one test; without,
    only where the runner makes names unique.

    A report says when a suite began and how long each test took, not when the test began: the tests of
    a suite are laid one after the other. `started` (Unix seconds) stands in for a missing timestamp.
    """
    tests = [test for report in reports for test in _merged(report, repeats_are_attempts)]
    ids = _ids([test for test, _ in tests])
    clocks: dict[int, float] = {}
    executions: dict[str, int] = {}
    for (test, occurrences), case in zip(tests, ids, strict=True):
        key = id(test.suite)
        stated = test.started or (test.suite.started if key not in clocks else None)
        begin = stated.timestamp() if stated else clocks.get(key, started)
        executions[case] = executions.get(case, 0) + 1
        result = _result(occurrences, case, begin, executions[case])
        clocks[key] = result.stop
        yield result


def _merged(report: Report, all_repeats: bool) -> Iterator[tuple[ReportedTest, list[ReportedTest]]]:
    """Each test with its occurrences: several where a runner writes one element an attempt or phase."""
    merged: dict[Any, list[ReportedTest]] = {}
    for number, test in enumerate(report.tests):
        name = (id(test.suite), test.file, test.class_name, test.name)
        merged.setdefault(name if all_repeats or _repeats(test) else number, []).append(test)
    return ((occurrences[0], occurrences) for occurrences in merged.values())


def _repeats(test: ReportedTest) -> bool:
    """Whether a second test case of the same name is the same test.

    Go makes the names of a package's tests unique, and pytest those of a session: there it can be
    nothing else. Elsewhere two tests may well share a name, and both count.
    """
    return _of_pytest(test) or test.inherited("go.version") is not None


def _of_pytest(test: ReportedTest) -> bool:
    return test.suite.name == "pytest"


def _ids(tests: Sequence[ReportedTest]) -> list[str]:
    """A stable id for each test; tests of one name in different suites get the suite's or host's name.

    (Playwright tells its browsers apart by the host name of their suites.)
    """
    stated = [test.properties.get(str(names.TEST_CASE_NAME)) or _node_id(test) for test in tests]
    origins: dict[str, set[tuple[str, str]]] = {}
    for node_id, test in zip(stated, tests, strict=True):
        origins.setdefault(node_id, set()).add((test.suite.host, test.suite.name))
    return [_distinct(node_id, test, origins[node_id]) for node_id, test in zip(stated, tests, strict=True)]


def _distinct(node_id: str, test: ReportedTest, origins: set[tuple[str, str]]) -> str:
    hosts, suites = {host for host, _ in origins}, {suite for _, suite in origins}
    marks = [test.suite.host] if len(hosts) > 1 else []
    marks += [test.suite.name] if len(suites) > 1 else []
    return f"{node_id} [{', '.join(marks)}]" if marks else node_id


def _node_id(test: ReportedTest) -> str:
    if _of_pytest(test):
        return _pytest_node_id(test)
    owner = test.class_name or test.file or test.suite.name
    if not test.name or owner in ("", test.name):
        return test.name or owner or "unnamed"
    return f"{owner}::{test.name}"


def _pytest_node_id(test: ReportedTest) -> str:
    """pytest's own node id, which its report takes apart.

    `a.b.TestC` and `test_d` were `a/b.py::TestC::test_d`. Where the report does not name the file,
    classes are told from modules by their capital letter.
    """
    parts = test.class_name.split(".") if test.class_name else []
    if test.file:
        module = test.file.removesuffix(".py").replace("\\", "/").split("/")
        classes = parts[len(module) :] if parts[: len(module)] == module else []
        path = test.file.replace("\\", "/")
    else:
        first = next((place for place, part in enumerate(parts) if part[:1].isupper()), len(parts))
        classes, path = parts[first:], "/".join(parts[:first]) + ".py"
    if not parts and not test.file:
        return test.name or "unnamed"
    return "::".join(part for part in (path, *classes, test.name) if part)


def _result(occurrences: list[ReportedTest], case: str, begin: float, execution: int) -> TestResult:
    first = occurrences[0]
    ends = [end for test in _phases_joined(occurrences) for end in _ends(test)]
    outcome, decisive, _ = ends[-1]
    lengths = [test.seconds for test in occurrences if test.seconds is not None]
    seconds = sum(lengths) + sum(length or 0.0 for _, _, length in ends[:-1])
    skipped = outcome == values.SKIPPED
    stop = begin + seconds
    return TestResult(
        node_id=case,
        worker=MAIN_WORKER,
        execution=execution,
        outcome=outcome,
        phase=_phase(outcome, decisive),
        start=begin,
        stop=stop,
        duration=seconds,
        call_duration=0.0 if skipped else (occurrences[-1].seconds or 0.0),
        attempts=list(_attempts(ends, begin, stop)),
        error_type=None if skipped or decisive is None else decisive.error_type,
        message=None if decisive is None else decisive.line,
        path=first.file or first.suite.file or _path_in(case, first),
        line=first.line,
        record=_record(first),
    )


def _path_in(case: str, test: ReportedTest) -> str | None:
    return case.partition("::")[0] if _of_pytest(test) and "::" in case else None


def _phases_joined(occurrences: list[ReportedTest]) -> list[ReportedTest]:
    """The occurrences that are attempts: pytest writes a failing tear-down as an element of its own."""
    joined: list[ReportedTest] = []
    for test in occurrences:
        teardown = any(
            (found := _PYTEST_PHASE.match(verdict.message)) and found[1] == "teardown"
            for verdict in test.verdicts
        )
        if joined and teardown and _of_pytest(test):
            last = joined[-1]
            # What failed in the call decides; a tear-down that fails after a good call is the verdict.
            if not any(verdict.outcome in (values.FAILED, values.ERROR) for verdict in last.verdicts):
                last.verdicts.extend(test.verdicts)
            continue
        joined.append(test)
    return joined


def _ends(test: ReportedTest) -> list[tuple[str, Verdict | None, float | None]]:
    """Outcome, verdict and length of each attempt within a test case; the last one is the test's own."""
    reruns = [verdict for verdict in test.verdicts if is_rerun(verdict)]
    own = next((verdict for verdict in test.verdicts if not is_rerun(verdict)), None)
    told = [(verdict.outcome, verdict, verdict.seconds) for verdict in reruns]
    if own is None:
        return [*told, (values.PASSED, None, None)]
    # With `rerun…` the test's own element tells of the first attempt, and all of them failed.
    return [(_outcome(own), own, own.seconds), *told]


def _outcome(verdict: Verdict) -> str:
    if verdict.type == _PYTEST_XFAIL:
        return values.XFAILED
    if _PYTEST_CRASH.match(verdict.message):
        return values.CRASHED
    return verdict.outcome


def _phase(outcome: str, verdict: Verdict | None) -> str | None:
    if verdict is None or outcome not in (values.FAILED, values.ERROR, values.CRASHED):
        return None
    if found := _PYTEST_PHASE.match(verdict.message):
        return found[1]
    return "call"


def _attempts(
    ends: Sequence[tuple[str, Verdict | None, float | None]], begin: float, stop: float
) -> Iterator[Attempt]:
    """Attempts one after the other; one of unknown length takes none, and the last one the rest."""
    clock = begin
    for number, (outcome, verdict, seconds) in enumerate(ends, start=1):
        until = stop if number == len(ends) else min(stop, clock + (seconds or 0.0))
        yield Attempt(outcome, clock, until, verdict.error_type if verdict else None)
        clock = until


def _record(test: ReportedTest) -> dict[str, Any]:
    """What a test case says of itself in properties that bear Gnomon's own names."""
    said = test.properties
    record: dict[str, Any] = {}
    if case := said.get(str(names.GNOMON_TEST_CASE_ID)):
        record["case_id"] = case
    if category := test.inherited(str(names.GNOMON_TEST_CATEGORY)):
        record["category"] = category
    expected = said.get(str(names.GNOMON_ROUTING_EXPECTED))
    asked_for = said.get(str(names.GNOMON_ROUTING_CLARIFICATION_EXPECTED), "").lower() in _TRUE
    if expected is not None or asked_for:
        record["routing"] = routing.expectation(
            skill=expected or None,
            alternates=_listed(said.get(str(names.GNOMON_ROUTING_ALTERNATES), "")),
            clarification=asked_for,
        )
    asked = said.get(str(names.GNOMON_ROUTING_CLARIFICATION_ASKED), "").lower() in _TRUE
    actual = said.get(str(names.GNOMON_ROUTING_ACTUAL))
    if actual is not None or asked:
        confidence = said.get(str(names.GNOMON_ROUTING_CONFIDENCE), "")
        record.setdefault("routing", {}).update(
            routing.answer(actual or None, clarified=asked, confidence=_fraction(confidence))
        )
    return record


def _listed(text: str) -> Iterable[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _fraction(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 else None
