"""Alerts reach their own people, together where they belong together, and are kept back where they should."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gnomon.settings import Settings
from gnomon.settings.model import Maintenance
from tests.delivery import stack
from tests.delivery.receivers import Mail
from tests.promql import servers

ACCURACY = "RoutingAccuracyBelowSLO"
OWN = """
from gnomon.registry import attributes as a
from gnomon.registry import metrics as m
from gnomon_generators.promql import one_of, total
from gnomon_generators.rules import AlertRule, group

BY = [a.TEST_SUITE_NAME, a.DEPLOYMENT_ENVIRONMENT_NAME]


def alert(name, severity, *suites):
    failed = total(m.GNOMON_RUN_TESTS, "1d", BY, {a.TEST_SUITE_NAME: one_of(*suites)})
    said = {"summary": f"Tests of {name}.", "description": "Some tests failed."}
    return AlertRule(name, failed, "1m", severity, **said, commit=COMMIT)


def groups(settings):
    return [group(settings, "own_alerts", *(alert(*one) for one in ALERTS))]
"""


@dataclass(frozen=True)
class Running:
    """What runs, and its addresses and files."""

    inboxes: stack.Inboxes
    alertmanager: str
    folder: Path

    def slack(self, *, suite: str) -> dict[str, Any]:
        """The message about a suite that fires."""
        return self.inboxes.slack.inbox.find(
            lambda payload: f"Suite {suite}." in payload["attachments"][0]["title"]
        )

    def alerts(self) -> list[dict[str, dict[str, object]]]:
        return list(json.loads(servers.read(f"{self.alertmanager}/api/v2/alerts")))


def about(suite: str) -> Callable[[Mail], bool]:
    return lambda mail: f"Suite {suite}." in mail.subject


def verdicts(**labels: str) -> str:
    """Twenty-five wrong routes of a suite, five minutes ago."""
    return sample("gnomon_run_routing_verdicts", {**labels, "gnomon_routing_correct": "false"}, 25)


def sample(name: str, labels: Mapping[str, str], value: float) -> str:
    inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {value} {time.time() - 300:.3f}"


@contextmanager
def running(
    folder: Path,
    samples: Sequence[str],
    alerts: Sequence[str] = (ACCURACY,),
    own: Path | None = None,
    **different: object,
) -> Iterator[Running]:
    """The whole stack with these samples and alerts; `different` are settings of alerts that differ."""
    with stack.inboxes(folder) as inboxes:
        plain = inboxes.settings
        settings: Settings = replace(plain, alerts=replace(plain.alerts, **different))  # type: ignore[arg-type]
        rules = stack.rule_files(folder, settings, alerts, own)
        with (
            stack.alertmanager(folder, inboxes, settings) as alertmanager,
            stack.prometheus(folder, samples, rules, alertmanager),
        ):
            yield Running(inboxes, alertmanager, folder)


def own_alerts(folder: Path, *alerts: tuple[str, ...], commit: str = "") -> Path:
    """A folder of definitions with alerts of a team's own: name, severity, suites that it is about."""
    path = folder / "definitions/alerts/own.py"
    path.parent.mkdir(parents=True)
    path.write_text(f"{OWN}\n\nALERTS, COMMIT = {alerts!r}, {commit!r}\n")
    return folder / "definitions"


def failed(suite: str) -> str:
    """Five tests of a suite, in an environment with an owner."""
    return sample("gnomon_run_tests", {"test_suite_name": suite, "deployment_environment_name": "ci"}, 5)


def test_two_suites_are_one_message(tmp_path: Path) -> None:
    """What breaks at the same time in two suites of a department is told once, on every channel."""
    labels = {"deployment_environment_name": "production", "gnomon_department": "support"}
    samples = [verdicts(test_suite_name=suite, **labels) for suite in ("desk", "shop")]
    with running(tmp_path, samples) as here:
        inboxes = here.inboxes
        title = "[warning] Routing accuracy is below its objective of 85 %. Environment production. 2 alerts."
        mail = inboxes.mail.inbox.find(lambda mail: mail.subject == title)
        event = inboxes.pagerduty.inbox.find(lambda event: event["payload"]["summary"] == title)
        slack = inboxes.slack.inbox.find(lambda payload: payload["attachments"][0]["title"] == title)
        webhook = inboxes.webhook.inbox.find(lambda payload: len(payload["alerts"]) == 2)
        titles = [payload["attachments"][0]["title"] for payload in inboxes.slack.inbox.all()]
        summaries = [event["payload"]["summary"] for event in inboxes.pagerduty.inbox.all()]
        sizes = [(told["status"], len(told["alerts"])) for told in inboxes.webhook.inbox.all()]
    # Where the machine stands still for long enough, Alertmanager takes alerts for over and tells that, too.
    assert [one for one in titles if not one.startswith("[resolved]")] == [title]
    assert [one for one in summaries if not one.startswith("[resolved]")] == [title]
    assert [one for one in sizes if one[0] == "firing"] == [("firing", 2)]
    assert event["payload"]["custom_details"]["firing"] == "2"
    for text in (mail.part("plain"), mail.part("html"), slack["attachments"][0]["text"]):
        assert "desk in production: 0.0 %" in text
        assert "shop in production: 0.0 %" in text
        assert text.count("var-suite=desk") == 1
    assert {alert["labels"]["test_suite_name"] for alert in webhook["alerts"]} == {"desk", "shop"}


