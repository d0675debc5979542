"""What happens when a channel cannot be reached, and how one learns that no alert can be told at all."""

from __future__ import annotations

import time
from pathlib import Path

from tests.delivery import stack
from tests.delivery.receivers import Answer
from tests.promql import servers

ACCURACY, FAIL = "RoutingAccuracyBelowSLO", "NotificationsFail"


def wrong_routes() -> list[str]:
    labels = 'test_suite_name="shop",deployment_environment_name="ci",gnomon_routing_correct="false"'
    return [f"gnomon_run_routing_verdicts{{{labels}}} 25 {time.time() - 300:.3f}"]


def test_a_channel_in_trouble_is_asked_again(tmp_path: Path) -> None:
    """A channel that answers 500 twice gets the message at the third attempt, once."""
    with stack.inboxes(tmp_path) as inboxes:
        inboxes.slack.refusals += [Answer(500, "internal_error"), Answer(500, "internal_error")]
        settings = inboxes.settings
        rules = stack.rule_files(tmp_path, settings, [ACCURACY])
        with (
            stack.alertmanager(tmp_path, inboxes, settings) as alertmanager,
            stack.prometheus(tmp_path, wrong_routes(), rules, alertmanager),
        ):
            message = inboxes.slack.inbox.find(lambda _: True)
            assert message["attachments"][0]["title"].startswith("[warning] Routing accuracy")
            assert inboxes.slack.refused == 2
            assert len(inboxes.slack.inbox.all()) == 1


def test_a_channel_that_is_gone_is_told_by_the_others(tmp_path: Path) -> None:
    """Slack knows the webhook no more: that is counted, and a critical alert says so by other channels."""
    with stack.inboxes(tmp_path) as inboxes:
        inboxes.slack.gone = True
        settings = inboxes.settings
        rules = stack.rule_files(tmp_path, settings, [ACCURACY, FAIL])
        with (
            stack.alertmanager(tmp_path, inboxes, settings) as alertmanager,
            stack.prometheus(tmp_path, wrong_routes(), rules, alertmanager, scrapes=True),
        ):
            event = inboxes.pagerduty.inbox.find(lambda event: event["payload"]["class"] == FAIL)
            mail = inboxes.mail.inbox.find(lambda mail: mail.subject.startswith("[critical]"))
            metrics = servers.read(f"{alertmanager}/metrics")
    assert event["payload"]["severity"] == "critical"
    assert "\nslack: " in event["payload"]["custom_details"]["alerts"]
    assert f"{FAIL} (critical)" in mail.part("plain")
    failed = [
        line for line in metrics.splitlines() if line.startswith("alertmanager_notifications_failed_total")
    ]
    assert [line for line in failed if 'integration="slack"' in line and not line.endswith(" 0")]
    assert not [line for line in failed if 'integration="email"' in line and not line.endswith(" 0")]


def test_the_heartbeat_goes_on_and_stops(tmp_path: Path) -> None:
    """As long as alerts can be told the service outside hears so again and again; then it hears nothing."""
    with stack.inboxes(tmp_path) as inboxes:
        settings = inboxes.settings
        rules = stack.rule_files(tmp_path, settings, ["Watchdog"])
        beats = inboxes.heartbeat.inbox
        with stack.alertmanager(tmp_path, inboxes, settings) as alertmanager:
            with stack.prometheus(tmp_path, [], rules, alertmanager):
                stack.until(lambda: len(beats.all()) >= 3, "three signs of life")
            # Nothing is said to people, and no end of it to the service.
            assert not inboxes.slack.inbox.all()
        assert {beat["status"] for beat in beats.all()} == {"firing"}
        assert {beat["alerts"][0]["labels"]["alertname"] for beat in beats.all()} == {"Watchdog"}
