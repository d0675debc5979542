"""The rules and alerts of routing tests follow the settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from gnomon import settings
from gnomon.errors import UserError
from gnomon_generators.artefacts.production import produce
from tests.rules.tree import ROOT, RULE_FILES


def made(folder: Path, text: str, only: Sequence[str] = ("routing",)) -> dict[str, dict[str, Any]]:
    """The rules by name that are made of a gnomon.yaml."""
    path = folder / "gnomon.yaml"
    path.write_text(text)
    documents = produce(["rules", "alerts"], settings.load(path), only=only)
    groups = [group for document in documents for group in yaml.safe_load(document.text)["groups"]]
    return {
        rule.get("record") or rule["alert"]: {**rule, "interval": group["interval"]}
        for group in groups
        for rule in group["rules"]
    }


def test_the_committed_files_are_those_of_the_defaults() -> None:
    """Without settings the files of the repository come out, to the byte."""
    written = {
        str(document.path): document.text for document in produce(["rules", "alerts"], settings.Settings())
    }
    for path in RULE_FILES:
        assert written[str(path.relative_to(ROOT))] == path.read_text("utf-8")


def test_numbers_come_from_the_settings(tmp_path: Path) -> None:
    """Objective, budget, limits, waits, severity and interval are the team's."""
    rules = made(
        tmp_path,
        """
        slo: {routing_accuracy_percent: 92.5}
        budgets: {daily_cost_usd: 1234567}
        flaky: {above: 0.1, below: 0.9, minimum_runs: 8}
        rules: {interval: 30s, late: 10m}
        alerts:
          severity: critical
          runbook_url: "https://example.com/books/{alert}"
          routing_accuracy_window: 6h
          routing_accuracy_for: 20m
          minimum_answers: 7
          retry_rate_per_second: 2
          retry_rate_window: 10m
          retry_rate_for: 20m
          minimum_model_calls: 3
        """,
    )
    accuracy, cost, retries = (
        rules[name] for name in ("RoutingAccuracyBelowSLO", "DailyCostExceeded", "HighAPIRetryRate")
    )
    assert "< 92.5" in accuracy["expr"] and "[6h]" in accuracy["expr"] and ">= 7" in accuracy["expr"]
    assert accuracy["for"] == "20m"
    assert cost["expr"].endswith("> 1234567")
    assert "> 2" in retries["expr"] and "[30m]" in retries["expr"] and ">= 3" in retries["expr"]
    assert {rule["labels"]["severity"] for rule in (accuracy, cost, retries)} == {"critical"}
    assert cost["annotations"]["runbook_url"] == "https://example.com/books/DailyCostExceeded"
    assert {rule["interval"] for rule in rules.values()} == {"30s"}
    assert rules["routing_test:flaky_tests"]["expr"] == (
        "routing_test:pass_rate_7d > 0.1 and routing_test:pass_rate_7d < 0.9"
    )
    assert ">= 8" in rules["routing_test:pass_rate_7d"]["expr"]
    assert "[29999ms] offset 10m" in rules["routing_test:tests:tile"]["expr"]


def test_alerts_look_at_our_suites(tmp_path: Path) -> None:
    """Where the settings name suites, every selector of every alert is narrowed to them."""
    rules = made(tmp_path, "suites: [{name: shop}, {name: help.desk}]\n")
    for name in ("RoutingAccuracyBelowSLO", "DailyCostExceeded", "HighAPIRetryRate"):
        selectors = rules[name]["expr"].count("_over_time(")
        assert rules[name]["expr"].count(r'test_suite_name=~"shop|help\\.desk"') == selectors > 0


def test_another_window_of_flakiness(tmp_path: Path) -> None:
    """Flaky tests are those of the settings' window; the series of seven days stays one of seven days."""
    rules = made(tmp_path, "flaky: {window: 3d}\n")
    assert "[3d]" in rules["routing_test:flaky_tests"]["expr"]
    assert "7d" not in rules["routing_test:flaky_tests"]["expr"]
    assert "[7d]" in rules["routing_test:pass_rate_7d"]["expr"]


def test_a_week_that_is_forgotten_is_not_compared(tmp_path: Path) -> None:
    """Where Prometheus keeps less than two weeks there is no comparison of two weeks."""
    assert "routing_test:accuracy_points:week_over_week" in made(tmp_path, "")
    rules = made(tmp_path, "retention: {prometheus_days: 13}\n")
    assert "routing_test:accuracy_points:week_over_week" not in rules


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("alerts: {routing_accuracy_window: 10m, routing_accuracy_for: 10m}\n", "waits 10m never fires"),
        ("alerts: {daily_cost_for: 1d}\n", "waits 1d never fires"),
        ("rules: {interval: 5m}\n", "write at most 4m"),
        ("alerts: {runbook_url: https://example.com}\n", r"alerts.runbook_url.*write \{alert\}"),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """An alert that could never fire, and a series with holes, are told when the files are made."""
    with pytest.raises(UserError, match=sentence):
        made(tmp_path, text)