def test_owners_are_told_in_their_own_channel(tmp_path: Path) -> None:
    """A department's alerts go to its owner, an environment's to its own, all others to the team."""
    samples = [
        verdicts(test_suite_name="of support", deployment_environment_name="ci", gnomon_department="support"),
        verdicts(test_suite_name="in ci", deployment_environment_name="ci", gnomon_department="sales"),
        verdicts(test_suite_name="of nobody", deployment_environment_name="production"),
    ]
    with running(tmp_path, samples) as here:
        for suite, channel, address in (
            ("of support", "#desk", "desk@example.com"),
            ("in ci", "#platform", "platform@example.com"),
            ("of nobody", "#quality", stack.TEAM),
        ):
            assert here.slack(suite=suite)["channel"] == channel
            mail = here.inboxes.mail.inbox.find(about(suite))
            assert mail.recipients == [address]


def test_critical_mutes_the_warnings_of_its_suite(tmp_path: Path) -> None:
    """Of a suite in a critical state only that is told; another suite's warning is told all the same."""
    own = own_alerts(tmp_path, ("Burning", "critical", "shop"), ("Failing", "warning", "shop", "desk"))
    with running(tmp_path, [failed("shop"), failed("desk")], ["Burning", "Failing"], own) as here:
        assert here.slack(suite="desk")["attachments"][0]["title"].startswith("[warning] Tests of Failing.")
        assert here.slack(suite="shop")["attachments"][0]["title"].startswith("[critical] Tests of Burning.")

        def kept_back() -> list[str]:
            return [
                str(alert["labels"]["test_suite_name"])
                for alert in here.alerts()
                if alert["status"]["state"] == "suppressed" and alert["labels"]["alertname"] == "Failing"
            ]

        stack.until(lambda: kept_back() == ["shop"], "keeping the shop's warning back")
        titles = [payload["attachments"][0]["title"] for payload in here.inboxes.slack.inbox.all()]
    assert not [title for title in titles if "Failing" in title and "shop" in title]


def test_nobody_is_told_in_maintenance(tmp_path: Path) -> None:
    """While production is maintained its alerts are kept back, and those of elsewhere are told."""
    window = Maintenance(name="upgrade", environment="production", timezone="Europe/Berlin")
    samples = [
        verdicts(
            test_suite_name="maintained",
            deployment_environment_name="production",
            gnomon_department="support",
        ),
        verdicts(test_suite_name="in use", deployment_environment_name="ci"),
    ]
    with running(tmp_path, samples, maintenance=(window,)) as here:
        assert here.slack(suite="in use")["channel"] == "#platform"
        here.inboxes.pagerduty.inbox.find(lambda event: event["event_action"] == "trigger")
        log = tmp_path / "alertmanager.log"
        stack.until(lambda: "route is within mute time" in log.read_text(), "keeping back what is maintained")
        # It fires, is sent to Alertmanager and goes no further.
        assert {alert["labels"]["test_suite_name"] for alert in here.alerts()} == {"maintained", "in use"}
        assert len(here.inboxes.slack.inbox.all()) == len(here.inboxes.pagerduty.inbox.all()) == 1


def test_the_likely_commit_is_told(tmp_path: Path) -> None:
    """An alert that can tell the change that probably caused it does so on every channel."""
    commit = """{{ with query "gnomon_suspect" }}{{ . | first | label "revision" }}{{ end }}"""
    own = own_alerts(tmp_path, ("Failing", "warning", "shop"), commit=commit)
    suspect = f'gnomon_suspect{{revision="9d59409"}} 1 {time.time() - 1:.3f}'
    with running(tmp_path, [failed("shop"), suspect], ["Failing"], own) as here:
        slack = here.slack(suite="shop")
        event = here.inboxes.pagerduty.inbox.find(lambda event: event["event_action"] == "trigger")
        mail = here.inboxes.mail.inbox.find(about("shop"))
    assert "\nLikely commit: `9d59409`\n" in slack["attachments"][0]["text"]
    assert "\nLikely commit: 9d59409\n" in event["payload"]["custom_details"]["alerts"]
    assert "\nLikely commit: 9d59409\n" in mail.part("plain")
    assert "Likely commit: 9d59409<br>" in mail.part("html")
