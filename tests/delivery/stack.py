"""A real Prometheus and a real Alertmanager with what Gnomon generates, and receivers of all kinds.

Two things of a test's copy differ from what is deployed, since waiting is not what is proven here (promtool's
tests prove `for`, tests/alertmanager the waits of routes): rules are evaluated, and alerts sent, every second
and hold for one, and Alertmanager waits a second for other alerts of a group.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from gnomon.settings import Duration, Settings
from gnomon.settings.model import (
    Channels,
    Department,
    Email,
    Environment,
    Heartbeat,
    Organisation,
    Owner,
    PagerDuty,
    Slack,
    Webhook,
)
from gnomon.settings.values import SecretReference
from gnomon_generators.artefacts.production import produce
from tests.delivery import receivers
from tests.delivery.certificates import certificate
from tests.promql import servers
from tests.promql.planted import store_samples

GRAFANA = "https://grafana.example.com"
RUNBOOKS = "https://runbooks.example.com/{alert}"
TEAM = "team@example.com"
ORGANISATION = Organisation(
    owners=(
        Owner(name="platform", slack="#platform", email="platform@example.com"),
        Owner(name="desk", slack="#desk", email="desk@example.com"),
        Owner(name="operators"),
    ),
    departments=(Department(name="support", owner="desk"), Department(name="sales")),
    environments=(Environment(name="ci", owner="platform"), Environment(name="production")),
)

# Definitions are run one at a time: each is a module of the interpreter while it runs.
_DEFINITIONS = threading.Lock()


@dataclass(frozen=True)
class Programs:
    """The programs that are proven; None stands for those that are installed."""

    prometheus: str | None = None
    alertmanager: str | None = None
    webhook_address_in_file: bool = False


INSTALLED = Programs()


@dataclass
class Inboxes:
    """The receivers, and the settings with which alerts reach them."""

    slack: receivers.Slack
    pagerduty: receivers.PagerDuty
    webhook: receivers.Webhook
    heartbeat: receivers.Heartbeat
    mail: receivers.MailServer
    authority: Path
    secrets: Path

    @property
    def settings(self) -> Settings:
        """Every channel, owners, and addresses of Grafana and of the runbooks."""
        for name, secret in (
            ("SLACK", self.slack.url),
            ("PAGERDUTY", self.pagerduty.KEY),
            ("WEBHOOK", self.webhook.url),
            ("TOKEN", self.webhook.TOKEN),
            ("HEARTBEAT", self.heartbeat.url),
            ("SMTP", self.mail.PASSWORD),
        ):
            # As editors leave it, with a line end; but Alertmanager 0.25 takes it for a part of the password.
            (self.secrets / name).write_text(secret if name == "SMTP" else f"{secret}\n")
        plain = Settings()
        return replace(
            plain,
            organisation=ORGANISATION,
            channels=Channels(
                slack=Slack(webhook_url=SecretReference(env="SLACK"), channel="#quality"),
                pagerduty=PagerDuty(routing_key=SecretReference(env="PAGERDUTY"), url=self.pagerduty.url),
                email=Email(
                    to=(TEAM,),
                    sender="gnomon@example.com",
                    smarthost=self.mail.address,
                    username=self.mail.USER,
                    password=SecretReference(env="SMTP"),
                ),
                webhook=Webhook(
                    url=SecretReference(env="WEBHOOK"), bearer_token=SecretReference(env="TOKEN")
                ),
                secrets_folder=self.secrets,
                heartbeat=Heartbeat(url=SecretReference(env="HEARTBEAT"), every=Duration("1s")),
            ),
            alerts=replace(plain.alerts, channel="all", owner="operators", runbook_url=RUNBOOKS),
            dashboards=replace(plain.dashboards, url=GRAFANA),
        )


@contextmanager
def inboxes(folder: Path) -> Iterator[Inboxes]:
    """Running receivers of all kinds."""
    secrets = folder / "secrets"
    secrets.mkdir()
    authority = certificate(folder)
    found = Inboxes(
        receivers.Slack(),
        receivers.PagerDuty(),
        receivers.Webhook(),
        receivers.Heartbeat(),
        receivers.MailServer(authority),
        authority,
        secrets,
    )
    with ExitStack() as all_of_them:
        for receiver in (found.slack, found.pagerduty, found.webhook, found.heartbeat, found.mail):
            all_of_them.enter_context(receiver.running())
        yield found


@contextmanager
def alertmanager(
    folder: Path, inboxes: Inboxes, settings: Settings, programs: Programs = INSTALLED
) -> Iterator[str]:
    """An Alertmanager with the generated configuration; gives its address."""
    with _DEFINITIONS:
        documents = produce(["alerts"], settings, only=["alertmanager"])
    for document in documents:
        path = folder / document.path.relative_to("alerts/yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document.text, encoding="utf-8")
    config = folder / "alertmanager.yaml"
    text = re.sub(r"\b(group_wait|group_interval): \w+", r"\1: 1s", config.read_text("utf-8"))
    if not programs.webhook_address_in_file:
        # Before version 0.26 there is no file for it.
        for name, receiver in (("WEBHOOK", inboxes.webhook), ("HEARTBEAT", inboxes.heartbeat)):
            text = text.replace(f"url_file: {inboxes.secrets / name}", f"url: {receiver.url}")
    config.write_text(text, encoding="utf-8")
    trusting = {**os.environ, "SSL_CERT_FILE": str(inboxes.authority)}
    with servers.alertmanager(
        folder,
        config=config,
        environ=trusting,
        # What it keeps back it tells its log only, and only this one.
        options=["--log.level=debug"],
        executable=programs.alertmanager,
    ) as address:
        yield address


def rule_files(
    folder: Path, settings: Settings, alerts: Sequence[str], own: Path | None = None
) -> list[Path]:
    """Every generated rule file, with the recording rules and of the alerts only those named."""
    with _DEFINITIONS:
        documents = produce(["rules", "alerts"], settings, own=own)
    found = []
    for document in documents:
        content = yaml.safe_load(document.text) if document.path.suffix == ".yaml" else None
        if not isinstance(content, dict) or "groups" not in content:
            continue
        for group in content["groups"]:
            group["interval"] = "1s"
            group["rules"] = [
                _hasty(rule) for rule in group["rules"] if rule.get("alert", alerts[0]) in alerts
            ]
        content["groups"] = [group for group in content["groups"] if group["rules"]]
        path = folder / ("-".join(document.path.parts))
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
        found.append(path)
    return found


def _hasty(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule, holding for a second where it holds longer."""
    return rule | {"for": "1s"} if Duration(rule.get("for", "0s")).seconds else rule


