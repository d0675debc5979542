"""What holds at a moment of the simulation: incidents that go on, and which version of an agent is out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from gnomon import error_types
from gnomon_analysis.simulation.fleet import FIRST_VERSION
from gnomon_analysis.simulation.scenario import Deployment, Incident, Scenario

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Release:
    """A version of an agent and what it changes; `failed` is a share of requests, not percent."""

    version: str
    failed: float = 0.0
    latency_factor: float = 1.0
    cost_factor: float = 1.0


_FIRST = Release(FIRST_VERSION)


class Weather:
    """The incidents and deployments of a scenario that begins at `began` (Unix seconds, simulated)."""

    def __init__(self, scenario: Scenario, began: float) -> None:
        self._began = began
        self._incidents = scenario.incidents
        self._drift = scenario.calls.drift_percent_per_day / 100
        self._releases: defaultdict[str, list[tuple[float, Release]]] = defaultdict(list)
        for deployment in sorted(scenario.deployments, key=lambda deployment: deployment.after.seconds):
            moment = began + deployment.after.seconds
            self._releases[deployment.agent].append((moment, _release(deployment)))

    def drift(self, moment: float) -> float:
        """How many times as long as at the beginning prompts are."""
        days: float = (moment - self._began) / _DAY
        return float((1 + self._drift) ** days)

    def release(self, agent: str, moment: float) -> Release:
        """The version of an agent that is out, and what it changes."""
        out = _FIRST
        for since, release in self._releases.get(agent, ()):
            if since <= moment:
                out = release
        return out

    def failing(self, provider: str, model: str, moment: float) -> list[tuple[str, float]]:
        """Error types that strike attempts of a model now, with the share of attempts that each strikes."""
        return [
            (incident.kind, incident.percent / 100)
            for incident in self._incidents
            if incident.kind in (error_types.RATE_LIMITED, error_types.TIMEOUT)
            and _strikes(incident, provider, model)
            and self._goes_on(incident, moment)
        ]

    def slowness(self, provider: str, model: str, moment: float) -> float:
        """How many times longer than usual an attempt takes now."""
        factor = 1.0
        for incident in self._incidents:
            if (
                incident.kind == "slow"
                and _strikes(incident, provider, model)
                and self._goes_on(incident, moment)
            ):
                factor *= incident.factor
        return factor

    def broken(self, tool: str, moment: float) -> float:
        """The share of a tool's calls that an incident makes fail now."""
        return max(
            (
                incident.percent / 100
                for incident in self._incidents
                if incident.kind == "broken_tool"
                and incident.tool == tool
                and self._goes_on(incident, moment)
            ),
            default=0.0,
        )

    def _goes_on(self, incident: Incident, moment: float) -> bool:
        since = moment - self._began - incident.after.seconds
        if since < 0:
            return False
        if incident.every is not None:
            since %= incident.every.seconds
        return since < incident.lasts.seconds

    def occurrences(self, until: float) -> Iterator[tuple[Incident, float, float]]:
        """Each incident that begins before a moment, with its begin and end (Unix seconds, simulated)."""
        for incident in self._incidents:
            begin = self._began + incident.after.seconds
            while begin < until:
                yield incident, begin, begin + incident.lasts.seconds
                if incident.every is None:
                    break
                begin += incident.every.seconds

    def deployed(self, scenario: Scenario, until: float) -> Iterator[tuple[Deployment, float]]:
        """Each deployment before a moment, with its moment (Unix seconds, simulated)."""
        for deployment in scenario.deployments:
            if (moment := self._began + deployment.after.seconds) < until:
                yield deployment, moment


def _release(deployment: Deployment) -> Release:
    return Release(
        deployment.version,
        deployment.failed_points / 100,
        deployment.latency_factor,
        deployment.cost_factor,
    )


def _strikes(incident: Incident, provider: str, model: str) -> bool:
    return incident.provider in (None, provider) and incident.model in (None, model)
