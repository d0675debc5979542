"""The messages on the page are those that people get."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.alertmanager.running import generated, message, settings
from tests.rules.tree import ROOT

PAGE = ROOT / "docs/notifications.md"
LABELS = {
    "alertname": "RoutingAccuracyBelowSLO",
    "severity": "warning",
    "test_suite_name": "shop",
    "deployment_environment_name": "production",
}
ANNOTATIONS = {
    "summary": "Routing accuracy is below its objective of 85 %.",
    "description": "shop in production: 71.4 % of the routing tests that got an answer in the last 1d chose "
    "the right skill; the objective is 85 %.",
    "value": "71.4 %",
    "objective": "at least 85 %",
    "likely_commit": "9d59409",
    "runbook_url": "https://runbooks.example.com/RoutingAccuracyBelowSLO",
    "panel_url": "https://grafana.example.com/d/gnomon-qa-engineer?viewPanel=panel-1&var-suite=shop"
    "&var-environment=production&from=now-1d&to=now",
}
GROUP: dict[str, Any] = {
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": LABELS,
            "annotations": ANNOTATIONS,
            "startsAt": "2026-03-01T09:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus:9090/graph?g0.expr=x",
        }
    ],
    "groupLabels": {"alertname": LABELS["alertname"]},
    "commonLabels": LABELS,
    "commonAnnotations": ANNOTATIONS,
    "externalURL": "http://alertmanager:9093",
}


@pytest.mark.parametrize(("name", "template"), [("slack", "gnomon.slack.text"), ("text", "gnomon.text")])
def test_the_page_shows_what_is_sent(name: str, template: str, tmp_path: Path) -> None:
    """Each example is the title and the text that Alertmanager makes of the same alert."""
    [shown] = re.findall(
        rf"^```text message={name}\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    chosen = settings()
    config = generated(replace(chosen, alerts=replace(chosen.alerts, owner="platform")), tmp_path)
    sent = f"{message(config, 'gnomon.title', GROUP)}\n\n{message(config, template, GROUP).strip()}\n"
    assert shown == sent
