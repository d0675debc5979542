"""amtool on the generated configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from gnomon.settings import Settings
from gnomon.settings.model import (
    Agent,
    Channels,
    Department,
    Email,
    Environment,
    Organisation,
    Owner,
    PagerDuty,
    Slack,
    Webhook,
)
from gnomon.settings.values import SecretReference
from gnomon_generators.artefacts.production import produce
from gnomon_generators.programs import Program, Result, require
from tests.promql.servers import program

Channel = Literal["slack", "pagerduty", "email", "webhook", "all"]
CHANNELS = Channels(
    slack=Slack(webhook_url=SecretReference(env="SLACK_WEBHOOK_URL"), channel="#quality"),
    pagerduty=PagerDuty(routing_key=SecretReference(file=Path("/project/secrets/pagerduty"))),
    email=Email(
        to=("quality@example.com", "second@example.com"),
        sender="gnomon@example.com",
        smarthost="smtp.example.com:587",
        username="gnomon",
        password=SecretReference(env="SMTP_PASSWORD"),
    ),
    webhook=Webhook(
        url=SecretReference(env="ALERT_URL"),
        bearer_token=SecretReference(file=Path("/project/secrets/token")),
    ),
)
ORGANISATION = Organisation(
    owners=(
        Owner(name="platform", slack="#platform", email="platform@example.com"),
        Owner(name="desk", email="desk@example.com"),
        Owner(name="silent"),
    ),
    departments=(
        Department(name="support", owner="desk"),
        Department(name="sales", owner="silent"),
        Department(name="research"),
    ),
    environments=(Environment(name="test"), Environment(name="production", owner="platform")),
    agents=(Agent(name='ticket "triage"', department="support", owner="platform"),),
)


def settings(channel: Channel = "all", channels: Channels = CHANNELS, **different: Any) -> Settings:
    plain = Settings(organisation=ORGANISATION, channels=channels)
    return replace(plain, alerts=replace(plain.alerts, channel=channel), **different)


def generated(chosen: Settings, folder: Path) -> Path:
    """The configuration and its templates in a folder."""
    for document in produce(["alerts"], chosen, only=["alertmanager"]):
        path = folder / document.path.relative_to("alerts/yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document.text, encoding="utf-8")
    return folder / "alertmanager.yaml"


def amtool() -> Program:
    """The installed amtool; without it the test is skipped, or fails as in CI."""
    program("amtool")
    return require("amtool", ways=("path",))


def checked(config: Path) -> Result:
    """What amtool says of the configuration."""
    tool = amtool()
    return tool.run("check-config", _understood(config, tool), folder=config.parent)


def routed(config: Path, **labels: str) -> str:
    """The receiver that an alert with these labels goes to."""
    tool = amtool()
    words = [f"{name}={json.dumps(value)}" for name, value in labels.items()]
    config_file = f"--config.file={_understood(config, tool)}"
    result = tool.run("config", "routes", "test", config_file, *words, folder=config.parent)
    assert result.ok, result.errors
    return result.output.strip()


def _understood(config: Path, tool: Program) -> str:
    """The name of a file that this amtool can read.

    Version 0.25, which Debian 12 has, knows no file for the address of a webhook: there the address stands in
    the configuration instead.
    """
    if tool.version() >= (0, 26):
        return config.name
    older = config.with_name("for-0.25.yaml")
    text = config.read_text(encoding="utf-8")
    older.write_text(re.sub(r"\burl_file: /run/secrets/\w+", "url: http://localhost:9/", text))
    return older.name


def message(config: Path, template: str, group: Mapping[str, Any], *, html: bool = False) -> str:
    """A template's text for a group of alerts."""
    data = config.with_name("group.json")
    data.write_text(json.dumps(group), encoding="utf-8")
    result = amtool().run(
        "template",
        "render",
        "--template.glob=templates/*.tmpl",
        f'--template.text={{{{ template "{template}" . }}}}',
        f"--template.data={data.name}",
        f"--template.type={'html' if html else 'text'}",
        folder=config.parent,
    )
    assert result.ok, result.errors
    return result.output
