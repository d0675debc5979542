"""Every alert of this repository reaches people on every channel, says what they need, and when it is over.

The alerts are those of alerts/yaml, whichever there are; what makes each fire is its case for promtool.
"""

from __future__ import annotations

import json
import re
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.delivery import stack
from tests.delivery.planting import Case, case_of
from tests.delivery.receivers import Mail
from tests.rules.tree import ROOT

FILES = {
    path.name: [rule["alert"] for group in document["groups"] for rule in group["rules"]]
    for path in sorted((ROOT / "alerts/yaml").glob("*.yaml"))
    if "groups" in (document := yaml.safe_load(path.read_text("utf-8")))
}
# Others are told to nobody, or to the heartbeat alone.
TOLD = ("critical", "warning")
# An alert's Prometheus looks for its Alertmanager for five seconds: many can do so at the same time.
AT_ONCE = 4
COLORS = {"critical": "#d55e00", "warning": "#e69f00", "info": "#56b4e9"}
RESOLVED = "#0072b2"


@dataclass(frozen=True)
class Told:
    """What all channels were told of one alert, once while it fired or once when it was over."""

    slack: dict[str, Any]
    pagerduty: dict[str, Any]
    mail: Mail
    webhook: dict[str, Any]

    @property
    def attachment(self) -> dict[str, Any]:
        [attachment] = self.slack["attachments"]
        return dict(attachment)

    @property
    def alert(self) -> dict[str, Any]:
        [alert] = self.webhook["alerts"]
        return dict(alert)


@pytest.mark.parametrize("file", FILES)
def test_alerts_reach_people(file: str, tmp_path: Path) -> None:
    """Each fires on its case, comes by Slack, PagerDuty, mail and webhook, says all it should, and ends."""
    cases = [case for case in map(case_of, FILES[file]) if case.labels["severity"] in TOLD]
    assert cases
    with ThreadPoolExecutor(AT_ONCE) as several:
        stories = {case.alert: several.submit(deliver, case, tmp_path / case.alert) for case in cases}
    failures = [(name, story.exception()) for name, story in stories.items() if story.exception()]
    for name, failure in failures:
        traceback.print_exception(failure)
        print(f"{name}: {tmp_path / name / 'alertmanager.log'}")  # noqa: T201
    assert not failures


def deliver(case: Case, folder: Path, programs: stack.Programs = stack.INSTALLED) -> None:
    """Lets an alert fire and end, and looks at what people are told."""
    folder.mkdir()
    began = time.time()
    with stack.inboxes(folder) as inboxes:
        settings = inboxes.settings
        rules = stack.rule_files(folder, settings, [case.alert])
        with (
            stack.alertmanager(folder, inboxes, settings, programs) as alertmanager,
            stack.prometheus(folder, case.samples(time.time()), rules, alertmanager, programs) as prometheus,
        ):
            fired = told(inboxes, over=False)
            prometheus.forget({name: value for name, value in case.labels.items() if name != "severity"})
            over = told(inboxes, over=True)
            ended = time.time()
    since = moment(fired.alert["startsAt"])
    assert began - 1 <= since.timestamp() <= ended
    check_slack(fired, case, since)
    check_pagerduty(fired, case, since)
    check_mail(fired, case, since)
    check_webhook(fired, case)
    check_over(fired, over, case)


def told(inboxes: stack.Inboxes, *, over: bool) -> Told:
    """What each channel is told; waits until it is."""
    status = "resolved" if over else "firing"
    return Told(
        slack=inboxes.slack.inbox.find(
            lambda payload: payload["attachments"][0]["title"].startswith("[resolved]") == over
        ),
        pagerduty=inboxes.pagerduty.inbox.find(
            lambda event: event["event_action"] == ("resolve" if over else "trigger")
        ),
        mail=inboxes.mail.inbox.find(lambda mail: mail.subject.startswith("[resolved]") == over),
        webhook=inboxes.webhook.inbox.find(lambda payload: payload["status"] == status),
    )


