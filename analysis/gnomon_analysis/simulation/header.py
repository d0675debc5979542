"""What a truth file says of the simulation as a whole: what it was, and what was planted in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gnomon_analysis.simulation.fleet import Fleet
from gnomon_analysis.simulation.plan import Planner
from gnomon_analysis.simulation.simulation import Outcome, Wish
from gnomon_analysis.simulation.suite_runs import RunPlanner
from gnomon_analysis.simulation.truth import moment_text
from gnomon_analysis.simulation.weather import Weather


def header(wish: Wish, outcomes: Sequence[Outcome], shift: Callable[[float], float]) -> Mapping[str, Any]:
    """The beginning of the truth file; `shift` gives the seconds from a simulated moment to its stamp."""
    scenario = wish.scenario
    clock = max(outcome.clock for outcome in outcomes)
    spans = {"emitted": sum(outcome.counted.spans for outcome in outcomes)}
    for name in ("written", "dropped"):
        spans[name] = sum(outcome.account[name] for outcome in outcomes)
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "agents": scenario.agents,
        "simulated": {"from": moment_text(wish.began), "to": moment_text(clock)},
        "stamped": {
            "from": moment_text(min(outcome.stamped[0] for outcome in outcomes)),
            "to": moment_text(max(outcome.stamped[1] for outcome in outcomes)),
        },
        "complete": wish.until is not None and all(outcome.clock >= wish.until for outcome in outcomes),
        "spans": spans,
        **_planted(wish, clock, shift),
    }


def _planted(wish: Wish, clock: float, shift: Callable[[float], float]) -> dict[str, Any]:
    def stamp(moment: float) -> str:
        return moment_text(moment + shift(moment))

    weather = Weather(wish.scenario, wish.began)
    incidents = [
        {
            "name": incident.name,
            "kind": incident.kind,
            "provider": incident.provider,
            "model": incident.model,
            "tool": incident.tool,
            "from": stamp(begin),
            "to": stamp(end),
        }
        for incident, begin, end in weather.occurrences(clock)
    ]
    deployments = [
        {
            "name": deployment.name,
            "agent": deployment.agent,
            "version": deployment.version,
            "at": stamp(moment),
            "failed_points": deployment.failed_points,
            "latency_factor": deployment.latency_factor,
            "cost_factor": deployment.cost_factor,
        }
        for deployment, moment in weather.deployed(wish.scenario, clock)
    ]
    return {"incidents": incidents, "deployments": deployments, "planted": _in_tests(wish, weather)}


def _in_tests(wish: Wish, weather: Weather) -> dict[str, Any]:
    """The flaky cases of each suite, and where a skill was broken."""
    scenario = wish.scenario
    suites = scenario.tests.suites
    if not wish.test_runs or not suites:
        return {"flaky": {}, "regression": None}
    fleet = Fleet(scenario)
    runs = RunPlanner(scenario, fleet, Planner(scenario, fleet, weather))
    return {
        "flaky": {suite.name: runs.flaky(place) for place, suite in enumerate(suites)},
        "regression": {
            "suite": suites[0].name,
            "skill": runs.broken_skill,
            "from_run": runs.broken_from(-(-wish.test_runs // len(suites))),
        },
    }
