"""What happens in one request, decided before it is recorded. Times are Unix seconds, durations seconds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from gnomon import Usage, error_types
from gnomon_analysis.simulation.fleet import Agent, Fleet, Place
from gnomon_analysis.simulation.scenario import Scenario
from gnomon_analysis.simulation.weather import Release, Weather

_STATUS = {error_types.RATE_LIMITED: 429, error_types.SERVER: 503, error_types.CLIENT: 400}
# What fails on an ordinary day, and how often beside the others.
_ORDINARY = (
    error_types.SERVER,
    error_types.RATE_LIMITED,
    error_types.CONNECTION,
    error_types.TIMEOUT,
    error_types.CLIENT,
)
_ORDINARY_WEIGHTS = (45, 30, 12, 8, 5)
_TIMEOUT_SECONDS = 10.0
_REFUSAL_SECONDS = 0.15
_FIRST_GAP_SECONDS = 0.5
_TOOL_SECONDS = 0.25
_SKILL_SECONDS = 0.02
_SHARE_CACHED = 0.75
# A failed tool is worked around as often as not.
_HARMLESS = 0.5


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a model call; `error_type` is empty on success."""

    gap: float
    latency: float
    status: int | None
    error_type: str


@dataclass(frozen=True, slots=True)
class Call:
    """A model call; `usage` is None where it failed."""

    start: float
    duration: float
    provider: str
    model: str
    attempts: tuple[Attempt, ...]
    usage: Usage | None
    error_type: str
    first_chunk: float | None


@dataclass(frozen=True, slots=True)
class Tool:
    """A call of a tool."""

    start: float
    duration: float
    name: str
    error_type: str


@dataclass(frozen=True, slots=True)
class Skill:
    """A use of a skill, with the tool that was called in it, if one was."""

    start: float
    duration: float
    name: str
    tools: tuple[Tool, ...]


Step = Call | Tool | Skill


