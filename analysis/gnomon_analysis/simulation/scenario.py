"""What a scenario file says: the organisation, its traffic, and what goes wrong in it.

The classes are the table by which `gnomon_analysis.simulation.reading` reads it, made as that of gnomon.yaml
is. What a file leaves out is as in `scenario.yaml`, the scenario that comes with Gnomon.
"""

from __future__ import annotations

from typing import Literal

from gnomon.record import Record
from gnomon.settings.fields import DURATION, NAME, section, setting
from gnomon.settings.values import Duration

IncidentKind = Literal["rate_limited", "timeout", "slow", "broken_tool"]


class Department(Record):
    """A part of the organisation."""

    name: str = setting(brief="`gnomon.department` in telemetry.", format=NAME, example="support")
    share: float = setting(1.0, "Its part of agents and requests, beside the others'.", above=0, maximum=1e6)


class Environment(Record):
    """A place where agents run."""

    name: str = setting(brief="`deployment.environment.name`.", format=NAME, example="production")
    share: float = setting(1.0, "Its part of the requests, beside the others'.", above=0, maximum=1e6)
    agents_percent: float = setting(100.0, "Agents that run there.", unit="%", above=0, maximum=100)


class Model(Record):
    """A model of a provider."""

    name: str = setting(brief="`gen_ai.request.model`.", format=NAME, example="claude-haiku-4-5")
    share: float = setting(1.0, "Its part of the agents, beside the others'.", above=0, maximum=1e6)
    latency_seconds: float = setting(0.4, "Median time to the first token.", unit="s", above=0, maximum=3600)
    tokens_per_second: float = setting(90.0, "Speed of its output.", unit="{token}/s", above=0, maximum=1e6)


class Provider(Record):
    """Who serves models."""

    name: str = setting(brief="`gen_ai.provider.name`.", format=NAME, example="anthropic")
    models: tuple[Model, ...] = setting((), "Its models.")


class Traffic(Record):
    """How much there is to do, and when."""

    per_day: float = setting(100_000.0, "Requests on a mean day.", above=0, maximum=1e10)
    daily_swing_percent: float = setting(
        70.0, "How far the busiest hour lies above the mean, and the quietest below.", minimum=0, maximum=100
    )
    peak_hour: float = setting(14.0, "The busiest hour, UTC.", unit="h", minimum=0, below=24)
    weekend_percent: float = setting(
        35.0, "A day of the weekend, of a working day.", unit="%", minimum=0, maximum=1000
    )


class Work(Record):
    """What happens in one request."""

    workflow_percent: float = setting(
        5.0, "Requests that come in pairs, as one workflow.", unit="%", minimum=0, maximum=100
    )
    model_calls: float = setting(1.4, "Model calls of a request, on average.", minimum=1, maximum=20)
    tool_calls: float = setting(0.6, "Calls of tools.", minimum=0, maximum=20)
    skill_percent: float = setting(35.0, "Requests that use a skill.", unit="%", minimum=0, maximum=100)
    failed_percent: float = setting(
        1.5, "Requests that fail although every call went well.", unit="%", minimum=0, maximum=100
    )
    tool_failed_percent: float = setting(0.8, "Calls of tools that fail.", unit="%", minimum=0, maximum=100)


class Calls(Record):
    """Model calls."""

    input_tokens: float = setting(1800.0, "Median input.", unit="{token}", minimum=1, maximum=1e6)
    output_tokens: float = setting(260.0, "Median output.", unit="{token}", minimum=1, maximum=1e6)
    cached_percent: float = setting(
        55.0, "Calls whose prompt is in the provider's cache.", unit="%", minimum=0, maximum=100
    )
    reasoning_percent: float = setting(15.0, "Calls that reason first.", unit="%", minimum=0, maximum=100)
    streamed_percent: float = setting(60.0, "Calls that are streamed.", unit="%", minimum=0, maximum=100)
    attempt_failed_percent: float = setting(
        1.2, "Attempts that fail on an ordinary day.", unit="%", minimum=0, maximum=100
    )
    attempts: int = setting(4, "Attempts before a call is given up.", minimum=1, maximum=20)
    drift_percent_per_day: float = setting(
        0.4, "How much longer prompts become each day.", unit="%", minimum=-50, maximum=100
    )


