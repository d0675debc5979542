"""Who is told, by what: the channels that the settings ask for, with secrets by file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gnomon.errors import UserError
from gnomon.settings import Settings
from gnomon.settings.model import Channels, Email, Slack, Webhook
from gnomon.settings.values import SecretReference
from tests.alertmanager.running import CHANNELS, Channel, checked, generated, settings


def receivers(chosen: Settings, folder: Path) -> dict[str, Any]:
    document = yaml.safe_load(generated(chosen, folder).read_text())
    return {receiver.pop("name"): receiver for receiver in document["receivers"]}


def test_without_a_channel_nobody_is_told_and_that_is_said(tmp_path: Path) -> None:
    """The default settings give a configuration that amtool accepts and that says it tells nobody."""
    config = generated(Settings(), tmp_path)
    assert checked(config).ok
    assert receivers(Settings(), tmp_path)["team"] == {}
    assert "# Tells nobody, since the settings name no channel" in config.read_text()


@pytest.mark.parametrize(
    ("channel", "keys"),
    [
        ("slack", {"slack_configs"}),
        ("pagerduty", {"pagerduty_configs"}),
        ("email", {"email_configs"}),
        ("webhook", {"webhook_configs"}),
        ("all", {"slack_configs", "pagerduty_configs", "email_configs", "webhook_configs"}),
    ],
)
def test_only_what_is_asked_for(channel: Channel, keys: set[str], tmp_path: Path) -> None:
    """`alerts.channel` chooses among the channels that are filled in, and amtool accepts each choice."""
    chosen = settings(channel)
    assert set(receivers(chosen, tmp_path)["team"]) == keys
    result = checked(generated(chosen, tmp_path))
    assert result.ok, result.output + result.errors


def test_all_means_those_that_are_filled_in(tmp_path: Path) -> None:
    """With `all`, a channel of which nothing is said is left out."""
    chosen = settings("all", replace(CHANNELS, pagerduty=Channels().pagerduty, webhook=Webhook()))
    assert set(receivers(chosen, tmp_path)["team"]) == {"slack_configs", "email_configs"}


def test_secrets_are_files(tmp_path: Path) -> None:
    """A secret is named by a file in one folder, called like its variable or its own file."""
    team = receivers(settings(), tmp_path)["team"]
    (slack,), (pagerduty,) = team["slack_configs"], team["pagerduty_configs"]
    (email,), (webhook,) = team["email_configs"], team["webhook_configs"]
    assert slack["api_url_file"] == "/run/secrets/SLACK_WEBHOOK_URL"
    assert pagerduty["routing_key_file"] == "/run/secrets/pagerduty"
    assert (email["auth_username"], email["auth_password_file"]) == ("gnomon", "/run/secrets/SMTP_PASSWORD")
    assert webhook["url_file"] == "/run/secrets/ALERT_URL"
    authorization = webhook["http_config"]["authorization"]
    assert authorization == {"type": "Bearer", "credentials_file": "/run/secrets/token"}
    assert email["require_tls"]
    assert email["to"] == "quality@example.com, second@example.com"


def test_the_folder_of_secrets_can_be_another(tmp_path: Path) -> None:
    """`channels.secrets_folder` says where they are."""
    chosen = settings(channels=replace(CHANNELS, secrets_folder=Path("/etc/alertmanager/secrets")))
    (slack,) = receivers(chosen, tmp_path)["team"]["slack_configs"]
    assert slack["api_url_file"] == "/etc/alertmanager/secrets/SLACK_WEBHOOK_URL"


@pytest.mark.parametrize(
    ("channel", "channels", "sentence"),
    [
        ("pagerduty", Channels(), "alerts.channel is pagerduty, and channels.pagerduty says nothing"),
        ("email", Channels(), "alerts.channel is email, and channels.email says nothing"),
        (
            "all",
            Channels(email=Email(to=("a@example.com",))),
            "write channels.email.sender and channels.email.smarthost too",
        ),
        ("slack", Channels(slack=Slack(channel="#a")), "write channels.slack.webhook_url too"),
        (
            "webhook",
            Channels(webhook=Webhook(bearer_token=SecretReference(env="TOKEN"))),
            "write channels.webhook.url too",
        ),
        (
            "webhook",
            Channels(
                webhook=Webhook(
                    url=SecretReference(file=Path("/a/secret")),
                    bearer_token=SecretReference(file=Path("/b/secret")),
                )
            ),
            "two secrets under channels would be the file /run/secrets/secret",
        ),
    ],
)
def test_half_a_channel_is_refused(
    channel: Channel, channels: Channels, sentence: str, tmp_path: Path
) -> None:
    """What would tell nobody though somebody asked for it, or mix secrets up, is refused with advice."""
    with pytest.raises(UserError, match=sentence):
        generated(settings(channel, channels), tmp_path)


def test_owners_are_told_by_their_own_channel(tmp_path: Path) -> None:
    """An owner's receiver is the team's but for the Slack channel and the address, where there are any."""
    found = receivers(settings(), tmp_path)
    platform, desk = found["owner platform"], found["owner desk"]
    assert platform["slack_configs"][0]["channel"] == "#platform"
    assert platform["email_configs"][0]["to"] == "platform@example.com"
    assert desk["slack_configs"][0]["channel"] == "#quality"
    assert desk["email_configs"][0]["to"] == "desk@example.com"
    assert platform["pagerduty_configs"] == found["team"]["pagerduty_configs"]
    assert "owner silent" not in found
