"""A suite whose every outcome, answer, token and cent is told beforehand, and what they come to.

The suite reads a plan; the facts are counted from the same plan by this module, which uses no code of the
package under test.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

SETTINGS: Final = """
    project: {name: desk}
    suites:
      - {name: routing, paths: ["test_routing.py"]}
      - {name: tools, paths: ["test_tools.py"]}
    costs: {source: provider}
"""

SUITE: Final = """
    import json
    import os
    import signal
    from pathlib import Path

    import pytest

    import gnomon

    PLAN = json.loads(Path(os.environ["PLANTED"]).read_text())
    TRIED = set()


    def ask(call):
        with gnomon.model_call(call["model"], provider="anthropic") as made:
            for status in call["statuses"]:
                with made.attempt() as attempt:
                    attempt.answered(status)
            made.tokens(input=call["input"], output=call["output"], cache_read=call["cached"])
            if call["cost"] is not None:
                made.cost_usd(call["cost"])
            if call["statuses"][-1] >= 400:
                made.fail("server_5xx")


    @pytest.fixture
    def prepared(row):
        if row["kind"] == "error":
            raise RuntimeError("no machine")


    def run(row, request, gnomon_test):
        kind = row["kind"]
        if row["skill"] is not None:
            gnomon_test.expect(
                row["skill"] or None,
                category=row["category"],
                case_id=row["case"],
                clarification=row["question"],
            )
        if kind == "skipped":
            pytest.skip("later")
        for call in row["calls"]:
            ask(call)
        if row["answer"] is not None:
            gnomon_test.routed(row["answer"] or None, clarified=row["asked"])
        if row["tools"]:
            expected = [f"tool {number}" for number in range(row["tools"])]
            gnomon_test.tools(expected=expected, matched=expected[: row["matched"]])
        if kind in ("xfailed", "xpassed"):
            request.node.add_marker(pytest.mark.xfail(reason="known"))
        if kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        assert kind not in ("failed", "xfailed")


    def named(kinds):
        rows = [row for row in PLAN if (row["kind"] == "shaky") == kinds]
        return pytest.mark.parametrize("row", rows, ids=lambda row: row["case"])


    @named(False)
    def test_case(row, prepared, request, gnomon_test):
        run(row, request, gnomon_test)


    if any(row["kind"] == "shaky" for row in PLAN):

        @named(True)
        @pytest.mark.flaky(reruns=1)
        def test_shaky(row, request, gnomon_test):
            run(row, request, gnomon_test)
            tried = row["case"] in TRIED
            TRIED.add(row["case"])
            assert tried
