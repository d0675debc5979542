"""Who must be told of agents in operation: error budgets that burn, money of departments and agents.

The alerts read what `rules/fleet.py` records. Budgets are those of the settings' organisation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

from _burning import ErrorBudget

from gnomon.registry import attributes as a
from gnomon.registry.attribute import Attribute
from gnomon.settings import Settings
from gnomon.settings.model import Agent, Department
from gnomon_generators.promql import AnyLabel, Expr, Window, above, either, recorded, scaled
from gnomon_generators.rules import AlertRule, Group, Panel, group

DEPARTMENT = (a.GNOMON_DEPARTMENT,)
AGENT = (*DEPARTMENT, a.GEN_AI_AGENT_NAME)
FLEET = (a.DEPLOYMENT_ENVIRONMENT_NAME, *AGENT)
WHO = "{{ $labels.gen_ai_agent_name }} in {{ $labels.deployment_environment_name }}"
CHOICES: dict[str, AnyLabel] = {
    "environment": a.DEPLOYMENT_ENVIRONMENT_NAME,
    "department": a.GNOMON_DEPARTMENT,
    "agent": a.GEN_AI_AGENT_NAME,
}
USED = '{{ $value | printf "%.0f" }} %'


def groups(settings: Settings) -> Sequence[Group]:
    """The alerts of agents in operation."""
    slo, least = settings.slo, settings.alerts.minimum_invocations
    invocations = ErrorBudget(
        "AgentErrorBudget",
        "requests to the agent",
        slo.agent_success_percent,
        _share("agent:invocation_errors"),
        _count("agent:invocations"),
        least,
        who=WHO,
        panel=Panel("fleet", "Failed requests by agent", CHOICES),
    )
    calls = ErrorBudget(
        "ModelCallErrorBudget",
        "model calls",
        100 - slo.error_rate_percent,
        _share("agent:model_call_errors"),
        _count("agent:model_calls"),
        least,
        who=WHO,
        panel=Panel("fleet", "Failed model calls by model", CHOICES),
    )
    named = (
        ("agent_budget_alerts", tuple(invocations.alerts())),
        ("model_call_budget_alerts", tuple(calls.alerts())),
        ("cost_budget_alerts", tuple(_spending(settings))),
    )
    return [group(settings, name, *rules) for name, rules in named if rules]


def _share(name: str) -> Callable[[Window], Expr]:
    return lambda window: recorded(f"{name}:ratio_{window}", labels=FLEET, unit="1")


def _count(name: str) -> Callable[[Window], Expr]:
    return lambda window: recorded(f"{name}:{window}", labels=FLEET, unit="{observation}")


def _spending(settings: Settings) -> Iterator[AlertRule]:
    """A day's money of whoever has a budget of their own, in percent of it."""
    departments, agents = settings.organisation.departments, settings.organisation.agents
    if parts := list(_used("department", DEPARTMENT, departments)):
        yield _exceeded(
            "DepartmentBudgetExceeded", "A department", "$labels.gnomon_department", parts, settings
        )
    if parts := list(_used("agent", AGENT, agents)):
        yield _exceeded("AgentBudgetExceeded", "An agent", "$labels.gen_ai_agent_name", parts, settings)


def _used(kind: str, labels: Sequence[Attribute], rows: Sequence[Department | Agent]) -> Iterator[Expr]:
    for row in rows:
        if row.daily_cost_usd is not None:
            where = {labels[-1]: row.name}
            day = recorded(f"{kind}:cost_usd:1d", where=where, labels=labels, unit="{USD}")
            yield above(scaled(day, 100, per=row.daily_cost_usd, unit="%"), 100)


def _exceeded(name: str, whose: str, label: str, parts: Sequence[Expr], settings: Settings) -> AlertRule:
    return AlertRule(
        name,
        reduce(either, parts),
        settings.alerts.daily_cost_for,
        settings.alerts.severity,
        summary=f"{whose} spent more than its budget in 24 hours.",
        description=f"{{{{ {label} }}}}: the model calls of the last 24 hours, in operation and in test "
        f"runs, took {USED} of its daily budget.",
        value=f"{USED} of the budget",
        objective="at most 100 %",
        panel=Panel("fleet", "Cost by department", CHOICES),
    )
