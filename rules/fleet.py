"""What agents in operation do, agent by agent and department by department, for boards, budgets and alerts.

Services count in counters, which are rated over five minutes once, here. What happened in a longer window
is the sum of those rates times the interval of the rules: that weighs every call the same, and reads one
series an agent in place of one for each of its instances, models and kinds of error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gnomon.errors import UserError
from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.registry.model import Metric
from gnomon.settings import Settings
from gnomon_generators.promql import (
    AnyLabel,
    Expr,
    Value,
    Window,
    difference,
    per_second,
    plus,
    quantile,
    ratio,
    recorded,
    recorded_over,
    scaled,
    shifted,
    summed,
    total,
)
from gnomon_generators.rules import Group, RecordingRule, group, reachable

DEPARTMENT, AGENT = (a.GNOMON_DEPARTMENT,), (a.GNOMON_DEPARTMENT, a.GEN_AI_AGENT_NAME)
FLEET = (a.DEPLOYMENT_ENVIRONMENT_NAME, *AGENT)
MODEL = (*FLEET, a.GEN_AI_PROVIDER_NAME, a.GEN_AI_REQUEST_MODEL)
FAILED: dict[AnyLabel, Value] = {a.ERROR_TYPE: ("!=", "")}
OF_A_DEPARTMENT: dict[AnyLabel, Value] = {a.GNOMON_DEPARTMENT: ("!=", "")}
OF_AN_AGENT: dict[AnyLabel, Value] = {a.GEN_AI_AGENT_NAME: ("!=", "")}

SHORT = ("5m", "30m", "1h", "2h")
LONG = ("6h", "1d", "3d")
# What is said of hours and days need not be said anew every minute.
SELDOM: Window = "4m"


@dataclass(frozen=True)
class Kept:
    """What an error budget is kept of: the names of its series, what they count, and the objective."""

    counted: str
    failed: str
    words: str
    objective_percent: float

    def windows(self, possible: Sequence[Window]) -> list[Window]:
        """The windows among these that a pair of the table looks at, where it can alert at all."""
        try:
            pairs = reachable(self.objective_percent)
        except UserError:
            return [window for window in possible if window == "1h"]
        wanted = {window for pair in pairs for window in (pair.long, pair.short)}
        return [window for window in possible if window in wanted or window == "1h"]


def groups(settings: Settings) -> Sequence[Group]:
    """The recording rules of agents in operation."""
    invocations = Kept(
        "agent:invocations", "agent:invocation_errors", "invocations", settings.slo.agent_success_percent
    )
    calls = Kept(
        "agent:model_calls", "agent:model_call_errors", "model calls", 100 - settings.slo.error_rate_percent
    )
    seldom = [
        *_budgets(invocations, LONG, settings),
        *_budgets(calls, LONG, settings),
        *_costs(settings),
    ]
    return [
        group(settings, "fleet_model_rules", *_model_calls()),
        group(
            settings,
            "fleet_agent_rules",
            *_agents(),
            *_budgets(invocations, SHORT, settings),
            *_budgets(calls, SHORT, settings),
        ),
        group(settings, "fleet_latency_rules", *_latencies()),
        group(settings, "fleet_day_rules", *seldom, interval=SELDOM),
    ]


def _model_calls() -> list[RecordingRule]:
    """Model calls by agent and model."""

    def rate(
        name: str, metric: Metric, brief: str, where: dict[AnyLabel, Value] | None = None
    ) -> RecordingRule:
        return RecordingRule(f"model:{name}:rate5m", per_second(metric, "5m", MODEL, where), brief)

    called = m.GEN_AI_CLIENT_INFERENCE_DURATION
    return [
        rate("calls", called, "Model calls a second."),
        rate("call_errors", called, "Model calls a second that failed in spite of their retries.", FAILED),
        rate("retries", m.GNOMON_MODEL_CALL_RETRIES, "Attempts of model calls a second beyond the first."),
        rate("cost_usd", m.GNOMON_MODEL_CALL_COST_USD, "US dollars of model calls a second."),
        rate("input_tokens", m.GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS, "Input tokens a second."),
        rate("output_tokens", m.GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS, "Output tokens a second."),
    ]


def _agents() -> list[RecordingRule]:
    """The same by agent, and the agents' own invocations."""
    invoked = m.GEN_AI_INVOKE_AGENT_DURATION
    of_models = (
        ("model_calls", "calls", "{observation}/s", "Model calls of an agent a second."),
        ("model_call_errors", "call_errors", "{observation}/s", "Failed model calls of an agent a second."),
        ("retries", "retries", "{retry}/s", "Attempts of an agent's model calls a second beyond the first."),
        ("cost_usd", "cost_usd", "{USD}/s", "US dollars that an agent spends a second."),
    )
    read, written = (
        summed(recorded(f"model:{half}_tokens:rate5m", labels=MODEL, unit="{token}/s"), FLEET)
        for half in ("input", "output")
    )
    return [
        RecordingRule(
            "agent:invocations:rate5m",
            per_second(invoked, "5m", FLEET),
            "Requests a second that an agent worked on.",
        ),
        RecordingRule(
            "agent:invocation_errors:rate5m",
            per_second(invoked, "5m", FLEET, FAILED),
            "Requests a second at which an agent failed.",
        ),
        *(
            RecordingRule(
                f"agent:{name}:rate5m",
                summed(recorded(f"model:{of_model}:rate5m", labels=MODEL, unit=unit), FLEET),
                brief,
            )
            for name, of_model, unit, brief in of_models
        ),
        RecordingRule(
            "agent:tokens:rate5m", plus(read, written), "Input and output tokens of an agent a second."
        ),
    ]


