"""Requests of agents outside of test runs, planted as rows into a store."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert

from gnomon_analysis.store import Store, schema
from tests.attribution.planted import DAY, SECOND, START

HOUR = DAY // 24
# A Monday, at midnight UTC.
MONDAY = START // DAY * DAY - DAY


@dataclass(frozen=True)
class Level:
    """What an agent comes to: share of requests that fail, factors of its time, tokens and money."""

    failed: float = 0.03
    slow: float = 1.0
    tokens: float = 1.0
    retries: float = 0.02
    model: str = "m-1"


@dataclass(frozen=True)
class Agent:
    """An agent, which levels it has from which hour on, and what was deployed at which hour.

    A deployment is a version, or a version and the commit that it was made of.
    """

    name: str = "desk"
    department: str = "support"
    levels: Mapping[float, Level] = field(default_factory=lambda: {0: Level()})
    deployed: Mapping[float, tuple[str | None, str | None]] = field(
        default_factory=lambda: {0: ("1.0", None)}
    )
    an_hour: int = 12
    swing: float = 0.0
    """How much slower and busier it is at noon than on average, and the other way at midnight."""


def plant(store: Store, *agents: Agent, hours: int, seed: int = 1, every: int = 1) -> None:
    """Requests of some hours, `an_hour` each in every so many hours; two model calls a request."""
    steps: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for place, agent in enumerate(agents):
        chance = random.Random(f"{seed}/{place}")
        for hour in range(0, hours, every):
            cycle = 1 + agent.swing * math.cos(2 * math.pi * (hour % 24 - 12) / 24)
            for number in range(max(1, round(agent.an_hour * cycle))):
                when = hour + chance.random()
                key = {
                    "trace_id": f"{seed:04x}{place:04x}{hour:012x}{number:012x}",
                    "environment": "production",
                    "department": agent.department,
                    "agent": agent.name,
                }
                began = MONDAY + round(when * HOUR)
                level = _since(agent.levels, when)
                version, revision = _since(agent.deployed, when)
                spent = [level.slow * cycle * chance.lognormvariate(0, 0.4) for _ in range(2)]
                steps.append(
                    {
                        **key,
                        "span_id": "1" * 16,
                        "kind": "agent",
                        "name": f"invoke_agent {agent.name}",
                        "agent_version": version,
                        "started_ns": began,
                        "ended_ns": began + round((sum(spent) + 0.5) * SECOND),
                        "status": "error" if chance.random() < level.failed else "unset",
                        "attributes": {"vcs.ref.head.revision": revision} if revision else None,
                    }
                )
                for call, seconds in enumerate(spent):
                    tried = 1 + (chance.random() < level.retries)
                    tokens = round(900 * level.tokens * chance.lognormvariate(0, 0.3))
                    calls.append(
                        {
                            **key,
                            "span_id": f"{call + 2:016x}",
                            "parent_span_id": "1" * 16,
                            "provider": "vendor",
                            "request_model": level.model,
                            "started_ns": began,
                            "ended_ns": began + round(seconds * SECOND),
                            "attempts": tried,
                            "retries": tried - 1,
                            "input_tokens": tokens,
                            "output_tokens": 100,
                            "cost_usd": (tokens + 500) * 1e-6,
                        }
                    )
    with store.engine.begin() as connection:
        connection.execute(insert(schema.spans), steps)
        connection.execute(insert(schema.model_calls), calls)


def _since(values: Mapping[float, Any], when: float) -> Any:
    return values[max(since for since in values if since <= when)]
