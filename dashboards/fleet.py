"""The fleet: agents in operation, from the whole to a department, to an agent, to its traces."""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.settings import Settings
from gnomon_generators import stack_metrics as s
from gnomon_generators import vocabulary as v
from gnomon_generators.promql import (
    RANGE,
    STEP,
    AnyLabel,
    Expr,
    Value,
    Window,
    above,
    counted,
    filters,
    or_zero,
    per_second,
    percent,
    quantile,
    ratio,
    recorded,
    recorded_over,
    scaled,
    summed,
    top,
    total,
)

INVOKED, CALLED = m.GEN_AI_INVOKE_AGENT_DURATION, m.GEN_AI_CLIENT_INFERENCE_DURATION
PLACE = v.label_variable(a.DEPLOYMENT_ENVIRONMENT_NAME, "environment", of=INVOKED)
DEPARTMENT = v.label_variable(a.GNOMON_DEPARTMENT, of=INVOKED, within=(PLACE,))
AGENT = v.label_variable(a.GEN_AI_AGENT_NAME, "agent", of=INVOKED, within=(PLACE, DEPARTMENT))
FLEET = (a.DEPLOYMENT_ENVIRONMENT_NAME, a.GNOMON_DEPARTMENT, a.GEN_AI_AGENT_NAME)
MODEL = (*FLEET, a.GEN_AI_PROVIDER_NAME, a.GEN_AI_REQUEST_MODEL)
BY_DEPARTMENT, BY_AGENT = [a.GNOMON_DEPARTMENT], list(FLEET)
BY_MODEL = [a.GEN_AI_PROVIDER_NAME, a.GEN_AI_REQUEST_MODEL]
WHERE = filters(PLACE, DEPARTMENT, AGENT)
OF_DEPARTMENTS = filters(PLACE, DEPARTMENT)
FAILED: dict[AnyLabel, Value] = {a.ERROR_TYPE: ("!=", "")}
UNITS = {"cost_usd": "{USD}"} | dict.fromkeys(("tokens", "input_tokens", "output_tokens"), "{token}")


