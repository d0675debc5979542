"""Alerts link to the panel that shows what they are about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gnomon.errors import UserError
from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon.registry.attribute import Attribute
from gnomon_generators.promql import total
from gnomon_generators.rules import AlertRule, Group, Panel
from tests.cli.run import gnomon
from tests.rules.tree import ROOT


def link(panel: Panel, *by: Attribute) -> str:
    alert = AlertRule("A", total(m.GNOMON_RUN_TESTS, "1d", by), "1m", "warning", "S.", "D.", panel=panel)
    group = Group("g", (alert,), "1m", grafana="https://grafana.example.com/")
    return group.annotations(alert)["panel_url"]


def test_the_link_chooses_what_the_alert_knows() -> None:
    """Board and panel are found by their names, variables are set from the labels that the alert has."""
    board = json.loads((ROOT / "dashboards/json/qa_engineer.json").read_text("utf-8"))
    [number] = [
        inner["id"]
        for panel in board["panels"]
        for inner in (panel, *panel.get("panels", []))
        if inner["title"] == "Pass rate"
    ]
    panel = Panel("qa_engineer", "Pass rate", past="3h")
    start = f"https://grafana.example.com/d/gnomon-qa-engineer?viewPanel=panel-{number}"
    assert link(panel) == f"{start}&from=now-3h&to=now"
    suite = "{{ with $labels.test_suite_name }}&var-suite={{ . | urlquery }}{{ end }}"
    assert link(panel, a.TEST_SUITE_NAME, a.GNOMON_DEPARTMENT) == f"{start}{suite}&from=now-3h&to=now"


def test_without_grafana_there_is_no_link() -> None:
    """Nobody is sent to a Grafana whose address is not known."""
    alert = AlertRule(
        "A", total(m.GNOMON_RUN_TESTS, "1d"), "1m", "warning", "S.", "D.", panel=Panel("b", "T")
    )
    assert "panel_url" not in Group("g", (alert,), "1m").annotations(alert)


def test_a_length_of_time_that_is_none_is_refused() -> None:
    """What Grafana would not understand is told at once."""
    with pytest.raises(UserError, match="T: 'yesterday' is no length of time"):
        Panel("b", "T", past="yesterday")


def test_our_own_checks_find_nothing_in_links_and_messages(tmp_path: Path) -> None:
    """With every address and channel set, `gnomon check` is content with what `gnomon generate` writes."""
    (tmp_path / "gnomon.yaml").write_text(
        """
        dashboards: {url: "https://grafana.example.com"}
        alerts: {channel: all, grafana: true, runbook_url: "https://runbooks.example.com/{alert}"}
        channels:
          slack: {webhook_url: {env: SLACK_WEBHOOK_URL}}
          pagerduty: {routing_key: {file: secrets/pagerduty}}
        """
    )
    for command in (["generate", "rules", "alerts"], ["check"]):
        done = gnomon(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