def check_slack(fired: Told, case: Case, since: datetime) -> None:
    """Title, colour, value beside objective, since when, owner, links, in the owner's channel."""
    attachment = fired.attachment
    assert attachment["title"] == attachment["fallback"] == title(case)
    assert attachment["color"] == COLORS[case.labels["severity"]]
    check_panel(attachment["title_link"], case, since)
    owner = owner_of(case)
    channels = {"platform": "#platform", "desk": "#desk", "operators": "#quality"}
    assert fired.slack["channel"] == channels[owner.split()[0]]
    *said, links = attachment["text"].strip().split("\n")
    if commit := case.annotations.get("likely_commit"):
        assert said.pop() == f"Likely commit: `{commit}`"
    state = said.pop()
    expected = [slack_text(case.annotations["description"])]
    if value := case.annotations.get("value"):
        objective = case.annotations.get("objective")
        expected.insert(0, f"*{value}*" + (f" (should be {slack_text(objective)})" if objective else ""))
    assert said == expected
    assert state == f"{case.labels['severity']}, since {since:%Y-%m-%d %H:%M} UTC, owner: {owner}"
    found = {text: url for url, text in re.findall(r"<([^|>]+)\|(\w+)>", links)}
    assert list(found) == (["Panel", "Query", "Runbook"] if "Panel" in found else ["Query", "Runbook"])
    check_panel(found.get("Panel", found["Query"]), case, since)
    check_query(found["Query"])
    assert found["Runbook"] == runbook(case)


def check_pagerduty(fired: Told, case: Case, since: datetime) -> None:
    """An event that opens an incident of the alert's severity, with links and all that the mail says."""
    event, payload = fired.pagerduty, fired.pagerduty["payload"]
    assert event["event_action"] == "trigger"
    assert re.fullmatch(r"[0-9a-f]{64}", event["dedup_key"])
    assert payload["summary"] == title(case)
    assert payload["severity"] == case.labels["severity"]
    assert payload["source"]
    assert payload["class"] == case.alert
    assert payload.get("component", "") == case.labels.get("test_suite_name", "")
    assert payload.get("group", "") == case.labels.get("gnomon_department", "")
    # Alertmanager 0.25 sends texts, newer ones numbers.
    counts = [str(payload["custom_details"][state]) for state in ("firing", "resolved")]
    assert counts == ["1", "0"]
    check_text(payload["custom_details"]["alerts"], case, since)
    assert event["client"] == "Gnomon"
    check_panel(event["client_url"], case, since)
    links = {link["text"]: link["href"] for link in event["links"]}
    assert links["Runbook"] == runbook(case)
    if "Panel" in links:
        check_panel(links["Panel"], case, since)


def check_mail(fired: Told, case: Case, since: datetime) -> None:
    """A mail to the owner, over TLS and with a login, with the same as text and as a page."""
    mail, owner = fired.mail, owner_of(case)
    addresses = {"platform": "platform@example.com", "desk": "desk@example.com"}
    assert (mail.encrypted, mail.login, mail.sender) == (True, b"gnomon", "gnomon@example.com")
    assert mail.recipients == [addresses.get(owner.split()[0], stack.TEAM)]
    assert mail.message["To"] == mail.recipients[0]
    assert mail.subject == title(case)
    check_text(mail.part("plain"), case, since)
    page = mail.part("html")
    assert "<script" not in page
    for said in ("summary", "description", "value", "objective", "likely_commit"):
        assert html(case.annotations.get(said, "")) in page
    assert f"since {since:%Y-%m-%d %H:%M} UTC" in page
    assert f'<a href="{html(runbook(case))}">Runbook</a>' in page


def check_webhook(fired: Told, case: Case) -> None:
    """Alertmanager's own JSON with every label and annotation, for whoever wants to do more."""
    payload, alert = fired.webhook, fired.alert
    assert (payload["version"], payload["status"], alert["status"]) == ("4", "firing", "firing")
    assert alert["labels"] == {"alertname": case.alert, **case.labels}
    expected = case.annotations | {"runbook_url": runbook(case)}
    assert {**alert["annotations"], "panel_url": ""} == {**expected, "panel_url": ""}
    assert "test_suite_name" not in payload["groupLabels"]


