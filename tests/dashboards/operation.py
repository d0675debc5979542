"""Hours in the life of a small fleet, known to the last call, and of the stack that carries it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gnomon import settings
from gnomon.registry import metrics as m
from gnomon.registry.model import Metric
from gnomon.registry.prometheus import name_of
from gnomon_generators import stack_metrics as stack
from gnomon_generators.artefacts.production import produce
from gnomon_generators.promql.series import label_text
from tests.promql import servers
from tests.promql.planted import store_samples

MINUTE, HOUR = 60, 3600
LASTED = 3 * HOUR
# Nothing happens at the ends, so that everything is within the windows of five minutes that are looked at.
QUIET = 20 * MINUTE
SUPPORT = {
    "gnomon_department": "support",
    "gen_ai_agent_name": "triage",
    "deployment_environment_name": "prod",
}
SALES = {"gnomon_department": "sales", "gen_ai_agent_name": "clerk", "deployment_environment_name": "prod"}
TRIAL = {"gnomon_department": "sales", "gen_ai_agent_name": "clerk", "deployment_environment_name": "test"}
JOBS = {
    "OpenTelemetry Collector": "collector",
    "Prometheus": "prometheus",
    "Alertmanager": "alertmanager",
    "Grafana Tempo": "tempo",
    "Grafana": "grafana",
}
# What a series of the stack says of itself besides; the first value of a closed set does for the others.
SAID = {"exporter": "tempo", "rule_group": "a.yaml;a", "integration": "slack", "alertname": "One"} | SUPPORT

Labels = dict[str, str]


@dataclass
class Agent:
    """An agent and what it did: `truth` are the sums by what is counted."""

    who: Labels
    share_failed: float
    truth: dict[str, float] = field(default_factory=dict)


@dataclass
class Operation:
    """A Prometheus that holds what the agents did, what the rules made of it, and the stack about itself."""

    address: str
    agents: list[Agent]
    now: float

    def true(self, what: str, **chosen: str) -> float:
        """The sum over the agents with these labels."""
        return sum(
            agent.truth.get(what, 0)
            for agent in self.agents
            if all(agent.who[label] == value for label, value in chosen.items())
        )


def operate(folder: Path, now: float) -> tuple[list[Agent], Path]:
    """The agents, and a data directory of Prometheus with three hours of them until now."""
    agents = [Agent(SUPPORT, 0.2), Agent(SALES, 0.02), Agent(TRIAL, 0.0)]
    draw = random.Random(31)
    counters: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}
    minutes = LASTED // MINUTE
    for minute in range(minutes):
        working = QUIET <= minute * MINUTE < LASTED - QUIET
        for agent in agents:
            for key, amount in _did(agent, draw).items():
                name, labels = key
                steps = counters.setdefault((name, tuple(sorted(labels))), [0.0] * minutes)
                steps[minute] = amount if working else 0.0
                if working:
                    _remember(agent, name, dict(labels), amount)
    lines = []
    for (name, labels), steps in counters.items():
        written = ",".join(f'{label}="{value}"' for label, value in labels)
        value = 0.0
        for minute, step in enumerate(steps):
            value += step
            # Seven seconds past the minute, as scrapes are not on it.
            lines.append(f"{name}{{{written}}} {value!r} {now - LASTED + minute * MINUTE + 7:.3f}")
    lines += _of_the_stack(now)
    in_order = sorted(lines, key=lambda line: float(line.rpartition(" ")[2]))
    return agents, store_samples(in_order, folder)


def _did(agent: Agent, draw: random.Random) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What the agent adds to its counters in one minute."""
    who = tuple(agent.who.items())
    model = (("gen_ai_provider_name", "anthropic"), ("gen_ai_request_model", "small"))
    asked = draw.randint(5, 40)
    failed = round(asked * agent.share_failed)
    calls = 3 * asked
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def observed(metric: Metric, count: int, labels: tuple[tuple[str, str], ...]) -> None:
        name = name_of(metric)
        for bound in ("0.5", "1", "+Inf"):
            found[f"{name}_bucket", (*who, *labels, ("le", bound))] = count * (bound != "0.5")
        found[f"{name}_sum", (*who, *labels)] = 0.75 * count
        found[f"{name}_count", (*who, *labels)] = count

    observed(m.GEN_AI_INVOKE_AGENT_DURATION, asked - failed, ())
    observed(m.GEN_AI_INVOKE_AGENT_DURATION, failed, (("error_type", "tool"),))
    observed(m.GEN_AI_CLIENT_INFERENCE_DURATION, calls - failed, model)
    observed(m.GEN_AI_CLIENT_INFERENCE_DURATION, failed, (*model, ("error_type", "timeout")))
    observed(m.GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, calls, model)
    observed(m.GEN_AI_EXECUTE_TOOL_DURATION, asked, (("gen_ai_tool_name", "search"),))
    observed(m.GEN_AI_EXECUTE_TOOL_DURATION, failed, (("gen_ai_tool_name", "search"), ("error_type", "tool")))
    observed(m.GNOMON_SKILL_DURATION, asked, (("gen_ai_skill_name", "refunds"),))
    observed(m.GEN_AI_INVOKE_WORKFLOW_DURATION, asked, (("gen_ai_workflow_name", "order"),))
    amounts = {
        m.GNOMON_MODEL_CALL_RETRIES: (draw.randint(0, 9), (*model, ("error_type", "rate_limited"))),
        m.GNOMON_MODEL_CALL_COST_USD: (0.25 * calls, model),
        m.GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS: (1000 * calls, model),
        m.GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS: (100 * calls, model),
        m.GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS: (400 * calls, model),
        m.GNOMON_MODEL_CALL_UNPRICED: (1, model),
    }
    dropped = ("gnomon_spool_drop_reason", "queue_full")
    found[name_of(m.GNOMON_SPOOL_DROPPED), (("job", who[1][1]), dropped)] = 1
    for metric, (amount, labels) in amounts.items():
        found[name_of(metric), (*who, *labels)] = amount
    return found