class Prometheus:
    """A Prometheus that evaluates rules over planted samples."""

    def __init__(self, address: str) -> None:
        self.address = address

    def forget(self, labels: Mapping[str, str]) -> None:
        """Takes away every sample with these labels, so that what was true of them is not any more."""
        matchers = ",".join(f"{label}={json.dumps(value)}" for label, value in labels.items())
        asked = urllib.parse.urlencode({"match[]": f'{{__name__!="",{matchers}}}'})
        request = urllib.request.Request(  # noqa: S310 - on the loopback
            f"{self.address}/api/v1/admin/tsdb/delete_series?{asked}", method="POST"
        )
        with urllib.request.urlopen(request, timeout=servers.SECONDS) as answer:  # noqa: S310
            assert answer.status == 204


@contextmanager
def prometheus(
    folder: Path,
    samples: Iterable[str],
    rules: Sequence[Path],
    alertmanager: str,
    programs: Programs = INSTALLED,
    *,
    scrapes: bool = False,
) -> Iterator[Prometheus]:
    """A Prometheus with these samples and rules that sends alerts to this Alertmanager.

    It scrapes Alertmanager's own metrics only where it is asked to: alerts are about the planted samples.
    """
    lines = list(samples)
    target = alertmanager.removeprefix("http://")
    configuration: dict[str, Any] = {
        "global": {"evaluation_interval": "1s", "scrape_interval": "1s"},
        "rule_files": [str(path) for path in rules],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [target]}]}]},
    }
    if scrapes:
        job = {"job_name": "alertmanager", "static_configs": [{"targets": [target]}]}
        configuration["scrape_configs"] = [job]
    with servers.prometheus(
        folder,
        yaml.safe_dump(configuration),
        data=store_samples(lines, folder) if lines else None,
        # It finds its Alertmanager seconds after its first alerts, and would send them again in a minute.
        options=["--web.enable-admin-api", "--rules.alert.resend-delay=1s"],
        executable=programs.prometheus,
    ) as address:
        yield Prometheus(address)


def until(true: Callable[[], bool], what: str, seconds: float = receivers.SECONDS) -> None:
    """Waits until it is true; fails with what was waited for."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not happen in {seconds} s"
        time.sleep(0.05)
