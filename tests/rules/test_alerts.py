"""The alerts of runs, agents and the stack follow the settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gnomon.errors import UserError
from tests.promql.servers import promtool
from tests.rules.test_routing import made

OURS = ("runs", "fleet", "stack")
ORGANISATION = """
organisation:
  departments:
    - {name: support, daily_cost_usd: 40}
    - {name: sales, daily_cost_usd: 10}
    - {name: other}
  agents: [{name: triage, department: support, daily_cost_usd: 5}]
"""


def of(folder: Path, text: str = "") -> dict[str, dict[str, Any]]:
    return {name: rule for name, rule in made(folder, text, OURS).items() if "alert" in rule}


def test_limits_come_from_the_settings(tmp_path: Path) -> None:
    """Shares, factors, windows, minima and waits are the team's."""
    alerts = of(
        tmp_path,
        """
        budgets: {series: 7000}
        alerts:
          severity: critical
          hold: 7m
          error_rate_percent: 11
          error_rate_window: 2h
          minimum_tests: 33
          rate_limited_percent: 3
          worker_use_percent: 61
          minimum_worker_time: 20m
          flaky_tests: 9
          cost_anomaly_factor: 2.5
          minimum_cost_usd: 4
          test_cost_factor: 3.5
          test_cost_window: 90m
          no_runs_window: 36h
          queue_percent: 66
        """,
    )
    expected = {
        "TestErrorRateHigh": ["> 11", "[2h]", ">= 33"],
        "APIRateLimited": ["> 3"],
        "WorkersIdle": ["< 61", ">= 1200"],
        "ManyFlakyTests": ["> 9"],
        "CostAnomaly": ["> 2.5", ">= 4"],
        "TestCostSpike": ["> 3.5", "[90m]", "[7d] offset 90m", ">= 33"],
        "NoTestRuns": ["[36h]", "[300h]"],
        "ExportQueueFills": ["> 66"],
        "TooManySeries": ["> 7000"],
    }
    for name, parts in expected.items():
        assert [part for part in parts if part not in alerts[name]["expr"]] == [], name
        assert alerts[name]["for"] == "7m"
    assert alerts["TestErrorRateHigh"]["labels"] == {"severity": "critical"}


def test_alerts_of_runs_look_at_our_suites(tmp_path: Path) -> None:
    """Where the settings name suites, every selector of the alerts about runs is narrowed to them."""
    alerts = made(tmp_path, "suites: [{name: shop}, {name: desk}]\n", ["runs"])
    for name, rule in alerts.items():
        selectors = len(re.findall(r"\b(?:gnomon_run_|routing_test:)\w+", rule["expr"]))
        assert rule["expr"].count('test_suite_name=~"shop|desk"') == selectors > 0, name


@pytest.mark.parametrize("objective", ["0", "100"])
def test_a_budget_that_cannot_burn_is_not_watched(tmp_path: Path, objective: str) -> None:
    """An objective that leaves nothing, or everything, makes no alert of burn rates and no series for it."""
    text = f"slo: {{agent_success_percent: {objective}, routing_accuracy_percent: {objective}}}\n"
    rules = made(tmp_path, text, OURS)
    burning = {name for name in rules if "Burns" in name}
    assert burning == {"ModelCallErrorBudgetBurnsFast", "ModelCallErrorBudgetBurnsSlow"}
    kept = [name for name in rules if name.startswith("agent:invocation_errors:ratio")]
    assert kept == ["agent:invocation_errors:ratio_1h"]