class Fleet:
    """What was recorded of the agents that are chosen, a second or in all."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.failing = 100 - settings.slo.agent_success_percent

    def rate(self, name: str, by: Sequence[AnyLabel] = ()) -> Expr:
        """What there is a second: `agent:invocations`, `model:calls`."""
        labels = MODEL if name.startswith("model:") else FLEET
        unit = UNITS.get(name.partition(":")[2], "{request}")
        return summed(recorded(f"{name}:rate5m", where=WHERE, labels=labels, unit=f"{unit}/s"), by)

    def total(self, name: str, by: Sequence[AnyLabel] = (), window: Window = RANGE) -> Expr:
        """What there was in the time range, or another window."""
        within = recorded_over(f"{name}:rate5m", "sum", window, where=WHERE, by=by)
        unit = UNITS.get(name.partition(":")[2], "{request}")
        return scaled(within, self.settings.rules.interval.seconds, unit=unit)

    def failures(self, of: str, errors: str, by: Sequence[AnyLabel] = ()) -> Expr:
        """Those that failed now, in percent."""
        return percent(self.rate(errors, by), self.rate(of, by))

    def failed(self, of: str, errors: str, by: Sequence[AnyLabel] = ()) -> Expr:
        """Those of the time range that failed, in percent."""
        return percent(self.total(errors, by), self.total(of, by))


INVOCATIONS = ("agent:invocations", "agent:invocation_errors")
CALLS = ("model:calls", "model:call_errors")


def dashboard(settings: Settings) -> v.Dashboard:
    """For those who answer for agents in operation."""
    fleet, rows = Fleet(settings), (whole, departments, agents, models, steps, spans)
    return v.Dashboard(
        title="Agents in operation",
        description="From the whole fleet to a department, to an agent, to its traces. Choose at the head, "
        "or click a row of a table.",
        audience="sre",
        time_from="now-24h",
        refresh="1m",
        variables=[PLACE, DEPARTMENT, AGENT],
        rows=[row(fleet) for row in rows],
    )


def whole(fleet: Fleet) -> v.Row:
    """Everything that is chosen, in numbers."""
    slo = fleet.settings.slo
    read = total(m.GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS, where=WHERE)
    cached = total(m.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS, where=WHERE)
    return v.row(
        "How is the fleet?",
        v.stat(
            "Agents at work",
            or_zero(counted(above(fleet.total("agent:invocations", BY_AGENT), 0))),
            unit="plain",
            about="Agents, by environment, that worked on a request in this time. Fewer: who went silent?",
        ),
        v.stat(
            "Requests", or_zero(fleet.total("agent:invocations")), about="Requests that agents worked on."
        ),
        v.stat(
            "Failed requests",
            fleet.failed(*INVOCATIONS),
            thresholds=v.budget(fleet.failing),
            about="Requests at which an agent failed; red: more than slo.agent_success_percent leaves.",
        ),
        v.stat(
            "Failed model calls",
            fleet.failed("agent:model_calls", "agent:model_call_errors"),
            thresholds=v.budget(slo.error_rate_percent),
            about="Model calls that failed in spite of their retries. Above the objective: see the models.",
        ),
        v.stat(
            "Retries per call",
            ratio(fleet.total("agent:retries"), fleet.total("agent:model_calls")),
            thresholds=v.budget(0.1),
            decimals=3,
            about="Attempts beyond the first, by call. High: a provider refuses or fails; see why below.",
        ),
        v.stat("Cost", or_zero(fleet.total("agent:cost_usd")), about="Of all model calls of this time."),
        v.stat(
            "Cost per request",
            ratio(fleet.total("agent:cost_usd"), fleet.total("agent:invocations")),
            about="Cost by request of an agent. Rising: longer prompts, more steps, or a dearer model.",
        ),
        v.stat(
            "Tokens",
            or_zero(fleet.total("agent:tokens")),
            about="Input and output of all model calls of this time.",
        ),
        v.stat(
            "Input from the cache",
            percent(cached, read),
            about="Low: put what changes to the end of prompts.",
        ),
        v.stat(
            "Calls without a price",
            or_zero(total(m.GNOMON_MODEL_CALL_UNPRICED, where=WHERE)),
            thresholds=v.steps(v.GOOD, (1, v.WARN)),
            about="Calls that the cost leaves out. Any: add their model to the price table (prices.file).",
        ),
    )


def departments(fleet: Fleet) -> v.Row:
    """Who uses it."""
    name = v.label(a.GNOMON_DEPARTMENT)
    p95 = recorded(
        "department:invocation_duration_seconds:p95_5m", where=OF_DEPARTMENTS, by=BY_DEPARTMENT, unit="s"
    )
    month, weeks = (
        recorded(f"department:cost_usd:{what}", where=filters(DEPARTMENT), by=BY_DEPARTMENT, unit="{USD}")
        for what in ("30d_projected", "week_over_week")
    )
    # Where Prometheus keeps less than two weeks, no rule compares them.
    kept = fleet.settings.retention.prometheus_days
    compared = [v.query(weeks, "Week over week")] if kept >= 14 else []
    return v.row(
        "Which department?",
        v.timeseries(
            "Requests by department",
            v.legend(fleet.rate("agent:invocations", BY_DEPARTMENT), name),
            stack="normal",
            width=8,
            about="Requests a second. One falls to nothing: its service is down, or does not record.",
        ),
        v.timeseries(
            "Failed requests by department",
            v.legend(fleet.failures(*INVOCATIONS, BY_DEPARTMENT), name),
            thresholds=v.budget(fleet.failing),
            min=0,
            width=8,
            about="In percent; dashed: what the objective leaves. All at once: a provider, not an agent.",
        ),
        v.timeseries(
            "Latency by department",
            v.legend(p95, name),
            width=8,
            about="Time that 95 of 100 requests stay under, in the slowest environment.",
        ),
        v.timeseries(
            "Cost by department",
            v.legend(scaled(fleet.rate("agent:cost_usd", BY_DEPARTMENT), 3600, unit="{USD}/h"), name),
            stack="normal",
            width=10,
            about="US dollars an hour of model calls. One rises alone: look at its agents.",
        ),
        v.table(
            "Departments",
            v.query(fleet.total("agent:invocations", BY_DEPARTMENT), "Requests"),
            v.query(fleet.failed(*INVOCATIONS, BY_DEPARTMENT), "Failed"),
            v.query(fleet.total("agent:cost_usd", BY_DEPARTMENT), "Cost"),
            v.query(month, "Month"),
            *compared,
            columns={a.GNOMON_DEPARTMENT: "Department"},
            sort="-Cost",
            width=14,
            links=[v.to_dashboard("fleet", "Its agents", department=v.field("Department"))],
            about="This time; Month: 30 days at the pace of the last week, test runs included. Click for "
            "its agents.",
        ),
    )


def agents(fleet: Fleet) -> v.Row:
    """Which of them."""
    name = f"{v.label(a.GEN_AI_AGENT_NAME)} {v.label(a.DEPLOYMENT_ENVIRONMENT_NAME)}"
    slowest = recorded("agent:invocation_duration_seconds:p95_1h", where=WHERE, by=BY_AGENT, unit="s")
    share = recorded("agent:invocation_errors:ratio_1h", where=WHERE, by=BY_AGENT, unit="1")
    burn = scaled(share, 100, per=fleet.failing, unit="plain") if fleet.failing else share
    searched = f'{{ span.{a.GEN_AI_AGENT_NAME.name} = "{v.field("Agent")}" }}'
    return v.row(
        "Which agent?",
        v.timeseries(
            "Failed requests by agent",
            v.legend(top(10, fleet.failures(*INVOCATIONS, BY_AGENT)), name),
            thresholds=v.budget(fleet.failing),
            min=0,
            about="The ten that fail most, in percent. AgentErrorBudgetBurnsFast: look at its traces below.",
        ),
        v.timeseries(
            "Slowest agents",
            v.legend(top(10, slowest), name),
            thresholds=v.budget(fleet.settings.slo.execution_time_seconds),
            about="Time that 95 of 100 requests of an hour stay under. One alone: its tools or its model.",
        ),
        v.table(
            "Agents",
            v.query(fleet.total("agent:invocations", BY_AGENT), "Requests"),
            v.query(fleet.failed(*INVOCATIONS, BY_AGENT), "Failed"),
            v.query(slowest, "p95"),
            v.query(fleet.total("agent:cost_usd", BY_AGENT), "Cost"),
            v.query(burn, "Burn"),
            columns={
                a.GEN_AI_AGENT_NAME: "Agent",
                a.GNOMON_DEPARTMENT: "Department",
                a.DEPLOYMENT_ENVIRONMENT_NAME: "Environment",
            },
            sort="-Requests",
            width=24,
            links=[
                v.to_dashboard("fleet", "This agent", agent=v.field("Agent")),
                v.to_traces(searched, "Its traces"),
            ],
            about="Burn: how many times faster than it may the last hour spent the error budget. Click for "
            "traces.",
        ),
    )


def models(fleet: Fleet) -> v.Row:
    """Whether the providers do their part."""
    name = f"{v.label(a.GEN_AI_PROVIDER_NAME)} {v.label(a.GEN_AI_REQUEST_MODEL)}"
    p95 = recorded("model:call_duration_seconds:p95_5m", where=filters(PLACE), by=BY_MODEL, unit="s")
    return v.row(
        "Which model, which provider?",
        v.timeseries(
            "Model calls by model",
            v.legend(fleet.rate("model:calls", BY_MODEL), name),
            stack="normal",
            width=8,
            about="Calls a second. One falls and another rises: somebody changed the model.",
        ),
        v.timeseries(
            "Failed model calls by model",
            v.legend(fleet.failures(*CALLS, BY_MODEL), name),
            thresholds=v.budget(fleet.settings.slo.error_rate_percent),
            min=0,
            width=8,
            about="In percent, after retries. All models of one provider: look at its status page.",
        ),
        v.timeseries(
            "Latency by model",
            v.legend(p95, name),
            width=8,
            about="Time that 95 of 100 calls stay under, retries included; of all agents.",
        ),
        v.timeseries(
            "Retries by reason",
            per_second(m.GNOMON_MODEL_CALL_RETRIES, by=[a.ERROR_TYPE], where=WHERE),
            style="bars",
            stack="normal",
            width=8,
            about="Retries a second. rate_limited: our load, ask for a higher limit; others: the "
            "provider's trouble.",
        ),
        v.timeseries(
            "Tokens by model",
            v.legend(fleet.rate("model:input_tokens", BY_MODEL), f"{name} in"),
            v.legend(fleet.rate("model:output_tokens", BY_MODEL), f"{name} out"),
            stack="normal",
            width=8,
            about="Tokens a second. They rise and calls do not: prompts get longer.",
        ),
        v.timeseries(
            "First chunk by model",
            v.legend(
                quantile(m.GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, 0.95, STEP, BY_MODEL, WHERE), name
            ),
            width=8,
            about="Time to the first chunk that 95 of 100 streamed calls stay under: what people wait for.",
        ),
        v.pie(
            "Cost by model", fleet.total("model:cost_usd", BY_MODEL), width=8, about="Who the money goes to."
        ),
    )


def steps(fleet: Fleet) -> v.Row:
    """What agents do between the calls."""
    worked = (
        ("Tools", m.GEN_AI_EXECUTE_TOOL_DURATION, a.GEN_AI_TOOL_NAME),
        ("Skills", m.GNOMON_SKILL_DURATION, a.GEN_AI_SKILL_NAME),
        ("Workflows", m.GEN_AI_INVOKE_WORKFLOW_DURATION, a.GEN_AI_WORKFLOW_NAME),
    )
    return v.row(
        "What do agents do?",
        *(
            v.table(
                title,
                v.query(total(metric, by=[label], where=WHERE), "Times"),
                v.query(
                    percent(
                        total(metric, RANGE, [label], {**WHERE, **FAILED}),
                        total(metric, RANGE, [label], WHERE),
                    ),
                    "Failed",
                ),
                v.query(quantile(metric, 0.95, RANGE, [label], WHERE), "p95"),
                columns={label: title[:-1]},
                sort="-Times",
                width=8,
                about="How often, how many failed, and how long 95 of 100 take at most. One that fails: "
                "mend it first.",
            )
            for title, metric, label in worked
        ),
        v.timeseries(
            "Tools by how they end",
            per_second(m.GEN_AI_EXECUTE_TOOL_DURATION, by=[a.ERROR_TYPE], where=WHERE),
            stack="normal",
            width=12,
            about="Calls of tools a second; without a name: good. One kind grows: mend that tool first.",
        ),
        v.timeseries(
            "Workflows by how they end",
            per_second(m.GEN_AI_INVOKE_WORKFLOW_DURATION, by=[a.ERROR_TYPE], where=WHERE),
            stack="normal",
            width=12,
            about="Workflows a second; without a name: they reached their end.",
        ),
        v.traces(
            "Requests that failed",
            v.traceql(
                f'{{ span.{a.GEN_AI_OPERATION_NAME.name} = "invoke_agent" && status = error '
                f'&& span.{a.GEN_AI_AGENT_NAME.name} =~ "$agent" }}'
            ),
            about="The latest requests at which an agent failed. Open one: the span that is red says why.",
        ),
        collapsed=True,
    )


def spans(fleet: Fleet) -> v.Row:
    """The same from the spans of all services, those included that Gnomon does not count."""
    name = f"{v.label(s.SERVICE_NAME)} {v.label(s.SPAN_NAME)}"
    by = [s.SERVICE_NAME, s.SPAN_NAME]
    errors = recorded("span:errors:ratio_5m", where=filters(PLACE), by=by, unit="1")
    slow = recorded("span:duration_seconds:p95_5m", where=filters(PLACE), by=by, unit="s")
    return v.row(
        "And by the spans?",
        v.timeseries(
            "Spans that fail most",
            v.legend(top(10, errors), name),
            min=0,
            about="Share of a service's spans that failed, the ten worst. Of services without Gnomon, too.",
        ),
        v.timeseries(
            "Slowest spans",
            v.legend(top(10, slow), name),
            about="Duration that 95 of 100 spans stay under, the ten slowest. Exemplars lead to traces.",
        ),
        v.node_graph(
            "Who calls whom",
            v.service_map(),
            height=9,
            about="Services and the calls between them, by Tempo: requests a second, latency, failures in "
            "red. A red edge: the callee fails, or the way to it.",
        ),
        collapsed=True,
    )