def _remember(agent: Agent, name: str, labels: Mapping[str, str], amount: float) -> None:
    counted = {
        f"{name_of(m.GEN_AI_INVOKE_AGENT_DURATION)}_count": "requests",
        f"{name_of(m.GEN_AI_CLIENT_INFERENCE_DURATION)}_count": "calls",
        name_of(m.GNOMON_MODEL_CALL_RETRIES): "retries",
        name_of(m.GNOMON_MODEL_CALL_COST_USD): "cost",
        name_of(m.GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS): "tokens",
        name_of(m.GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS): "tokens",
    }
    if what := counted.get(name):
        agent.truth[what] = agent.truth.get(what, 0) + amount
        if "error_type" in labels and what != "retries":
            agent.truth[f"failed {what}"] = agent.truth.get(f"failed {what}", 0) + amount


def _of_the_stack(now: float) -> Iterator[str]:
    """Half an hour of all that the parts say: counters rise by one a second, levels are one."""
    for metric in stack.ALL:
        job = JOBS[metric.producer]
        labels = {"job": job, "instance": f"{job}:1"}
        for label in metric.labels:
            name = label_text(label)
            if name in SAID:
                labels[name] = SAID[name]
            elif label.label_values:
                labels[name] = label.label_values[-1]
        written = ",".join(f'{label}="{value}"' for label, value in labels.items())
        for second in range(1, 1800, 15):
            at = f"{now - 1800 + second:.3f}"
            if metric.kind == "histogram":
                for bound in ("0.5", "1", "+Inf"):
                    yield f'{metric.name}_bucket{{{written},le="{bound}"}} {second} {at}'
                yield f"{metric.name}_sum{{{written}}} {second} {at}"
                yield f"{metric.name}_count{{{written}}} {second} {at}"
            else:
                yield f"{metric.name}{{{written}}} {second if metric.kind == 'counter' else 1} {at}"


def record(folder: Path, data: Path, start: float, end: float) -> None:
    """Fills in what the rules would have recorded meanwhile; those that read others need another round."""
    for document in produce(["rules"], settings.Settings(), only=["fleet", "spans"]):
        (folder / document.path.name).write_text(document.text)
    for _ in range(4):
        with servers.prometheus(folder, "{}", data=data) as address:
            answer = servers.promtool(
                *("tsdb", "create-blocks-from", "rules", f"--start={start:.0f}", f"--end={end:.0f}"),
                *(f"--url={address}", f"--output-dir={data}", "--eval-interval=60s"),
                *(folder / name for name in ("fleet.yaml", "spans.yaml")),
            )
        assert answer.returncode == 0, answer.stdout + answer.stderr
