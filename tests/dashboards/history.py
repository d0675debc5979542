"""Two weeks in the life of a routing suite: real runs under the plugin, moved back in time."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.plugin.project import Project

HOUR: Final = 3600
DAY: Final = 24 * HOUR

SETTINGS: Final = """
    project: {name: desk}
    environment: test
    suites:
      - {name: routing, paths: ["test_routing.py"]}
    routing: {confidence: true}
    skills: {paths: ["skills/*/SKILL.md"]}
"""

# What the router answers is told from outside, so that every number on a board is known beforehand.
SUITE: Final = """
    import os

    import pytest

    import gnomon

    MODEL = os.environ["MODEL"]
    WRONG = os.environ.get("WRONG", "").split()
    CASES = {
        "D01": ("direct", "refunds"),
        "D02": ("direct", "refunds"),
        "D03": ("direct", "shipping"),
        "D04": ("direct", "shipping"),
        "D05": ("direct", "invoices"),
        "N01": ("negative", None),
    }
    # Statuses that come before the answer.
    REFUSED = {"D02": [429], "D03": [500, 429]}


    def ask(case):
        with gnomon.model_call(MODEL) as call:
            for status in [*REFUSED.get(case, ()), 200]:
                with call.attempt() as attempt:
                    attempt.answered(status)
            call.tokens(input=1200, output=80, cache_read=1000)


    @pytest.mark.parametrize("case", CASES)
    def test_route(case, gnomon_test):
        category, skill = CASES[case]
        gnomon_test.expect(skill, category=category, case_id=case)
        ask(case)
        wrong = "invoices" if skill != "invoices" else "shipping"
        gnomon_test.routed(wrong if case in WRONG else skill, confidence=0.4 if case in WRONG else 0.9)
        assert gnomon_test.correct


    @pytest.mark.parametrize("case", ["C01", "C02"])
    def test_asks_back(case, gnomon_test):
        gnomon_test.expect(clarification=True, category="clarification", case_id=case)
        ask(case)
        gnomon_test.routed("refunds" if case in WRONG else None, clarified=case not in WRONG)
        assert gnomon_test.correct


    @pytest.mark.routing(skill="invoices", category="workflow", case_id="W01")
    def test_uses_tools(gnomon_test):
        ask("W01")
        matched = ["invoice show"] if "W01" in WRONG else ["invoice show", "invoice send"]
        gnomon_test.routed("invoices", confidence=0.8)
        gnomon_test.tools(expected=["invoice show", "invoice send"], matched=matched)


    @pytest.mark.routing(skill="shipping", category="direct", case_id="U01")
    def test_no_answer(gnomon_test):
        if "U01" in WRONG:
            raise TimeoutError("the router did not answer")
        gnomon_test.routed("shipping", confidence=0.7)


    @pytest.mark.skip(reason="later")
    def test_later(): ...


    @pytest.fixture
    def machine():
        if "broken" in WRONG:
            raise RuntimeError("no machine")


    def test_machine(machine):
        if "crash" in WRONG:
            os._exit(1)


    def test_stops():
        if "stop" in WRONG:
            pytest.exit("enough")


    def test_last(): ...
"""


@dataclass(frozen=True)
class Plan:
    """One run: when it ended, what it found there, which cases it got wrong."""

    ago: float
    wrong: str
    model: str
    commit: str
    branch: str = "main"
    release: str = ""
    options: tuple[str, ...] = ()


# The last week has five of the seven runs.
PLANS: Final = (
    Plan(9 * DAY, "D01 D02 C01", "claude-haiku-4-5", "first", release="1.0"),
    Plan(8 * DAY, "D01 D02 D03", "claude-haiku-4-5", "first", release="1.0"),
    Plan(3 * DAY, "D01 D03 N01 W01 broken", "claude-haiku-4-5", "second"),
    Plan(30 * HOUR, "D01 U01 stop", "claude-sonnet-4-5", "second"),
    Plan(5 * HOUR, "D02 crash", "claude-haiku-4-5", "second", branch="feature", options=("-n", "2")),
    Plan(1 * HOUR, "D01", "claude-sonnet-4-5", "third"),
    Plan(600, "C02", "claude-sonnet-4-5", "third", release="1.1"),
)


@dataclass
class History:
    """What was run: the spool files of all runs, the moment that counts as now, the commits by name."""

    spool: Path
    now: float
    revisions: dict[str, str] = field(default_factory=dict)


def play(folder: Path, plans: Sequence[Plan] = PLANS, settings: str = SETTINGS) -> History:
    """Runs the suite once for each plan and moves each run to its place in time."""
    project = Project(folder / "project", folder / "home")
    project.plugins = ("xdist",)
    project.write("gnomon.yaml", settings)
    project.write("test_routing.py", SUITE)
    history = History(folder / "moved", time.time())
    history.spool.mkdir()
    for plan in plans:
        if plan.commit not in history.revisions:
            for skill in ("refunds", "shipping", "invoices"):
                project.write(f"skills/{skill}/SKILL.md", f"---\nname: {skill}\n---\n# {plan.commit}\n")
            history.revisions[plan.commit] = project.commit(plan.commit)
        if project.git("rev-parse", "--abbrev-ref", "HEAD") != plan.branch:
            project.git("checkout", "--quiet", "-B", plan.branch)
        known = set(project.spool_names())
        done = project.pytest(
            "-q",
            *plan.options,
            env={
                "MODEL": plan.model,
                "WRONG": plan.wrong,
                "OTEL_RESOURCE_ATTRIBUTES": f"service.version={plan.release}" if plan.release else None,
            },
        )
        assert done.status in (0, 1, 2), done.output
        ended = time.time()
        for name in set(project.spool_names()) - known:
            if name.endswith(".jsonl"):
                _move(project.spool / name, history.spool / name, history.now - plan.ago - ended)
    return history


def _move(source: Path, target: Path, seconds: float) -> None:
    shift = round(seconds * 1e9)
    lines = source.read_text().splitlines()
    target.write_text("".join(json.dumps(_shifted(json.loads(line), shift)) + "\n" for line in lines))


def _shifted(value: Any, shift: int) -> Any:
    if isinstance(value, list):
        return [_shifted(item, shift) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("key") == "gnomon.run.started_at":
        return {"key": value["key"], "value": {"intValue": str(int(value["value"]["intValue"]) + shift)}}
    return {
        key: str(int(item) + shift)
        if key.endswith("UnixNano") and item not in ("0", "")
        else _shifted(item, shift)
        for key, item in value.items()
    }