def _budgets(kept: Kept, possible: Sequence[Window], settings: Settings) -> list[RecordingRule]:
    """The share of errors in each window of the burn rates, and how many there were in it."""
    found = []
    for window in kept.windows(possible):
        within = _sum(f"{kept.counted}:rate5m", window, settings)
        if window not in ("5m", "30m", "2h"):
            found.append(
                RecordingRule(
                    f"{kept.counted}:{window}", within, f"How many {kept.words} there were in {window}."
                )
            )
        found.append(
            RecordingRule(
                f"{kept.failed}:ratio_{window}",
                ratio(_sum(f"{kept.failed}:rate5m", window, settings), within),
                f"Share of an agent's {kept.words} in {window} that failed, 0 to 1.",
            )
        )
    return found


def _sum(name: str, window: Window, settings: Settings) -> Expr:
    """What there was in the window, of a recorded rate."""
    rate = recorded_over(name, "sum", window, labels=FLEET)
    return scaled(rate, settings.rules.interval.seconds, unit="{observation}")


def _costs(settings: Settings) -> list[RecordingRule]:
    """Money of agents and departments, in operation and in test runs together."""
    seconds = settings.rules.interval.seconds

    def spent(window: Window, by: Sequence[AnyLabel], whose: dict[AnyLabel, Value]) -> Expr:
        rate = recorded_over("agent:cost_usd:rate5m", "sum", window, by=by, where=whose)
        in_operation = scaled(rate, seconds, unit="{USD}")
        return plus(in_operation, total(m.GNOMON_RUN_COST_USD, window, by, whose))

    week = recorded("department:cost_usd:7d", labels=DEPARTMENT, unit="{USD}")
    found = [
        RecordingRule(
            "agent:cost_usd:1d",
            spent("1d", AGENT, OF_AN_AGENT),
            "US dollars of an agent's model calls in 1d, test runs included.",
        ),
        *(
            RecordingRule(
                f"department:cost_usd:{window}",
                spent(window, DEPARTMENT, OF_A_DEPARTMENT),
                f"US dollars of a department's model calls in {window}, test runs included.",
            )
            for window in ("1d", "7d")
        ),
        RecordingRule(
            "department:cost_usd:30d_projected",
            scaled(week, 30, per=7),
            "US dollars of 30 days at the pace of the last 7; too low until there are 7 days of data.",
        ),
    ]
    if settings.retention.prometheus_days >= 14:
        found.append(
            RecordingRule(
                "department:cost_usd:week_over_week",
                difference(week, shifted(week, "7d")),
                "US dollars of the last 7 days less those of the 7 days before.",
            )
        )
    return found


def _latencies() -> list[RecordingRule]:
    """Latencies by what boards split them by: quantiles cannot be joined later."""
    environment = a.DEPLOYMENT_ENVIRONMENT_NAME
    worked, called = m.GEN_AI_INVOKE_AGENT_DURATION, m.GEN_AI_CLIENT_INFERENCE_DURATION
    splits = (
        (
            "department:invocation_duration_seconds:p95_5m",
            worked,
            "invocations",
            "5m",
            (environment, *DEPARTMENT),
        ),
        ("agent:invocation_duration_seconds:p95_1h", worked, "invocations", "1h", FLEET),
        (
            "model:call_duration_seconds:p95_5m",
            called,
            "model calls",
            "5m",
            (environment, a.GEN_AI_PROVIDER_NAME, a.GEN_AI_REQUEST_MODEL),
        ),
    )
    return [
        RecordingRule(
            name,
            quantile(metric, 0.95, window, by),
            f"Time that 95 of 100 {words} of {window} stay under.",
        )
        for name, metric, words, window, by in splits
    ]
