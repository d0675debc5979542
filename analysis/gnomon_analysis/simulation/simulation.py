"""The simulation itself: tasks and runs of tests in the order of their ends, emitted and counted."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gnomon.prices import load_overlay
from gnomon.settings import Settings
from gnomon.settings.model import Agent, Department, Organisation
from gnomon_analysis.simulation.emission import emit
from gnomon_analysis.simulation.fleet import Fleet
from gnomon_analysis.simulation.outlets import Outlet
from gnomon_analysis.simulation.plan import Planner, Task
from gnomon_analysis.simulation.scenario import Scenario
from gnomon_analysis.simulation.suite_runs import RunPlanner, RunWriter, SuiteRun
from gnomon_analysis.simulation.traffic import Rate, arrivals
from gnomon_analysis.simulation.truth import Counted, Truth
from gnomon_analysis.simulation.weather import Weather

_TELL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. Times are Unix seconds, simulated; `until` is None where only a signal ends it."""

    scenario: Scenario
    began: float
    until: float | None
    per_day: float
    flat: bool
    test_runs: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has come: simulated seconds of all, if there is an end, and tasks."""

    lapsed: float
    of: float | None
    requests: int


def organised(settings: Settings, scenario: Scenario) -> Settings:
    """The settings with the scenario's organisation, whose names then stand on metrics."""
    fleet = Fleet(scenario)
    organisation = Organisation(
        departments=tuple(Department(name=department.name) for department in scenario.departments),
        agents=tuple(Agent(name=agent.name, department=agent.department) for agent in fleet.agents.values()),
    )
    return replace(settings, organisation=organisation)


@dataclass(frozen=True, slots=True)
class Share:
    """The departments that one of several processes simulates; the first has the runs of tests, too."""

    number: int = 0
    of: int = 1

    def departments(self, scenario: Scenario) -> frozenset[str]:
        """Its departments: the largest first, each to whoever has least so far."""
        loads = [0.0] * self.of
        mine = set()
        for department in sorted(scenario.departments, key=lambda each: -each.share):
            least = loads.index(min(loads))
            loads[least] += department.share
            if least == self.number:
                mine.add(department.name)
        return frozenset(mine)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulation, or a share of it, came to.

    `clock` is how far simulated time came, `stamped` the stamps of its begin and end (Unix seconds), and
    `account` what became of the spans.
    """

    counted: Counted
    clock: float
    stamped: tuple[float, float]
    account: Mapping[str, int]


class Simulation:
    """One simulation of a scenario, or one share of it."""

    def __init__(self, wish: Wish, settings: Settings, spool: Path, share: Share | None = None) -> None:
        scenario = wish.scenario
        share = share or Share()
        load_overlay(settings.prices.file)
        self._departments = share.departments(scenario)
        self._test_runs = 0 if share.number else wish.test_runs
        self._wish = wish
        self._fleet = Fleet(scenario)
        self._weather = Weather(scenario, wish.began)
        self._rate = Rate(scenario.traffic, wish.per_day, flat=wish.flat)
        self._planner = Planner(scenario, self._fleet, self._weather)
        self._runs = RunPlanner(scenario, self._fleet, Planner(scenario, self._fleet, self._weather))
        self._writer = RunWriter(scenario, settings, spool, self._runs.broken_skill)

    def run(self, outlet: Outlet, truth: Truth, tell: Callable[[Progress], None]) -> Outcome:
        """Emits all of it, counts it and closes the truth.

        What has not ended when the time is over is not emitted, nor counted.
        """
        began = clock = self._wish.began
        told, requests = 0.0, 0
        with outlet:
            first = outlet.shift(began)
            for event in self._events():
                due = event.due if isinstance(event, SuiteRun) else event.end
                if not outlet.reach(due):
                    break
                clock = due
                if isinstance(event, SuiteRun):
                    truth.add_run(self._writer.write(event, outlet.shift(due)))
                    continue
                shift = outlet.shift(due)
                emit(event, shift)
                truth.count(event, shift)
                requests += len(event.requests)
                if time.monotonic() - told > _TELL_SECONDS:
                    told = time.monotonic()
                    tell(self._progress(clock, requests))
            else:
                if self._wish.until is not None and outlet.reach(self._wish.until):
                    clock = self._wish.until
            last = outlet.shift(clock)
        tell(self._progress(clock, requests))
        return Outcome(truth.close(), clock, (began + first, clock + last), outlet.account())

    def _progress(self, clock: float, requests: int) -> Progress:
        wish = self._wish
        whole = None if wish.until is None else wish.until - wish.began
        return Progress(clock - wish.began, whole, requests)

    def _events(self) -> Iterator[Task | SuiteRun]:
        """Tasks and runs in the order of their ends, those alone that end in time."""
        wish = self._wish
        runs: Iterator[SuiteRun] = iter(())
        if wish.until is not None:
            runs = self._runs.runs(self._test_runs, wish.began, wish.until)
        run = next(runs, None)
        for task in self._tasks():
            while run is not None and run.due <= task.end:
                yield run
                run = next(runs, None)
            yield task
        while run is not None:
            yield run
            run = next(runs, None)

    def _tasks(self) -> Iterator[Task]:
        wish = self._wish
        under_way: list[tuple[float, int, Task]] = []
        for number, (moment, place) in enumerate(
            arrivals(wish.scenario, self._fleet, self._rate, wish.began)
        ):
            while under_way and under_way[0][0] <= moment:
                task = heapq.heappop(under_way)[2]
                if wish.until is not None and task.end >= wish.until:
                    return
                yield task
            if wish.until is not None and moment >= wish.until:
                break
            if place.agent.department in self._departments:
                task = self._planner.task(number, moment, place)
                heapq.heappush(under_way, (task.end, number, task))
        while under_way:
            task = heapq.heappop(under_way)[2]
            if wish.until is not None and task.end >= wish.until:
                return
            yield task
