"""Receivers: who is told, and by what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from gnomon.errors import UserError

Options = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Notifier(ABC):
    """A way to tell somebody. Fields that end in `_file` are paths of files that hold a secret."""

    key: ClassVar[str]

    @abstractmethod
    def options(self) -> Options:
        """The notifier as it stands in a list under `key`."""


@dataclass(frozen=True, kw_only=True)
class Slack(Notifier):
    """A Slack channel by an incoming webhook; without `channel`, the webhook's own."""

    key: ClassVar[str] = "slack_configs"
    webhook_url_file: str
    channel: str | None = None

    def options(self) -> Options:
        """One attachment a group of alerts, coloured by what is worst in it."""
        return {
            "api_url_file": self.webhook_url_file,
            **({"channel": self.channel} if self.channel else {}),
            "send_resolved": True,
            "color": '{{ template "gnomon.slack.color" . }}',
            "title": '{{ template "gnomon.title" . }}',
            "title_link": '{{ template "gnomon.link" . }}',
            "fallback": '{{ template "gnomon.title" . }}',
            "text": '{{ template "gnomon.slack.text" . }}',
            "mrkdwn_in": ["text"],
        }


@dataclass(frozen=True, kw_only=True)
class PagerDuty(Notifier):
    """A PagerDuty service by its Events API v2."""

    key: ClassVar[str] = "pagerduty_configs"
    routing_key_file: str
    url: str

    def options(self) -> Options:
        """One incident a group of alerts. The worst severity in it decides on the urgency, there."""
        return {
            "url": self.url,
            "routing_key_file": self.routing_key_file,
            "send_resolved": True,
            "description": '{{ template "gnomon.title" . }}',
            "severity": '{{ template "gnomon.severity" . }}',
            "client": "Gnomon",
            "client_url": '{{ template "gnomon.link" . }}',
            "class": "{{ .GroupLabels.alertname }}",
            "component": "{{ .CommonLabels.test_suite_name }}",
            "group": "{{ .CommonLabels.gnomon_department }}",
            "details": {
                "alerts": '{{ template "gnomon.text" . }}',
                "firing": "{{ .Alerts.Firing | len }}",
                "resolved": "{{ .Alerts.Resolved | len }}",
            },
            "links": [
                {"href": '{{ template "gnomon.runbook" . }}', "text": "Runbook"},
                {"href": '{{ template "gnomon.panel" . }}', "text": "Panel"},
            ],
        }


@dataclass(frozen=True, kw_only=True)
class Email(Notifier):
    """E-mail by an SMTP server, over TLS."""

    key: ClassVar[str] = "email_configs"
    to: Sequence[str]
    sender: str
    smarthost: str
    username: str | None = None
    password_file: str | None = None

    def options(self) -> Options:
        """One mail a group of alerts, as HTML and as text."""
        login = {"auth_username": self.username, "auth_password_file": self.password_file}
        return {
            "to": ", ".join(self.to),
            "from": self.sender,
            "smarthost": self.smarthost,
            **{key: value for key, value in login.items() if value},
            "require_tls": True,
            "send_resolved": True,
            "headers": {"Subject": '{{ template "gnomon.title" . }}'},
            "html": '{{ template "gnomon.email.html" . }}',
            "text": '{{ template "gnomon.text" . }}',
        }


@dataclass(frozen=True, kw_only=True)
class Webhook(Notifier):
    """Any receiver of Alertmanager's own JSON. The address is a secret too: Alertmanager 0.26 or newer."""

    key: ClassVar[str] = "webhook_configs"
    url_file: str
    bearer_token_file: str | None = None
    resolved: bool = True

    def options(self) -> Options:
        """Every alert of the group, whatever their number; `resolved` says whether their end is told, too."""
        authorization = {"authorization": {"type": "Bearer", "credentials_file": self.bearer_token_file}}
        return {
            "url_file": self.url_file,
            "send_resolved": self.resolved,
            **({"http_config": authorization} if self.bearer_token_file else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Somebody, and every way by which they are told; without one nobody is."""

    name: str
    notifiers: tuple[Notifier, ...] = ()
    about: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise UserError("a receiver of alerts has no name; give it one")

    def options(self) -> Options:
        """The receiver as it stands in the list of them."""
        options: Options = {"name": self.name}
        for key in dict.fromkeys(each.key for each in self.notifiers):
            options[key] = [each.options() for each in self.notifiers if each.key == key]
        return options
