"""From the channels of the settings to ways of telling somebody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from gnomon.errors import UserError
from gnomon.settings import Settings
from gnomon.settings.model import Owner
from gnomon_generators.alertmanager.receivers import Email, Notifier, PagerDuty, Slack, Webhook
from gnomon_generators.alertmanager.secret_files import SecretFiles


class Channels:
    """The channels that alerts go to: the one that `alerts.channel` names, or every one that is set."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._secrets = SecretFiles(PurePosixPath(settings.channels.secrets_folder.as_posix()))

    def notifiers(self, owner: Owner | None = None) -> tuple[Notifier, ...]:
        """The ways to tell the team; with an owner, theirs, where they have a channel or an address.

        None when nothing is set and the settings ask for nothing in particular. Raises `UserError` when a
        channel that is asked for, or set in part, lacks something.
        """
        channel = self._settings.alerts.channel
        make = {
            "slack": self._slack,
            "pagerduty": self._pagerduty,
            "email": self._email,
            "webhook": self._webhook,
        }
        found = {name: notifier(owner) for name, notifier in make.items() if channel in ("all", name)}
        # Slack is what is asked for where nobody has said anything.
        if channel not in ("all", "slack") and found[channel] is None:
            raise UserError(
                f"alerts.channel is {channel}, and channels.{channel} says nothing; fill it in, or choose "
                "another channel"
            )
        return tuple(notifier for notifier in found.values() if notifier)

    def heartbeat(self) -> tuple[Notifier, ...]:
        """The service that calls for help when it hears nothing; none where the settings name none."""
        url = self._settings.channels.heartbeat.url
        # The end of the alert that always fires is no sign of life.
        return (Webhook(url_file=self._secrets.path(url), resolved=False),) if url else ()

    def _slack(self, owner: Owner | None) -> Notifier | None:
        slack = self._settings.channels.slack
        if slack.webhook_url is None:
            if slack.channel:
                raise _lacking("slack", ["webhook_url"])
            return None
        channel = (owner and owner.slack) or slack.channel
        return Slack(webhook_url_file=self._secrets.path(slack.webhook_url), channel=channel)

    def _pagerduty(self, _owner: Owner | None) -> Notifier | None:
        pagerduty = self._settings.channels.pagerduty
        if pagerduty.routing_key is None:
            return None
        return PagerDuty(routing_key_file=self._secrets.path(pagerduty.routing_key), url=pagerduty.url)

    def _email(self, owner: Owner | None) -> Notifier | None:
        email = self._settings.channels.email
        to = (owner.email,) if owner and owner.email else email.to
        given = {"to": to, "sender": email.sender, "smarthost": email.smarthost}
        if not any((*given.values(), email.username, email.password)):
            return None
        if email.sender is None or email.smarthost is None or not to:
            raise _lacking("email", [name for name, value in given.items() if not value])
        return Email(
            to=to,
            sender=email.sender,
            smarthost=email.smarthost,
            username=email.username,
            password_file=self._secrets.path(email.password) if email.password else None,
        )

    def _webhook(self, _owner: Owner | None) -> Notifier | None:
        webhook = self._settings.channels.webhook
        if webhook.url is None:
            if webhook.bearer_token:
                raise _lacking("webhook", ["url"])
            return None
        token = self._secrets.path(webhook.bearer_token) if webhook.bearer_token else None
        return Webhook(url_file=self._secrets.path(webhook.url), bearer_token_file=token)


def reachable(settings: Settings) -> Iterator[Owner]:
    """Owners with a channel or an address that the settings can use, each once."""
    channel = settings.alerts.channel
    slack = channel in ("all", "slack") and settings.channels.slack.webhook_url is not None
    email = channel in ("all", "email") and settings.channels.email.smarthost is not None
    for owner in settings.organisation.owners:
        if (slack and owner.slack) or (email and owner.email):
            yield owner


def _lacking(channel: str, keys: list[str]) -> UserError:
    wanted = " and ".join(f"channels.{channel}.{key}" for key in keys)
    return UserError(f"channels.{channel} is filled in only in part; write {wanted} too")
