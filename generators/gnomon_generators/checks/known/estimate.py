"""How many series an organisation as gnomon.yaml describes it makes, before it makes them.

A label that follows from another one multiplies nothing: an agent is in one department, a model has one
provider. Of the others, those that settings list are counted there; for the rest stands what teams usually
have, which `TYPICAL` says. The estimate is meant to be right within a factor of two, which tells a budget
that holds from one that does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, prod
from typing import Final

from gnomon.registry import attributes as a
from gnomon.registry import metrics
from gnomon.registry.attribute import Attribute
from gnomon.registry.model import Metric
from gnomon.settings import Settings

TYPICAL: Final[Mapping[Attribute, float]] = {
    a.GNOMON_TEST_OUTCOME: 3,
    a.GNOMON_TEST_CATEGORY: 5,
    a.GNOMON_TEST_CASE_ID: 100,
    a.GEN_AI_SKILL_NAME: 3,
    a.GNOMON_ROUTING_EXPECTED: 10,
    # Of all skills that could be chosen instead, few are.
    a.GNOMON_ROUTING_ACTUAL: 3,
    a.GEN_AI_REQUEST_MODEL: 1.25,
    a.GEN_AI_OPERATION_NAME: 1,
    a.GEN_AI_TOKEN_TYPE: 4,
    a.GEN_AI_TOKEN_MODALITY: 1,
    a.GEN_AI_TOOL_NAME: 2,
    a.GEN_AI_TOOL_TYPE: 1,
    a.GEN_AI_WORKFLOW_NAME: 1,
    # Two while a version is being rolled out.
    a.GEN_AI_AGENT_VERSION: 1.5,
    # Most calls of most agents have no error, and that is one value.
    a.ERROR_TYPE: 1.5,
    a.GNOMON_COST_SOURCE: 1,
    a.GNOMON_SPOOL_DROP_REASON: 1,
    a.GNOMON_ROUTING_CLARIFICATION_EXPECTED: 2,
    a.GNOMON_ROUTING_CLARIFICATION_ASKED: 2,
    a.GNOMON_CHANGE_KIND: 3,
    a.GNOMON_CHANGE_ACTION: 1.5,
    # Findings of a week; a commit moves few metrics, and each one way.
    a.GNOMON_CHANGE_REVISION: 2,
    a.GNOMON_CHANGE_METRIC: 1,
    a.GNOMON_CHANGE_VERDICT: 1,
}
"""How many values a label usually has in one place: in one suite, or for one agent in one environment."""

# Of all agents, those that also run in one environment more than their first.
_FURTHER = 1 / 3

# What follows from another label, or says where something ran.
_FOLLOWS: Final = {
    *(a.TEST_SUITE_NAME, a.DEPLOYMENT_ENVIRONMENT_NAME, a.GNOMON_DEPARTMENT, a.GEN_AI_AGENT_NAME),
    *(a.GEN_AI_PROVIDER_NAME, a.GEN_AI_RESPONSE_MODEL, a.GNOMON_ROUTING_CORRECT),
}
# A skill or case is in one category, and has one result more often than not.
_OF_A_SKILL: Final = {a.GNOMON_TEST_CATEGORY: 1.5}
_OF_A_CASE: Final = {a.GEN_AI_SKILL_NAME: 1.0, a.GNOMON_TEST_OUTCOME: 1.5}
# Names of the second generation, written beside today's only where somebody asks for both.
_ON_REQUEST: Final = {metrics.GEN_AI_CLIENT_TOKEN_USAGE, metrics.GEN_AI_CLIENT_OPERATION_DURATION}
# `+Inf`, sum and count.
_BESIDE_BUCKETS: Final = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """Series by metric, the most first."""

    by_metric: Mapping[str, int]

    @property
    def total(self) -> int:
        """All series together."""
        return sum(self.by_metric.values())


def estimate(settings: Settings) -> Estimate:
    """The series of the organisation in `settings`, those of the programs of the stack left out."""
    suites, agents = _suites(settings), _agents(settings)
    found = {
        metric.name: ceil(_places(metric, suites, agents) * _in_one_place(metric, settings))
        for metric in metrics.ALL
    }
    return Estimate(dict(sorted(found.items(), key=lambda item: -item[1])))


def _suites(settings: Settings) -> int:
    """Suites, each in the environments in which it may run."""
    environments = max(1, len(settings.organisation.environments))
    return sum(1 if suite.environment else environments for suite in settings.suites) or environments


def _agents(settings: Settings) -> float:
    """Agents, or departments where nobody named their agents, each in its environments."""
    organisation = settings.organisation
    agents = len(organisation.agents) or len(organisation.departments) or 1
    return agents * (1 + _FURTHER * max(0, len(organisation.environments) - 1))


def _places(metric: Metric, suites: int, agents: float) -> float:
    if a.TEST_SUITE_NAME in metric.attributes:
        return suites
    return agents if a.GEN_AI_AGENT_NAME in metric.attributes else 1


def _in_one_place(metric: Metric, settings: Settings) -> float:
    labels = set(metric.attributes) - _FOLLOWS
    if metric in _ON_REQUEST:
        return 0
    typical = dict(TYPICAL)
    if a.GNOMON_TEST_CASE_ID in labels:
        typical |= _OF_A_CASE
        typical[a.GNOMON_TEST_CASE_ID] = min(TYPICAL[a.GNOMON_TEST_CASE_ID], settings.budgets.case_series)
    elif labels & {a.GEN_AI_SKILL_NAME, a.GNOMON_ROUTING_EXPECTED}:
        typical |= _OF_A_SKILL
    width = len(metric.buckets) + _BESIDE_BUCKETS if metric.buckets else 1
    return width * prod(typical[label] for label in labels)