def check_over(fired: Told, over: Told, case: Case) -> None:
    """The end comes to the same incident, in a colour of its own, with since when until when."""
    since, until = (moment(over.alert[key]) for key in ("startsAt", "endsAt"))
    assert since == moment(fired.alert["startsAt"]) < until
    assert over.pagerduty["dedup_key"] == fired.pagerduty["dedup_key"]
    assert over.alert["fingerprint"] == fired.alert["fingerprint"]
    ended = title(case).replace(f"[{case.labels['severity']}]", "[resolved]")
    assert over.attachment["title"] == over.mail.subject == ended
    assert over.attachment["color"] == RESOLVED
    lasted = f"since {since:%Y-%m-%d %H:%M} UTC until {until:%Y-%m-%d %H:%M} UTC"
    assert f"resolved, {lasted}, owner" in over.attachment["text"]
    assert lasted in over.mail.part("plain")
    assert lasted in over.mail.part("html")


def check_text(text: str, case: Case, since: datetime) -> None:
    """The text of mails and incidents, line by line."""
    said = text.strip().split("\n")
    labels, annotations = case.labels, case.annotations
    assert said[:3] == [
        f"{case.alert} ({labels['severity']}), since {since:%Y-%m-%d %H:%M} UTC",
        annotations["summary"],
        annotations["description"],
    ]
    found = dict(line.split(": ", 1) for line in said[3:])
    assert found.pop("Value", None) == annotations.get("value")
    assert found.pop("Objective", None) == annotations.get("objective")
    assert found.pop("Environment", None) == labels.get("deployment_environment_name")
    assert found.pop("Likely commit", None) == annotations.get("likely_commit")
    assert found.pop("Owner") == owner_of(case)
    assert found.pop("Runbook") == runbook(case)
    check_query(found.pop("Query"))
    if panel := found.pop("Panel", None):
        check_panel(panel, case, since)
    assert not found


def check_panel(link: str, case: Case, since: datetime) -> None:
    """A panel that is there, from six hours before, with suite and environment chosen; else the query."""
    if not link.startswith(stack.GRAFANA):
        check_query(link)
        return
    address = urlsplit(link)
    asked = {key: values[0] for key, values in parse_qs(address.query).items()}
    boards = [json.loads(path.read_text("utf-8")) for path in (ROOT / "dashboards/json").glob("*.json")]
    panels = {f"/d/{board['uid']}": [panel["id"] for panel in panels_of(board["panels"])] for board in boards}
    assert address.path in panels, f"{case.alert} links to a board that is not there"
    panel = int(asked.pop("viewPanel").removeprefix("panel-"))
    assert panel in panels[address.path], f"{case.alert} links to a panel that is not there"
    assert asked.pop("to") == "now"
    assert int(asked.pop("from")) == int((since.timestamp() - 6 * 3600) * 1000)
    assert asked.pop("var-suite", None) == case.labels.get("test_suite_name")
    assert asked.pop("var-environment", None) == case.labels.get("deployment_environment_name")
    assert set(asked.values()) <= set(case.labels.values())


def panels_of(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        yield panel
        yield from panels_of(panel.get("panels", []))


def check_query(link: str) -> None:
    assert re.match(r"http://[^/]+:\d+/graph\?g0\.expr=.+", link), link


def title(case: Case) -> str:
    suite, environment = (
        case.labels.get(label) for label in ("test_suite_name", "deployment_environment_name")
    )
    parts = [f"[{case.labels['severity']}] {case.annotations['summary']}"]
    parts += [f"Suite {suite}."] if suite else []
    parts += [f"Environment {environment}."] if environment else []
    return " ".join(parts)


def owner_of(case: Case) -> str:
    """Who the settings of these tests say owns it, as messages name them."""
    if case.labels.get("gnomon_department") == "support":
        return "desk (#desk, desk@example.com)"
    if case.labels.get("deployment_environment_name") == "ci":
        return "platform (#platform, platform@example.com)"
    return "operators"


def runbook(case: Case) -> str:
    assert (ROOT / f"docs/runbooks/{case.alert}.md").is_file(), f"{case.alert} has no runbook"
    return stack.RUNBOOKS.replace("{alert}", case.alert)


def slack_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def html(text: str) -> str:
    for character, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ('"', "&#34;"),
        ("'", "&#39;"),
        ("+", "&#43;"),
    ):
        text = text.replace(character, entity)
    return text


def moment(text: str) -> datetime:
    """The time of an alert, to the millisecond."""
    return datetime.fromisoformat(re.sub(r"(\.\d{3})\d*", r"\1", text).replace("Z", "+00:00"))
