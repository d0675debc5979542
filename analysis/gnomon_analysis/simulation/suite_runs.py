"""Runs of routing tests, as a CI system has them: planned, recorded through `gnomon.runs`, and counted."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from gnomon import session
from gnomon.otlp import encode
from gnomon.registry import attributes as names
from gnomon.registry import values
from gnomon.runs import routing
from gnomon.runs.ids import attempt_span_id, test_span_id
from gnomon.runs.points import RunPoints
from gnomon.runs.result import MAIN_WORKER, TestResult
from gnomon.runs.result import Attempt as TestAttempt
from gnomon.runs.spans import RunSpans, nanoseconds, scope
from gnomon.session import CurrentTest, TestSession
from gnomon.settings import Settings
from gnomon.spool import files, journal
from gnomon_analysis.simulation.emission import emit_call
from gnomon_analysis.simulation.fleet import Agent, Fleet
from gnomon_analysis.simulation.plan import Call, Planner
from gnomon_analysis.simulation.scenario import Scenario, Suite
from gnomon_analysis.simulation.truth import Measures, count_call, moment_text

_SCOPE = scope("pytest")
_CATEGORIES = ("clear", "ambiguous", "long")
_RUNS_OF_A_COMMIT = 5
_OVERHEAD_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Answer:
    """One attempt of a test: its model call, and the skill that came of it; None where the call failed."""

    call: Call
    skill: str | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a run; its last answer counts."""

    id: str
    skill: str
    category: str
    answers: tuple[Answer, ...]

    @property
    def outcome(self) -> str:
        """Its outcome, one of the registry's."""
        return values.PASSED if self.answers[-1].passed else values.FAILED


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """A planned run, which ends when it is `due` (Unix seconds, simulated) and is laid out from there on."""

    suite: Suite
    number: int
    commit: int
    due: float
    duration: float
    cases: tuple[Case, ...]
    broken: bool