class Incident(Record):
    """Something that goes wrong for a while, once or again and again."""

    name: str = setting(brief="Its name, for the truth file.", format=NAME, example="storm")
    kind: IncidentKind = setting(
        "rate_limited",
        "`rate_limited` and `timeout` make attempts fail, `slow` makes them last, `broken_tool` makes a tool "
        "fail.",
    )
    provider: str | None = setting(None, "Provider that it strikes; all when not set.", format=NAME)
    model: str | None = setting(None, "Model that it strikes; all when not set.", format=NAME)
    tool: str | None = setting(None, "Tool that it strikes; needed for `broken_tool`.", format=NAME)
    after: Duration = setting(Duration("1h"), "When it begins, from the start.", format=DURATION)
    every: Duration | None = setting(None, "When it comes again, from its beginning.", format=DURATION)
    lasts: Duration = setting(Duration("30m"), "How long it lasts.", format=DURATION)
    percent: float = setting(40.0, "Attempts or tool calls that fail.", unit="%", minimum=0, maximum=100)
    factor: float = setting(3.0, "How many times longer an attempt takes, if slow.", above=0, maximum=1e3)


class Deployment(Record):
    """A new version of an agent, and what it changes from then on."""

    name: str = setting(brief="Its name, for the truth file.", format=NAME, example="terse answers")
    agent: str = setting("", "Agent that is deployed, such as `support-01`.", format=NAME)
    version: str = setting("2.0", "`gen_ai.agent.version` from then on.", format=NAME)
    after: Duration = setting(Duration("1d"), "When, from the start.", format=DURATION)
    failed_points: float = setting(
        0.0, "Percentage points added to the requests that fail.", unit="%", minimum=-100, maximum=100
    )
    latency_factor: float = setting(1.0, "How many times longer its calls take.", above=0, maximum=1e3)
    cost_factor: float = setting(1.0, "How many times more tokens its calls take.", above=0, maximum=1e3)


class Suite(Record):
    """A suite of routing tests."""

    name: str = setting(brief="`test.suite.name`.", format=NAME, example="routing")
    department: str | None = setting(None, "Department that it belongs to.", format=NAME)
    agent: str | None = setting(None, "Agent that it tests.", format=NAME)


class Tests(Record):
    """Runs of routing tests, where the command asks for some."""

    environment: str = setting("test", "Environment of the runs.", format=NAME)
    suites: tuple[Suite, ...] = setting((), "Suites, tested in turn.")
    cases: int = setting(40, "Cases of a suite.", minimum=1, maximum=100_000)
    flaky: int = setting(3, "Cases that pass in every other run.", minimum=0, maximum=100_000)
    wrong_percent: float = setting(
        3.0, "Cases that are answered wrong by chance.", unit="%", minimum=0, maximum=100
    )
    regressed_percent: float = setting(
        60.0, "How much of the runs is over when a change breaks a skill.", unit="%", minimum=0, maximum=100
    )
    rerun_percent: float = setting(
        50.0, "Failed tests that are run once more.", unit="%", minimum=0, maximum=100
    )


class Scenario(Record):
    """A whole scenario."""

    name: str = setting("shop", "`service.name` of the fleet.", format=NAME)
    seed: int = setting(1, "Beginning of all chance.", minimum=0, maximum=2**31)
    agents: int = setting(200, "Agents.", minimum=1, maximum=10_000)
    departments: tuple[Department, ...] = setting((), "Departments.")
    environments: tuple[Environment, ...] = setting((), "Environments.")
    providers: tuple[Provider, ...] = setting((), "Providers.")
    tools: tuple[str, ...] = setting((), "Tools; an agent has two of them.", format=NAME)
    skills: tuple[str, ...] = setting((), "Skills; an agent has two of them.", format=NAME)
    workflows: tuple[str, ...] = setting((), "Workflows; a department has one of them.", format=NAME)
    traffic: Traffic = section(Traffic)
    work: Work = section(Work)
    calls: Calls = section(Calls)
    incidents: tuple[Incident, ...] = setting((), "What goes wrong.")
    deployments: tuple[Deployment, ...] = setting((), "New versions of agents.")
    tests: Tests = section(Tests)