def test_pairs_of_windows_that_can_never_fire_are_left_out(tmp_path: Path) -> None:
    """At 85 % the pair of one hour and five minutes asks for more than everything; at 99 % all four serve."""
    fast = of(tmp_path)["RoutingErrorBudgetBurnsFast"]
    assert "[6h]" in fast["expr"] and "[1h]" not in fast["expr"] and fast["for"] == "15m"
    fast = of(tmp_path, "slo: {routing_accuracy_percent: 99}\n")["RoutingErrorBudgetBurnsFast"]
    assert "> 0.144" in fast["expr"] and "> 0.06" in fast["expr"] and fast["for"] == "2m"
    only_slow = of(tmp_path, "slo: {routing_accuracy_percent: 60}\n")
    assert "RoutingErrorBudgetBurnsFast" not in only_slow
    assert "> 0.4" in only_slow["RoutingErrorBudgetBurnsSlow"]["expr"]


def test_departments_and_agents_have_budgets_of_their_own(tmp_path: Path) -> None:
    """Whoever spends more than its own budget has an alert with its name; without budgets there is none."""
    assert not [name for name in of(tmp_path) if name.endswith("BudgetExceeded")]
    rules = of(tmp_path, ORGANISATION)
    named = [rules[name] for name in ("DepartmentBudgetExceeded", "AgentBudgetExceeded")]
    groups = [
        {
            "name": "budgets",
            "rules": [{key: rule[key] for key in rule if key != "interval"} for rule in named],
        }
    ]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    spent = {
        'department:cost_usd:1d{gnomon_department="support"}': 40,
        'department:cost_usd:1d{gnomon_department="sales"}': 15,
        'department:cost_usd:1d{gnomon_department="other"}': 900,
        'agent:cost_usd:1d{gnomon_department="support", gen_ai_agent_name="triage"}': 6,
        'agent:cost_usd:1d{gnomon_department="support", gen_ai_agent_name="another"}': 60,
    }
    told = [
        ("DepartmentBudgetExceeded", {"gnomon_department": "sales"}, "sales", "150", "A department"),
        (
            "AgentBudgetExceeded",
            {"gnomon_department": "support", "gen_ai_agent_name": "triage"},
            "triage",
            "120",
            "An agent",
        ),
    ]
    cases = [
        {
            "alertname": name,
            "eval_time": "10m",
            "exp_alerts": [
                {
                    "exp_labels": {"severity": "warning", **labels},
                    "exp_annotations": {
                        "summary": f"{whose} spent more than its budget in 24 hours.",
                        "description": f"{who}: the model calls of the last 24 hours, in operation and in "
                        f"test runs, took {share} % of its daily budget.",
                        "value": f"{share} % of the budget",
                        "objective": "at most 100 %",
                        "runbook_url": f"docs/runbooks/{name}.md",
                    },
                }
            ],
        }
        for name, labels, who, share, whose in told
    ]
    test = {
        "interval": "1m",
        "input_series": [{"series": series, "values": f"{value}x20"} for series, value in spent.items()],
        "alert_rule_test": [
            *cases,
            *({"alertname": name, "eval_time": "4m", "exp_alerts": []} for name, *_ in told),
        ],
    }
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "tests": [test]}))
    answer = promtool("test", "rules", tmp_path / "tests.yaml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    "text",
    [
        "alerts: {hold: 6h}\n",
        "alerts: {rate_limited_window: 5m}\n",
        "alerts: {test_cost_window: 5m}\n",
        "alerts: {worker_use_window: 5m}\n",
    ],
)
def test_an_alert_that_one_run_could_never_fire_is_refused(tmp_path: Path, text: str) -> None:
    """A run is seen for as long as the window: an alert that waits as long would be silent for ever."""
    with pytest.raises(UserError, match=r"an alert that waits \w+ never fires"):
        made(tmp_path, text, ["runs"])


def test_every_alert_of_a_run_keeps_its_owner(tmp_path: Path) -> None:
    """Suite, environment, department and agent stand on the alert, by which it finds its way to people."""
    for name, rule in made(tmp_path, "", ["runs"]).items():
        kept = {"deployment_environment_name", "gnomon_department", "gen_ai_agent_name"}
        kept |= set() if name == "APIRateLimited" else {"test_suite_name"}
        assert all(label in rule["expr"] for label in kept), name
