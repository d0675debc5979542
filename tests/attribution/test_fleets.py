"""What agents do outside of test runs, and the versions that likely moved it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import insert

from gnomon.settings import Settings
from gnomon_analysis.attribution import Finding, findings, update_fleets
from gnomon_analysis.store import Store, schema
from tests.attribution.planted import DAY, SECOND, START

DAYS = 30


def fleet(
    store: Store,
    *,
    deployed: dict[int, str],
    slow: tuple[int, float] = (DAYS, 1.0),
    model: tuple[int, str] = (DAYS, "m-2"),
    agent: str = "desk",
    department: str = "support",
    seed: int = 1,
) -> None:
    """Twelve requests a day; from day `slow[0]` on so many times as slow, from `model[0]` by another."""
    chance = random.Random(seed)
    steps: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    version = ""
    for day in range(DAYS):
        version = deployed.get(day, version)
        for number in range(12):
            began = START // DAY * DAY + day * DAY + number * 7000 * SECOND
            key = {"trace_id": f"{seed:04x}{day:04x}{number:024x}", "environment": "production"}
            key |= {"department": department, "agent": agent}
            factor = slow[1] if day >= slow[0] else 1.0
            steps.append(
                {
                    **key,
                    "span_id": "1" * 16,
                    "kind": "agent",
                    "name": "invoke_agent",
                    "agent_version": version,
                    "started_ns": began,
                    "ended_ns": began + SECOND,
                    "status": "ok",
                }
            )
            calls += [
                {
                    **key,
                    "span_id": f"{call + 2:016x}",
                    "provider": "vendor",
                    "request_model": model[1] if day >= model[0] else "m-1",
                    "started_ns": began,
                    "ended_ns": began + SECOND,
                    "attempts": 1,
                    "retries": 0,
                    "api_latency": factor * chance.lognormvariate(0, 0.3),
                    "input_tokens": round(900 * chance.lognormvariate(0, 0.1)),
                    "output_tokens": 100,
                    "cost_usd": 0.002 * chance.lognormvariate(0, 0.1),
                }
                for call in range(2)
            ]
    with store.engine.begin() as connection:
        connection.execute(insert(schema.spans), steps)
        connection.execute(insert(schema.model_calls), calls)


def looked(store: Store, settings: Settings) -> list[Finding]:
    update_fleets(store, settings, now_ns=START + 100 * DAY)
    return [one for one in findings(store) if one.told]


def test_a_version_that_slows_an_agent_is_named(any_store: Store, settings: Settings) -> None:
    """On both databases: the version, the agent, the size; other metrics are left alone."""
    fleet(any_store, deployed={0: "1.0", 7: "1.1", 16: "2.0", 24: "2.1"}, slow=(16, 1.8))

    (finding,) = looked(any_store, settings)

    assert (finding.metric, finding.verdict, finding.scope_kind, finding.scope) == (
        "latency",
        "regression",
        "agent",
        "desk",
    )
    assert (finding.revision, finding.suite, finding.agent) == ("desk 2.0", None, "desk")
    assert (finding.department, finding.environment) == ("support", "production")
    assert (finding.before_revision, finding.after_revision) == ("desk 1.1", "desk 2.0")
    assert finding.before == pytest.approx(2.1, abs=0.3)
    assert finding.after == pytest.approx(3.8, abs=0.5)
    assert finding.sentence.startswith("Version desk 2.0 likely raised latency of the agent desk by ")
    assert "sure that it is this version" in finding.sentence


def test_without_a_deployment_no_version_is_blamed(store: Store, settings: Settings) -> None:
    """A movement where nothing was deployed names nobody and says when it was."""
    fleet(store, deployed={0: "1.0"}, slow=(16, 2.0))

    (finding,) = looked(store, settings)

    assert (finding.revision, finding.p_commit, finding.candidates) == (None, None, ())
    assert "where no version stands out" in finding.sentence
    assert "2023-11-30" in finding.sentence


def test_another_model_is_no_version(store: Store, settings: Settings) -> None:
    """A movement that comes with another model is `upstream`, though a version came with it."""
    fleet(store, deployed={0: "1.0", 16: "2.0"}, slow=(16, 1.8), model=(16, "m-2"))

    told = [one for one in looked(store, settings) if one.scope_kind == "agent"]

    assert [(one.verdict, one.revision) for one in told] == [("upstream", None)]
    assert "the model changed from m-1 to m-2" in told[0].sentence


def test_departments_and_models_of_several_agents(store: Store, settings: Settings) -> None:
    """What all agents of a department share is told of the department and of the model, too."""
    for number, agent in enumerate(("desk", "shop", "post")):
        fleet(store, deployed={0: "1.0", 12: "1.1"}, slow=(12, 2.0), agent=agent, seed=number + 1)

    told = {(one.scope_kind, one.scope, one.metric) for one in looked(store, settings)}

    assert told == {
        *(("agent", agent, "latency") for agent in ("desk", "shop", "post")),
        ("department", "support", "latency"),
        ("model", "m-1", "latency"),
    }


def test_nothing_new_is_not_looked_at_again(store: Store, settings: Settings) -> None:
    """A second look without new calls changes nothing; nor does a store without any."""
    assert update_fleets(store, settings, now_ns=START).found == []
    fleet(store, deployed={0: "1.0", 16: "2.0"}, slow=(16, 1.8))
    (finding,) = looked(store, settings)
    again = update_fleets(store, settings, now_ns=START + 101 * DAY)
    whole = update_fleets(store, settings, now_ns=START + 102 * DAY, whole=True)
    assert (again.moved, whole.found, whole.withdrawn) == ([], [], [])
    assert [one.impact_id for one in findings(store) if one.told] == [finding.impact_id]
