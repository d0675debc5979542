"""What a message says, rendered by amtool."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gnomon.registry import attributes
from gnomon.registry.prometheus import label_of
from tests.alertmanager.running import generated, message, settings

REVISION = label_of(attributes.VCS_REF_HEAD_REVISION)
SUMMARY = "Routing accuracy is below its objective of 85 %."


# The alert began at nine and was over at half past eleven; the panel shows six hours before, one after.
PANEL = "https://grafana.example.com/d/gnomon-qa?viewPanel=panel-3&from=1772334000000&to="


def alert(**different: Any) -> dict[str, Any]:
    labels = {"alertname": "RoutingAccuracyBelowSLO", "severity": "warning", "gnomon_department": "support"}
    annotations = {
        "summary": SUMMARY,
        "description": "routing in production: 71.4 % < 85 % & falling",
        "value": "71.4 %",
        "objective": "at least 85 %",
        "runbook_url": "https://runbooks.example.com/RoutingAccuracyBelowSLO",
        "panel_url": "https://grafana.example.com/d/gnomon-qa?viewPanel=panel-3&from=now-1d&to=now",
    }
    return {
        "status": different.get("status", "firing"),
        "labels": labels | different.get("labels", {}),
        "annotations": annotations | different.get("annotations", {}),
        "startsAt": "2026-03-01T10:00:00+01:00",
        "endsAt": "2026-03-01T11:30:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=a%3Eb",
    }


def group(*alerts: dict[str, Any], status: str = "firing") -> dict[str, Any]:
    def common(part: str) -> dict[str, str]:
        first, *others = (each[part] for each in alerts)
        return {key: value for key, value in first.items() if all(each.get(key) == value for each in others)}

    return {
        "receiver": "team",
        "status": status,
        "alerts": list(alerts),
        "groupLabels": {"alertname": "RoutingAccuracyBelowSLO"},
        "commonLabels": common("labels") | {"test_suite_name": "routing"},
        "commonAnnotations": common("annotations"),
        "externalURL": "http://alertmanager:9093",
    }


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return generated(settings(), tmp_path)


def test_what_since_when_how_bad_who_and_where(config: Path) -> None:
    """The text names alert, severity, time in UTC, value and objective, owner, panel, query and runbook."""
    assert message(config, "gnomon.text", group(alert())) == (
        "RoutingAccuracyBelowSLO (warning), since 2026-03-01 09:00 UTC\n"
        f"{SUMMARY}\n"
        "routing in production: 71.4 % < 85 % & falling\n"
        "Value: 71.4 %\n"
        "Objective: at least 85 %\n"
        "Owner: desk (desk@example.com)\n"
        f"Panel: {PANEL}now\n"
        "Query: http://prometheus:9090/graph?g0.expr=a%3Eb\n"
        "Runbook: https://runbooks.example.com/RoutingAccuracyBelowSLO\n\n"
    )


@pytest.mark.parametrize(
    "said", [{"annotations": {"likely_commit": "9d59409"}}, {"labels": {REVISION: "9d59409"}}]
)
def test_the_likely_commit_is_named(said: dict[str, Any], config: Path) -> None:
    """Where an annotation or a label names the change, every channel does."""
    fired = group(alert(**said))
    assert "Likely commit: 9d59409\n" in message(config, "gnomon.text", fired)
    assert "Likely commit: `9d59409`\n" in message(config, "gnomon.slack.text", fired)
    assert "Likely commit: 9d59409<br>\n" in message(config, "gnomon.email.html", fired, html=True)
    assert "Likely commit" not in message(config, "gnomon.text", group(alert()))


def test_the_environment_is_named(config: Path) -> None:
    """It stands in the title, and in texts in a line of its own."""
    fired = group(alert(labels={"deployment_environment_name": "production"}))
    assert message(config, "gnomon.title", fired).endswith(" Environment production.")
    assert "Environment: production\n" in message(config, "gnomon.text", fired)
    assert "Environment: production<br>\n" in message(config, "gnomon.email.html", fired, html=True)


def test_slack_reads_it_as_text(config: Path) -> None:
    """Links are Slack's own, and what means something to Slack is escaped."""
    text = message(config, "gnomon.slack.text", group(alert()))
    assert text.startswith("*71.4 %* (should be at least 85 %)\n")
    assert "71.4 % &lt; 85 % &amp; falling" in text
    assert "<https://runbooks.example.com/RoutingAccuracyBelowSLO|Runbook>" in text
    assert f"<{PANEL}now|Panel>" in text
    assert "owner: desk (desk@example.com)" in text


def test_a_mail_is_proper_html(config: Path) -> None:
    """What an alert says cannot become part of the page."""
    nasty = alert(annotations={"description": "<script>alert(1)</script>"})
    page = message(config, "gnomon.email.html", group(nasty), html=True)
    assert "<script>" not in page
    assert '<a href="https://runbooks.example.com/RoutingAccuracyBelowSLO">Runbook</a>' in page
    assert "since 2026-03-01 09:00 UTC" in page
    assert "<b>71.4 %</b> (should be at least 85 %)" in page
    assert f'<a href="{PANEL.replace("&", "&amp;")}now">Panel</a>' in page
    assert page.strip().endswith("</html>")


