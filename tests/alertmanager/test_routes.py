"""Which alert goes where, asked of amtool."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
import yaml

from gnomon.errors import UserError
from gnomon.settings import Settings
from gnomon.settings.model import Channels, Heartbeat
from gnomon.settings.values import Duration, SecretReference
from gnomon_generators.alertmanager import AlertmanagerConfig, Matcher, Receiver, Route, equals
from tests.alertmanager.running import generated, routed, settings

AGENT = 'ticket "triage"'


@pytest.mark.parametrize("severity", ["critical", "warning"])
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({}, "team"),
        ({"gnomon_department": "support"}, "owner desk"),
        ({"gnomon_department": "support", "gen_ai_agent_name": AGENT}, "owner platform"),
        ({"gen_ai_agent_name": "another"}, "team"),
        ({"gnomon_department": "sales"}, "team"),
        ({"gnomon_department": "research"}, "team"),
        ({"deployment_environment_name": "production"}, "owner platform"),
        ({"deployment_environment_name": "production", "gnomon_department": "support"}, "owner desk"),
        ({"deployment_environment_name": "test"}, "team"),
    ],
)
def test_the_owner_is_told(severity: str, labels: dict[str, str], receiver: str, tmp_path: Path) -> None:
    """The owner of the agent, else of the department, else of the environment; else the team."""
    config = generated(settings(), tmp_path)
    assert routed(config, severity=severity, **labels) == receiver


def test_info_is_only_looked_at(tmp_path: Path) -> None:
    """Nobody is told of what is of severity info."""
    config = generated(settings(), tmp_path)
    assert routed(config, severity="info", gnomon_department="support") == "nobody"


def test_without_settings_there_is_a_way_too(tmp_path: Path) -> None:
    """Every alert finds a receiver by the default settings."""
    assert routed(generated(Settings(), tmp_path), severity="critical", alertname="A") == "team"


def test_the_sign_of_life_goes_its_own_way(tmp_path: Path) -> None:
    """The alert that always fires is sent to the heartbeat again and again, or else to nobody."""
    url = SecretReference(env="HEARTBEAT_URL")
    channels = Channels(heartbeat=Heartbeat(url=url, every=Duration("3m")))
    config = generated(Settings(channels=channels), tmp_path)
    assert routed(config, alertname="Watchdog", severity="info") == "heartbeat"
    assert routed(config, alertname="Another", severity="info") == "nobody"
    text = yaml.safe_load(config.read_text())
    route = text["route"]["routes"][0]
    assert (route["group_interval"], route["repeat_interval"]) == ("3m", "1s")
    (receiver,) = (one for one in text["receivers"] if one["name"] == "heartbeat")
    assert receiver["webhook_configs"] == [{"url_file": "/run/secrets/HEARTBEAT_URL", "send_resolved": False}]
    (tmp_path / "none").mkdir()
    without = generated(Settings(), tmp_path / "none")
    assert routed(without, alertname="Watchdog", severity="info") == "nobody"


def test_critical_comes_sooner(tmp_path: Path) -> None:
    """Critical alerts wait less for others, and are repeated more often."""
    route = yaml.safe_load(generated(settings(), tmp_path).read_text())["route"]
    (critical,) = (each for each in route["routes"] if each["matchers"] == ['severity="critical"'])
    assert (route["group_wait"], critical["group_wait"]) == ("30s", "10s")
    assert (route["repeat_interval"], critical["repeat_interval"]) == ("12h", "1h")
    assert route["group_by"] == ["alertname", "deployment_environment_name", "gnomon_department"]


def test_critical_mutes_the_warnings_of_its_suite_alone(tmp_path: Path) -> None:
    """The rule asks for a suite: two alerts that have none would agree in it."""
    suite, same = yaml.safe_load(generated(settings(), tmp_path).read_text())["inhibit_rules"]
    assert suite["source_matchers"] == ['severity="critical"', 'test_suite_name!=""']
    assert suite["target_matchers"] == ['severity=~"warning|info"']
    assert suite["equal"] == ["test_suite_name", "deployment_environment_name"]
    assert "alertname" in same["equal"]


@pytest.mark.parametrize(
    "route",
    [
        Route(group_by=("alertname",)),
        Route(receiver=Receiver(name="a")),
        Route(receiver=Receiver(name="a"), group_by=("alertname",), matchers=(equals("a", "b"),)),
    ],
)
def test_the_first_route_takes_everything(route: Route) -> None:
    """A first route that some alert could miss is refused."""
    with pytest.raises(UserError, match="the first route takes every alert"):
        AlertmanagerConfig(route=route)


def test_one_name_one_receiver() -> None:
    """Two different receivers of one name are refused."""
    two = [Route(receiver=Receiver(name="a", about="another"), matchers=(equals("b", "c"),))]
    with pytest.raises(UserError, match="two receivers are called a"):
        AlertmanagerConfig(route=Route(receiver=Receiver(name="a"), group_by=("alertname",), routes=two))


@pytest.mark.parametrize(("label", "operator", "value"), [("a-b", "=", "c"), ("a", "=~", "(")])
def test_no_condition_that_alertmanager_refuses(label: str, operator: Literal["=", "=~"], value: str) -> None:
    """A name that is no label and a pattern that is none are refused."""
    with pytest.raises(UserError):
        Matcher(label, operator, value)