"""

KINDS: Final = (
    *("passed",) * 12,
    *("failed",) * 4,
    *("error", "skipped", "xfailed", "xpassed", "shaky"),
)
SKILLS: Final = ("refunds", "shipping", "invoices")
CATEGORIES: Final = ("direct", "negative", "workflow")
MODELS: Final = ("claude-haiku-4-5", "claude-sonnet-4-5")
UNPRICED: Final = "in-house"
STATUSES: Final = ([200], [200], [200], [429, 200], [500, 429, 200], [429, 429, 200], [503, 500])
REASONS: Final = {429: "rate_limited", 500: "server_5xx", 503: "server_5xx"}
NONE: Final = "none"


@dataclass(frozen=True)
class Call:
    """One model call: the statuses of its attempts, its tokens, its cost as the provider told it."""

    model: str
    statuses: Sequence[int]
    input: int
    output: int
    cached: int
    cost: float | None

    @property
    def error(self) -> str:
        return REASONS.get(self.statuses[-1], NONE)

    @property
    def reasons(self) -> list[str]:
        """What made each further attempt necessary."""
        return [REASONS[status] for status in self.statuses[:-1]]


@dataclass(frozen=True)
class Row:
    """One test. `skill` is None for no routing test and empty for "no skill"; `answer` likewise."""

    case: str
    kind: str
    skill: str | None
    category: str
    question: bool
    answer: str | None
    asked: bool
    tools: int
    matched: int
    calls: Sequence[Call]


@dataclass(frozen=True)
class Fact:
    """What became of one test, in the words of labels. `correct` is None without an answer."""

    suite: str
    environment: str
    case: str
    outcome: str
    category: str
    skill: str
    routing: bool
    answer: str
    correct: bool | None
    question: bool
    asked: bool
    tools: int
    matched: int
    reruns: int
    calls: Sequence[Call]


@dataclass(frozen=True)
class Plan:
    """One run: its tests, how pytest is called, where it runs."""

    number: int
    suite: str
    rows: Sequence[Row]
    workers: int = 0
    stops_at_first: bool = False
    environment: str = "test"

    def write(self, folder: Path) -> Path:
        path = folder / f"plan-{self.number}.json"
        path.write_text(json.dumps([asdict(row) for row in self.rows]))
        return path

    @property
    def arguments(self) -> list[str]:
        """What pytest is called with."""
        workers = ("-n", str(self.workers)) if self.workers else ()
        return [f"test_{self.suite}.py", *workers, *(("-x",) if self.stops_at_first else ())]

    def facts(self) -> list[Fact]:
        """What becomes of each test; behind the first that goes wrong of a run that stops there, nothing."""
        found: list[Fact] = []
        stopped = False
        # The suite's functions run one after the other.
        for row in sorted(self.rows, key=lambda row: row.kind == "shaky"):
            fact = _fact(self.suite, self.environment, row)
            found.append(_never(fact) if stopped else fact)
            stopped |= self.stops_at_first and fact.outcome in ("failed", "error")
        return found


OUTCOMES: Final = {"shaky": "passed", "killed": "crashed"}


def _fact(suite: str, environment: str, row: Row) -> Fact:
    outcome = OUTCOMES.get(row.kind, row.kind)
    ran = row.kind not in ("error", "skipped")
    # What a test says of itself travels on its report; a process that is killed sends none.
    known = row.skill is not None and row.kind not in ("error", "killed")
    answered = known and ran and row.answer is not None
    attempts = 2 if row.kind == "shaky" else 1
    return Fact(
        suite=suite,
        environment=environment,
        case=row.case,
        outcome=outcome,
        category=row.category if known else NONE,
        skill=(row.skill or NONE) if known else NONE,
        routing=known,
        answer=(row.answer or NONE) if answered else NONE,
        correct=(row.answer == row.skill and row.asked == row.question) if answered else None,
        question=row.question,
        asked=row.asked,
        tools=row.tools if ran and row.kind != "killed" else 0,
        matched=row.matched if ran and row.kind != "killed" else 0,
        reruns=attempts - 1,
        calls=[*row.calls] * attempts if ran else [],
    )


def _never(fact: Fact) -> Fact:
    return replace(
        fact,
        outcome="not_run",
        category=NONE,
        skill=NONE,
        routing=False,
        answer=NONE,
        correct=None,
        tools=0,
        matched=0,
        reruns=0,
        calls=[],
    )


def plans(runs: int, tests: int, seed: int) -> list[Plan]:
    """So many runs of so many tests together: some with workers, one of which dies, one stops early."""
    draw = random.Random(seed)
    sizes = [tests // runs + (number < tests % runs) for number in range(runs)]
    made = []
    for number, size in enumerate(sizes):
        rows = [_row(draw, f"C{place:03d}") for place in range(size)]
        if number == 1:
            # A worker is killed, and with it nothing but the test that it was at. It is the last one, for
            # pytest-xdist may give up the whole run when it has more to send to a worker that is dead.
            rows = [replace(row, kind="passed" if row.kind == "shaky" else row.kind) for row in rows]
            rows[-1] = replace(rows[-1], kind="killed")
        made.append(
            Plan(
                number,
                "tools" if number % 5 == 4 else "routing",
                rows,
                workers=2 if number % 3 == 1 else 0,
                stops_at_first=number == 2,
                environment="staging" if number % 4 == 3 else "test",
            )
        )
    return made


def _row(draw: random.Random, case: str) -> Row:
    kind = draw.choice(KINDS)
    if draw.random() < 0.2:
        # A test that says nothing, as most tests of most projects.
        plain = draw.choice(("passed", "passed", "failed"))
        return Row(case, plain, None, NONE, False, None, False, 0, 0, [])
    skill = draw.choice((*SKILLS, ""))
    question = not skill and draw.random() < 0.5
    right = draw.random() < 0.8
    answer = skill if right else draw.choice([other for other in (*SKILLS, "") if other != skill])
    # A question that was expected is a right answer; one that was not is none.
    asked = question if right else not question and draw.random() < 0.5
    tools = draw.choice((0, 0, 1, 3))
    return Row(
        case=case,
        kind=kind,
        skill=skill,
        category=draw.choice(CATEGORIES),
        question=question,
        answer=None if draw.random() < 0.1 else answer,
        asked=asked,
        tools=tools,
        matched=draw.randint(0, tools),
        calls=[_call(draw) for _ in range(draw.choice((0, 1, 1, 2)))],
    )


def _call(draw: random.Random) -> Call:
    tokens = draw.randint(200, 4000)
    priced = draw.random() < 0.8
    return Call(
        model=draw.choice(MODELS) if priced else UNPRICED,
        statuses=draw.choice(STATUSES),
        input=tokens,
        output=draw.randint(10, 500),
        cached=draw.choice((0, tokens // 2)),
        cost=round(draw.uniform(0.001, 0.09), 6) if priced else None,
    )