class RunPlanner:
    """Plans `count` runs evenly over a time, each ending within it: the suites in turn.

    In each suite some cases pass in every other run, so that their pass rate is one half over any even number
    of runs; and in the first suite a commit breaks a skill, whose cases fail from then on.
    """

    def __init__(self, scenario: Scenario, fleet: Fleet, planner: Planner) -> None:
        self._scenario = scenario
        self._fleet = fleet
        self._planner = planner
        self._flaky = [
            self._cases(suite)[:: max(1, scenario.tests.cases // max(1, scenario.tests.flaky))]
            for suite in scenario.tests.suites
        ]

    def _cases(self, suite: Suite) -> list[str]:
        return [f"{suite.name}.TC-{number:03}" for number in range(1, self._scenario.tests.cases + 1)]

    def flaky(self, place: int) -> list[str]:
        """The ids of the flaky cases of a suite, by its place in the scenario."""
        return self._flaky[place][: self._scenario.tests.flaky]

    @property
    def broken_skill(self) -> str:
        """The skill that a commit breaks in the first suite."""
        return self._scenario.skills[0]

    def broken_from(self, runs_of_the_suite: int) -> int:
        """The number, from 1, of the first run of the first suite with the skill broken."""
        return 1 + round(runs_of_the_suite * self._scenario.tests.regressed_percent / 100)

    def runs(self, count: int, began: float, until: float) -> Iterator[SuiteRun]:
        """The runs in the order of their ends."""
        suites = self._scenario.tests.suites
        for index in range(count if suites else 0):
            due = began + (until - began) * (index + 1) / (count + 1)
            place, number = index % len(suites), index // len(suites) + 1
            of_the_suite = -(-(count - place) // len(suites))
            yield self._run(place, number, due, broken_from=self.broken_from(of_the_suite))

    def _run(self, place: int, number: int, due: float, broken_from: int) -> SuiteRun:
        suite = self._scenario.tests.suites[place]
        chance = Random(f"{self._scenario.seed}/{suite.name}/{number}")  # noqa: S311 - nothing secret
        self._planner.begin(f"{suite.name}/{number}")
        broken = place == 0 and number >= broken_from
        # Each pair of runs has one in which a flaky case passes, now the first and now the second.
        pair = Random(f"{self._scenario.seed}/{suite.name}/pair {(number - 1) // 2}")  # noqa: S311
        flaky = {case: pair.random() < 0.5 for case in self.flaky(place)}
        clock, cases, agent = due, [], self._agent(suite)
        for position, case in enumerate(self._cases(suite)):
            skill = self._scenario.skills[position % len(self._scenario.skills)]
            wrong: bool | None = None
            if broken and skill == self.broken_skill:
                wrong = True
            elif case in flaky:
                wrong = flaky[case] == bool(number % 2)
            answers = tuple(self._answers(clock, agent, skill, wrong, chance))
            clock += sum(answer.call.duration + _OVERHEAD_SECONDS for answer in answers)
            cases.append(Case(case, skill, _CATEGORIES[position % len(_CATEGORIES)], answers))
        commit = (number - 1) // _RUNS_OF_A_COMMIT + broken
        # How long they take shows only now: they are moved back by that much when they are written.
        return SuiteRun(suite, number, commit, due, clock - due, tuple(cases), broken)

    def _agent(self, suite: Suite) -> Agent:
        return self._fleet.agents[suite.agent] if suite.agent else next(iter(self._fleet.agents.values()))

    def _answers(
        self, clock: float, agent: Agent, skill: str, wrong: bool | None, chance: Random
    ) -> Iterator[Answer]:
        """The attempts; `wrong` is what is planted, and None leaves it to chance."""
        tests = self._scenario.tests
        others = [other for other in self._scenario.skills if other != skill] or [skill]
        for last in (False, True):
            call = self._planner.call(clock, agent)
            failed = wrong if wrong is not None else chance.random() * 100 < tests.wrong_percent
            answer: str | None = chance.choice(others) if failed else skill
            if call.error_type:
                answer = None
            yield (found := Answer(call, answer, answer == skill))
            clock += call.duration + _OVERHEAD_SECONDS
            if last or found.passed or chance.random() * 100 >= tests.rerun_percent:
                return


class RunWriter:
    """Writes planned runs into the spool, the way a run under `pytest --gnomon` does."""

    def __init__(self, scenario: Scenario, settings: Settings, spool: Path, broken_skill: str) -> None:
        self._scenario = scenario
        self._settings = settings
        self._spool = spool
        self._broken_skill = broken_skill

    def write(self, run: SuiteRun, shift: float) -> Mapping[str, Any]:
        """Writes a run so that it ends where it is due, and says what it came to.

        `shift` lies between the simulated end and the one that it is stamped with.
        """
        shift -= run.duration
        started, ended = run.due + shift, run.due + run.duration + shift
        run_id = self._hash("run", run.suite.name, str(run.number), f"{started:.6f}")[:32]
        stem = f"run-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(started))}-{run_id[:12]}"
        resource = self._resource(run, run_id, started)
        within = TestSession(run_id, run_id, MAIN_WORKER, self._spool, stem, resource, run.number)
        session.active = within
        try:
            results = [
                self._test(within, case, case.answers[0].call.start + shift, shift) for case in run.cases
            ]
            session.close()
        finally:
            session.active = None
        self._finish(stem, resource, results, (started, ended))
        return self._truth(run, run_id, resource, (started, ended), shift)

    def _hash(self, *parts: str) -> str:
        text = "\0".join((self._scenario.name, str(self._scenario.seed), *parts))
        return hashlib.sha256(text.encode()).hexdigest()

    def _resource(self, run: SuiteRun, run_id: str, started: float) -> dict[str, Any]:
        skills = self._scenario.skills
        hashes = [
            self._hash(skill, "broken" if run.broken and skill == self._broken_skill else "")[:40]
            for skill in skills
        ]
        said = {
            names.SERVICE_NAME: f"{self._scenario.name}-tests",
            names.DEPLOYMENT_ENVIRONMENT_NAME: self._scenario.tests.environment,
            names.GNOMON_DEPARTMENT: run.suite.department,
            names.GEN_AI_AGENT_NAME: run.suite.agent,
            names.TEST_SUITE_NAME: run.suite.name,
            names.GNOMON_RUN_ID: run_id,
            names.GNOMON_RUN_SEQUENCE: run.number,
            names.GNOMON_RUN_FRAMEWORK: "pytest",
            names.GNOMON_RUN_STARTED_AT: nanoseconds(started),
            names.VCS_REPOSITORY_NAME: self._scenario.name,
            names.VCS_REF_HEAD_REVISION: self._hash("commit", run.suite.name, str(run.commit))[:40],
            names.VCS_REF_HEAD_NAME: "main",
            names.VCS_REF_HEAD_TYPE: "branch",
            names.GNOMON_SKILLS_NAMES: list(skills),
            names.GNOMON_SKILLS_PATHS: [f"skills/{skill}/SKILL.md" for skill in skills],
            names.GNOMON_SKILLS_HASHES: hashes,
            names.GNOMON_SKILLS_HASH: hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest(),
        }
        return {str(name): value for name, value in said.items() if value is not None}

    def _test(self, within: TestSession, case: Case, begin: float, shift: float) -> TestResult:
        node_id = f"tests/test_routing.py::test_route[{case.id}]"
        own = test_span_id(within.run_id, MAIN_WORKER, node_id, 1)
        attempts, totals, children = [], Counter[str](), 0
        clock = begin
        for number, answer in enumerate(case.answers, start=1):
            current = CurrentTest(case.id, node_id, number, attempt_span_id(own, number))
            within.enter(lambda current=current: current)  # type: ignore[misc]
            emit_call(answer.call, shift)
            within.leave()
            children += current.children
            for call in current.take_calls():
                totals["calls"] += 1
                for key, value in call.items():
                    if isinstance(value, (int, float)) and not isinstance(value, bool):
                        totals[key] += value  # type: ignore[assignment]
            ended = clock + answer.call.duration + _OVERHEAD_SECONDS
            outcome = values.PASSED if answer.passed else values.FAILED
            attempts.append(TestAttempt(outcome, clock, ended, _error(answer)))
            clock = ended
        last = case.answers[-1]
        said = routing.expectation(skill=case.skill)
        if last.skill is not None:
            said |= routing.answer(last.skill)
        return TestResult(
            node_id=node_id,
            worker=MAIN_WORKER,
            execution=1,
            outcome=case.outcome,
            phase=None if last.passed else "call",
            start=begin,
            stop=clock,
            duration=clock - begin,
            call_duration=attempts[-1].stop - attempts[-1].start,
            attempts=attempts,
            error_type=_error(last),
            message=None if last.passed else _message(case, last),
            path="tests/test_routing.py",
            line=12,
            record={
                "case_id": case.id,
                "category": case.category,
                "routing": said,
                "totals": dict(totals),
                "children": children,
            },
        )

    def _finish(
        self, stem: str, resource: Mapping[str, Any], results: list[TestResult], times: tuple[float, float]
    ) -> None:
        started, ended = times
        skills = zip(
            resource[str(names.GNOMON_SKILLS_NAMES)], resource[str(names.GNOMON_SKILLS_HASHES)], strict=True
        )
        spans = RunSpans(
            run_id=resource[str(names.GNOMON_RUN_ID)],
            trace_id=resource[str(names.GNOMON_RUN_ID)],
            parent=None,
            suite=resource[str(names.TEST_SUITE_NAME)],
            sequence=resource[str(names.GNOMON_RUN_SEQUENCE)],
            skills_hash=resource[str(names.GNOMON_SKILLS_HASH)],
            skill_hashes=dict(skills),
            messages=self._settings.capture.failure_messages,
        )
        points = RunPoints(resource, self._settings.budgets.case_series)
        lines = []
        for result in results:
            points.add_result(result)
            lines += spans.test(result)
        failed = any(result.outcome == values.FAILED for result in results)
        ending = {
            str(names.TEST_SUITE_RUN_STATUS): "failure" if failed else "success",
            str(names.GNOMON_RUN_EXIT_CODE): int(failed),
            str(names.GNOMON_RUN_COLLECTED): len(results),
        }
        lines.append(spans.run(started, ended, ending, failed=failed))
        for path in self._spool.glob(f"{stem}.{MAIN_WORKER}.*traces.jsonl"):
            points.add_spans(journal.spans(path))
        line = points.line(
            _SCOPE, started=started, ended=ended, worker_seconds={MAIN_WORKER: ended - started}
        )
        files.write(self._spool / f"{stem}.metrics.jsonl", [line])
        whole = encode.traces_line(encode.resource(resource), _SCOPE, lines)
        files.write(self._spool / f"{stem}.traces.jsonl", [whole])

    def _truth(
        self,
        run: SuiteRun,
        run_id: str,
        resource: Mapping[str, Any],
        times: tuple[float, float],
        shift: float,
    ) -> Mapping[str, Any]:
        answered = [case for case in run.cases if case.answers[-1].skill is not None]
        calls: Measures = {}
        for answer in (answer for case in run.cases for answer in case.answers):
            count_call(calls, answer.call, shift)
        return {
            "run_id": run_id,
            "suite": run.suite.name,
            "department": run.suite.department,
            "agent": run.suite.agent,
            "environment": self._scenario.tests.environment,
            "number": run.number,
            "revision": resource[str(names.VCS_REF_HEAD_REVISION)],
            "started": moment_text(times[0]),
            "ended": moment_text(times[1]),
            "tests": dict(Counter(case.outcome for case in run.cases)),
            "verdicts": {
                "right": sum(case.answers[-1].passed for case in answered),
                "wrong": sum(not case.answers[-1].passed for case in answered),
            },
            "unanswered": len(run.cases) - len(answered),
            "reruns": sum(len(case.answers) - 1 for case in run.cases),
            "failed_cases": [case.id for case in run.cases if case.outcome == values.FAILED],
            **calls,
        }


def _error(answer: Answer) -> str | None:
    if answer.passed:
        return None
    return "APIError" if answer.skill is None else "AssertionError"


def _message(case: Case, answer: Answer) -> str:
    if answer.skill is None:
        return f"the model call failed: {answer.call.error_type}"
    return f"expected {case.skill}, got {answer.skill}"
