"""The boards of agents in operation and of the stack show what happened, on a real Prometheus."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest

from tests.dashboards.grafana import OF_OPERATION, Asked, View, queries
from tests.dashboards.operation import HOUR, LASTED, Operation, operate, record
from tests.promql import servers

ALL: dict[str, Any] = dict.fromkeys(("environment", "department", "agent"))
ASKED = queries("prometheus", OF_OPERATION)
# A week of a department cannot be compared after three hours.
NOT_YET = ("week_over_week",)


@pytest.fixture(scope="module")
def operation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    folder = tmp_path_factory.mktemp("operation")
    now = float(math.floor(time.time() / 60) * 60)
    agents, data = operate(folder, now)
    record(folder, data, now - LASTED, now)
    with servers.prometheus(folder, "{}", data=data) as address:
        yield Operation(address, agents, now)


def answer(operation: Operation, asked: Asked, seconds: float = LASTED, **chosen: Any) -> dict[Any, Any]:
    view = View(operation.now - seconds, operation.now, {**ALL, **chosen})
    expression = view.promql(asked)
    promql_parser.parse(expression)
    if asked.instant:
        return servers.query(operation.address, expression, view.end)
    step = view.step(asked.interval)
    return servers.query_range(operation.address, expression, view.start, view.end, step)


def number(operation: Operation, title: str, **chosen: Any) -> float:
    (asked,) = (one for one in ASKED if one.panel == title)
    (found,) = answer(operation, asked, **chosen).values()
    return float(found)


@pytest.mark.parametrize(
    "asked", [one for one in ASKED if not any(word in one.text for word in NOT_YET)], ids=str
)
def test_every_panel_finds_something(asked: Asked, operation: Operation) -> None:
    """Every expression parses and has an answer while agents work, whatever is chosen."""
    assert answer(operation, asked)
    if asked.board == "fleet":
        assert answer(operation, asked, agent=["triage"], department=["support"], environment=["prod"])


CHOICES: list[dict[str, Any]] = [
    {},
    {"gnomon_department": "sales"},
    {"gnomon_department": "sales", "deployment_environment_name": "test"},
    {"gen_ai_agent_name": "triage"},
]
VARIABLES = {
    "gnomon_department": "department",
    "deployment_environment_name": "environment",
    "gen_ai_agent_name": "agent",
}


@pytest.mark.parametrize("labels", CHOICES, ids=lambda labels: " ".join(labels.values()) or "all")
def test_headlines_are_what_happened(labels: dict[str, str], operation: Operation) -> None:
    """Requests, failures, calls, retries, tokens and money of what is chosen, right up to one percent."""
    chosen = {VARIABLES[label]: [value] for label, value in labels.items()}

    def true(what: str) -> float:
        return operation.true(what, **labels)

    def shown(title: str) -> float:
        return number(operation, title, **chosen)

    def near(value: float) -> object:
        return pytest.approx(value, rel=0.01)

    assert shown("Requests") == near(true("requests"))
    assert shown("Cost") == near(true("cost"))
    assert shown("Tokens") == near(true("tokens"))
    assert shown("Cost per request") == near(true("cost") / true("requests"))
    assert shown("Retries per call") == near(true("retries") / true("calls"))
    assert shown("Failed requests") == near(100 * true("failed requests") / true("requests"))
    assert shown("Failed model calls") == near(100 * true("failed calls") / true("calls"))
    assert shown("Input from the cache") == near(40)
    agents = [agent for agent in operation.agents if labels.items() <= agent.who.items()]
    assert shown("Agents at work") == len(agents)


def test_rows_of_tables_are_departments_and_agents(operation: Operation) -> None:
    """One row each, with its own numbers; latencies lie in the bucket in which all calls were."""
    by_panel = {(one.panel, one.ref): answer(operation, one) for one in ASKED if one.board == "fleet"}
    for labels, value in by_panel["Departments", "A"].items():
        department = dict(labels)["gnomon_department"]
        assert value == pytest.approx(operation.true("requests", gnomon_department=department), rel=0.01)
    assert len(by_panel["Departments", "A"]) == 2
    rows = by_panel["Agents", "A"]
    assert len(rows) == len(operation.agents)
    for agent in operation.agents:
        key = tuple(sorted(agent.who.items()))
        assert rows[key] == pytest.approx(agent.truth["requests"], rel=0.01)
        assert by_panel["Agents", "D"][key] == pytest.approx(agent.truth["cost"], rel=0.01)
        assert 0.5 < by_panel["Agents", "C"][key] <= 1
    failing = {dict(labels)["gen_ai_agent_name"] for labels in by_panel["Agents", "E"]}
    assert failing == {"triage", "clerk"}


def test_recorded_windows_are_what_happened(operation: Operation) -> None:
    """What the rules keep of hours and days is what the agents did, up to a percent."""
    at = operation.now
    for agent in operation.agents:
        chosen = ",".join(f'{label}="{value}"' for label, value in agent.who.items())

        def recorded(name: str, chosen: str = chosen) -> float:
            (value,) = servers.query(operation.address, f"{name}{{{chosen}}}", at).values()
            return value

        truth = agent.truth
        assert recorded("agent:invocations:6h") == pytest.approx(truth["requests"], rel=0.01)
        assert recorded("agent:model_calls:1d") == pytest.approx(truth["calls"], rel=0.01)
        share = truth.get("failed requests", 0) / truth["requests"]
        assert recorded("agent:invocation_errors:ratio_3d") == pytest.approx(share, rel=0.01)
        assert recorded("agent:model_call_errors:ratio_6h") == pytest.approx(
            truth.get("failed calls", 0) / truth["calls"], rel=0.01
        )
    for department in ("support", "sales"):
        found = servers.query(
            operation.address, f'department:cost_usd:1d{{gnomon_department="{department}"}}', at
        )
        (value,) = found.values()
        assert value == pytest.approx(operation.true("cost", gnomon_department=department), rel=0.01)


def test_the_stack_board_counts_what_was_lost(operation: Operation) -> None:
    """Losses of the time range are added up over their kinds; parts that answer are counted."""
    (asked,) = (one for one in ASKED if (one.board, one.panel) == ("stack", "Telemetry lost"))
    (lost,) = answer(operation, asked, seconds=HOUR).values()
    assert lost == pytest.approx(4 * 1800, rel=0.02)
    assert number(operation, "Parts up") == 1