def test_a_runbook_in_the_repository_is_no_link(config: Path) -> None:
    """A path is named as it is, for no browser could follow it."""
    local = group(alert(annotations={"runbook_url": "docs/runbooks/A.md", "panel_url": ""}))
    assert "Runbook: docs/runbooks/A.md" in message(config, "gnomon.slack.text", local)
    assert "Panel" not in message(config, "gnomon.slack.text", local)
    assert '<a href="docs' not in message(config, "gnomon.email.html", local, html=True)
    assert message(config, "gnomon.runbook", local) == ""
    assert message(config, "gnomon.link", local) == "http://prometheus:9090/graph?g0.expr=a%3Eb"


@pytest.mark.parametrize(
    ("severities", "worst"),
    [
        (["warning"], "warning"),
        (["info", "critical", "warning"], "critical"),
        (["critical", "warning"], "critical"),
        (["warning", "info"], "warning"),
        (["info"], "info"),
    ],
)
def test_the_worst_alert_decides(severities: list[str], worst: str, config: Path) -> None:
    """Title, colour and PagerDuty's severity are those of the worst alert that fires."""
    alerts = [alert(labels={"severity": severity}) for severity in severities]
    over = alert(labels={"severity": "critical"}, status="resolved")
    fired = group(*alerts, over)
    assert message(config, "gnomon.severity", fired) == worst
    assert message(config, "gnomon.title", fired).startswith(f"[{worst}] {SUMMARY} Suite routing.")
    color = {"critical": "#d55e00", "warning": "#e69f00", "info": "#56b4e9"}[worst]
    assert message(config, "gnomon.slack.color", fired) == color


def test_what_is_over_says_so(config: Path) -> None:
    """A resolved group says since when until when, in a colour of its own."""
    over = group(alert(status="resolved"), status="resolved")
    assert message(config, "gnomon.title", over) == f"[resolved] {SUMMARY} Suite routing."
    text = message(config, "gnomon.text", over)
    assert "since 2026-03-01 09:00 UTC until 2026-03-01 11:30 UTC" in text
    assert f"Panel: {PANEL}1772368200000\n" in text
    assert "\nresolved, since" in message(config, "gnomon.slack.text", over)
    assert message(config, "gnomon.slack.color", over) == "#0072b2"


@pytest.mark.parametrize(
    ("labels", "owner"),
    [
        ({"gen_ai_agent_name": 'ticket "triage"'}, "platform (#platform, platform@example.com)"),
        ({"gnomon_department": "sales"}, "silent"),
        ({"gnomon_department": "sales", "deployment_environment_name": "production"}, "silent"),
        (
            {"gnomon_department": "research", "deployment_environment_name": "production"},
            "platform (#platform, platform@example.com)",
        ),
        ({"gnomon_department": "research"}, "nobody named in gnomon.yaml"),
    ],
)
def test_the_owner_is_named(labels: dict[str, str], owner: str, config: Path) -> None:
    """An agent's owner comes before its department's, and that before its environment's."""
    assert f"Owner: {owner}\n" in message(config, "gnomon.text", group(alert(labels=labels)))


def test_the_owner_of_all_the_rest_is_named(tmp_path: Path) -> None:
    """What belongs to nobody else belongs to the owner that the settings name."""
    chosen = settings()
    chosen = replace(chosen, alerts=replace(chosen.alerts, owner="silent"))
    nobodys = group(alert(labels={"gnomon_department": "research"}))
    assert "Owner: silent\n" in message(generated(chosen, tmp_path), "gnomon.text", nobodys)


def test_a_flood_is_cut(config: Path) -> None:
    """Slack is told ten alerts and how many there are."""
    text = message(config, "gnomon.slack.text", group(*[alert() for _ in range(12)]))
    assert text.count("*71.4 %*") == 10
    assert text.endswith("The first 10 of 12 alerts.")


def test_templates_name_labels_that_there_are(config: Path) -> None:
    """Every label that a template reads is Alertmanager's own, or that of an attribute of the registry."""
    known = {label_of(row) for row in attributes.ALL} | {"alertname", "severity"}
    text = (config.parent / "templates" / "gnomon.tmpl").read_text() + config.read_text()
    named = set(re.findall(r"Labels\.(\w+)", text))
    assert named - {"SortedPairs"} <= known
    assert "gen_ai_agent_name" in named


def test_every_template_that_receivers_use_is_there(config: Path) -> None:
    """A receiver names no template that the file does not define."""
    text = (config.parent / "templates" / "gnomon.tmpl").read_text()
    used = set(re.findall(r'template "([\w.]+)"', config.read_text() + text))
    assert used <= set(re.findall(r'define "([\w.]+)"', text))
    assert yaml.safe_load(config.read_text())["templates"] == ["templates/*.tmpl"]
