"""The agents of a scenario: where each works, with which model, tools and skills, and how much it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from gnomon_analysis.simulation.scenario import Model, Scenario

FIRST_VERSION = "1.0"

_TOOLS_OF_AN_AGENT = 2
_SKILLS_OF_AN_AGENT = 2


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent. `token_factor` says how many times the usual tokens its calls take."""

    name: str
    department: str
    provider: str
    model: Model
    tools: tuple[str, ...]
    skills: tuple[str, ...]
    workflow: str
    token_factor: float


@dataclass(frozen=True, slots=True)
class Place:
    """An agent in an environment, where requests come in."""

    agent: Agent
    environment: str


def agent_names(scenario: Scenario) -> list[str]:
    """The names of all agents, department by department."""
    return [name for _, names in _staff(scenario) for name in names]


def _staff(scenario: Scenario) -> list[tuple[str, list[str]]]:
    """Departments with the names of their agents: as many as their shares say, and all of them together."""
    shares = [department.share for department in scenario.departments]
    ends = [round(scenario.agents * part / sum(shares)) for part in accumulate(shares)]
    counts = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return [
        (department.name, [f"{department.name}-{number:02}" for number in range(1, count + 1)])
        for department, count in zip(scenario.departments, counts, strict=True)
    ]


class Fleet:
    """All agents, and the places in which they are asked, with the weight of each."""

    def __init__(self, scenario: Scenario) -> None:
        chance = Random(f"{scenario.seed}/fleet")  # noqa: S311 - nothing secret hangs on it
        models = [(provider.name, model) for provider in scenario.providers for model in provider.models]
        weights = [model.share for _, model in models]
        self.departments: dict[str, tuple[Agent, ...]] = {}
        for number, (department, names) in enumerate(_staff(scenario)):
            workflow = scenario.workflows[number % len(scenario.workflows)]
            agents = []
            for name in names:
                provider, model = chance.choices(models, weights)[0]
                tools = _some(chance, scenario.tools, _TOOLS_OF_AN_AGENT)
                skills = _some(chance, scenario.skills, _SKILLS_OF_AN_AGENT)
                tokens = chance.lognormvariate(0, 0.5)
                agents.append(Agent(name, department, provider, model, tools, skills, workflow, tokens))
            self.departments[department] = tuple(agents)
        self.agents = {agent.name: agent for agents in self.departments.values() for agent in agents}
        self.places: list[Place] = []
        self.weights: list[float] = []
        self._settle(scenario, chance)

    def _settle(self, scenario: Scenario, chance: Random) -> None:
        """Few agents do most of the work: within its department the n-th has a weight of 1/n."""
        shares = {department.name: department.share for department in scenario.departments}
        for environment in scenario.environments:
            here = []
            for department, agents in self.departments.items():
                harmonic = sum(1 / rank for rank in range(1, len(agents) + 1))
                for rank, agent in enumerate(agents, start=1):
                    # The busiest agent of a department runs everywhere, so that every place has somebody.
                    if rank == 1 or chance.uniform(0, 100) < environment.agents_percent:
                        here.append((agent, shares[department] / rank / harmonic))
            total = sum(weight for _, weight in here)
            self.places += [Place(agent, environment.name) for agent, _ in here]
            self.weights += [environment.share * weight / total for _, weight in here]


def _some(chance: Random, names: Sequence[str], number: int) -> tuple[str, ...]:
    return tuple(chance.sample(names, min(number, len(names))))