@dataclass(frozen=True, slots=True)
class Request:
    """An agent's work on one request."""

    start: float
    duration: float
    agent: Agent
    environment: str
    version: str
    steps: tuple[Step, ...]
    error_type: str

    @property
    def end(self) -> float:
        """When it is over."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class Task:
    """A request, or a workflow of two: what is recorded in one go when it is over."""

    workflow: str
    requests: tuple[Request, ...]

    @property
    def start(self) -> float:
        """When it came in."""
        return self.requests[0].start

    @property
    def end(self) -> float:
        """When it is over."""
        return self.requests[-1].end

    @property
    def error_type(self) -> str:
        """Why it failed; empty if it did not."""
        return self.requests[-1].error_type


class Planner:
    """Decides what happens in each request of a scenario.

    Each request has chance of its own, by its number, so that it is the same whatever else is planned.
    """

    def __init__(self, scenario: Scenario, fleet: Fleet, weather: Weather) -> None:
        self._scenario = scenario
        self._weather = weather
        self._chance = Random()  # noqa: S311 - nothing secret hangs on it
        self._colleagues: defaultdict[tuple[str, str], list[Agent]] = defaultdict(list)
        for place in fleet.places:
            self._colleagues[place.agent.department, place.environment].append(place.agent)

    def task(self, number: int, start: float, place: Place) -> Task:
        """The task that comes in at a moment, the `number`-th of the simulation."""
        chance = self._chance
        chance.seed(self._scenario.seed << 64 | number)
        agent, environment = place.agent, place.environment
        workflow = chance.random() * 100 < self._scenario.work.workflow_percent
        requests = [self._request(start, agent, environment)]
        if workflow and not requests[0].error_type:
            colleague = chance.choice(self._colleagues[agent.department, environment])
            requests.append(self._request(requests[0].end, colleague, environment))
        return Task(agent.workflow if workflow else "", tuple(requests))

    def begin(self, what: str) -> None:
        """Takes up the chance that belongs to something else than a task, such as a run of tests."""
        self._chance.seed(f"{self._scenario.seed}/{what}")

    def call(self, start: float, agent: Agent) -> Call:
        """One more model call of an agent."""
        return self._call(start, agent, self._weather.release(agent.name, start))

    def _request(self, start: float, agent: Agent, environment: str) -> Request:
        release = self._weather.release(agent.name, start)
        steps, end, error_type = [], start + 0.005, ""
        for step in self._steps(start + 0.005, agent, release):
            steps.append(step)
            end = step.start + step.duration
            if isinstance(step, Call):
                error_type = step.error_type
            elif self._spoiled(step):
                error_type = error_types.TOOL
            if error_type:
                break
        failed = self._scenario.work.failed_percent / 100 + release.failed
        if not error_type and self._chance.random() < failed:
            error_type = error_types.OTHER
        duration = end + 0.005 - start
        return Request(start, duration, agent, environment, release.version, tuple(steps), error_type)

    def _spoiled(self, step: Tool | Skill) -> bool:
        tools = (step,) if isinstance(step, Tool) else step.tools
        return any(tool.error_type for tool in tools) and self._chance.random() >= _HARMLESS

    def _steps(self, clock: float, agent: Agent, release: Release) -> Iterator[Step]:
        chance, work = self._chance, self._scenario.work
        calls, tools = 1 + self._count(work.model_calls - 1), self._count(work.tool_calls)
        yield (step := self._call(clock, agent, release))
        clock = step.start + step.duration
        if chance.random() * 100 < work.skill_percent:
            inside = (self._tool(clock + _SKILL_SECONDS, agent),) if tools else ()
            tools -= len(inside)
            duration = _SKILL_SECONDS * 2 + sum(tool.duration for tool in inside)
            yield (skill := Skill(clock, duration, chance.choice(agent.skills), inside))
            clock = skill.start + skill.duration
        for _ in range(max(calls - 1, tools)):
            if tools > 0:
                tools -= 1
                yield (tool := self._tool(clock, agent))
                clock = tool.start + tool.duration
            if calls > 1:
                calls -= 1
                yield (step := self._call(clock, agent, release))
                clock = step.start + step.duration

    def _count(self, mean: float) -> int:
        """A Poisson variate (Knuth's way, for small means)."""
        limit, product, number = math.exp(-mean), self._chance.random(), 0
        while product > limit:
            product *= self._chance.random()
            number += 1
        return number

    def _tool(self, start: float, agent: Agent) -> Tool:
        chance = self._chance
        name = chance.choice(agent.tools)
        share = max(self._scenario.work.tool_failed_percent / 100, self._weather.broken(name, start))
        duration = _TOOL_SECONDS * chance.lognormvariate(0, 0.7)
        return Tool(start, duration, name, error_types.TOOL if chance.random() < share else "")

    # --- model calls -------------------------------------------------------------------------------

    def _call(self, start: float, agent: Agent, release: Release) -> Call:
        usage = self._usage(start, agent, release)
        slowness = self._weather.slowness(agent.provider, agent.model.name, start) * release.latency_factor
        waiting = agent.model.latency_seconds * self._chance.lognormvariate(0, 0.4) * slowness
        seconds = waiting + usage.output / agent.model.tokens_per_second * slowness
        attempts = tuple(self._attempts(start, agent, seconds))
        duration = sum(attempt.gap + attempt.latency for attempt in attempts)
        error_type = attempts[-1].error_type
        streamed = self._chance.random() * 100 < self._scenario.calls.streamed_percent
        return Call(
            start,
            duration,
            agent.provider,
            agent.model.name,
            attempts,
            None if error_type else usage,
            error_type,
            duration - seconds + waiting if streamed and not error_type else None,
        )

    def _usage(self, start: float, agent: Agent, release: Release) -> Usage:
        chance, calls = self._chance, self._scenario.calls
        factor = agent.token_factor * release.cost_factor
        longer = factor * self._weather.drift(start)
        whole = 1 + int(calls.input_tokens * longer * chance.lognormvariate(0, 0.6))
        output = 1 + int(calls.output_tokens * factor * chance.lognormvariate(0, 0.7))
        kept = int(whole * _SHARE_CACHED)
        cached = chance.random() * 100 < calls.cached_percent
        reasoned = chance.random() * 100 < calls.reasoning_percent
        return Usage(
            whole,
            output,
            cache_read=kept if cached else 0,
            # What was not in the cache is put there now and then.
            cache_write=kept if not cached and chance.random() < 0.25 else 0,
            reasoning=output // 2 if reasoned else 0,
        )

    def _attempts(self, start: float, agent: Agent, seconds: float) -> Iterator[Attempt]:
        chance, clock, gap = self._chance, start, 0.0
        for number in range(self._scenario.calls.attempts):
            error_type = self._failure(agent, clock)
            if not error_type:
                yield Attempt(gap, seconds, 200, "")
                return
            latency = _TIMEOUT_SECONDS if error_type == error_types.TIMEOUT else _REFUSAL_SECONDS
            latency *= chance.uniform(0.7, 1.3)
            yield Attempt(gap, latency, _STATUS.get(error_type), error_type)
            if error_type == error_types.CLIENT:  # asking again would not help
                return
            gap = _FIRST_GAP_SECONDS * 2**number * chance.uniform(0.8, 1.2)
            clock += latency + gap

    def _failure(self, agent: Agent, moment: float) -> str:
        chance = self._chance
        for error_type, share in self._weather.failing(agent.provider, agent.model.name, moment):
            if chance.random() < share:
                return error_type
        if chance.random() * 100 < self._scenario.calls.attempt_failed_percent:
            return str(chance.choices(_ORDINARY, _ORDINARY_WEIGHTS)[0])
        return ""
