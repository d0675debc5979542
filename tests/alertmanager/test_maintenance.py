"""Times in which nobody is told: what Alertmanager is asked to keep back, and when."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gnomon.errors import UserError
from gnomon.settings import Settings
from gnomon.settings.model import Maintenance
from gnomon_generators.alertmanager import AlertmanagerConfig, Receiver, Route
from tests.alertmanager.running import checked, generated, routed, settings


def with_windows(*windows: Maintenance) -> Settings:
    plain = settings()
    return replace(plain, alerts=replace(plain.alerts, maintenance=windows))


def written(folder: Path, *windows: Maintenance) -> dict[str, Any]:
    config = generated(with_windows(*windows), folder)
    result = checked(config)
    assert result.ok, result.output + result.errors
    return dict(yaml.safe_load(config.read_text()))


def intervals(folder: Path, **window: Any) -> list[Any]:
    [one] = written(folder, Maintenance(name="upgrade", **window))["time_intervals"]
    assert one["name"] == "upgrade"
    return list(one["time_intervals"])


def test_a_window_over_midnight_is_two(tmp_path: Path) -> None:
    """What begins on Saturday at ten and ends at two is over on Sunday."""
    late, early = intervals(
        tmp_path, weekdays=("saturday",), starts="22:00", ends="02:00", timezone="Europe/Berlin"
    )
    assert late == {
        "times": [{"start_time": "22:00", "end_time": "24:00"}],
        "weekdays": ["saturday"],
        "location": "Europe/Berlin",
    }
    assert early == {
        "times": [{"start_time": "00:00", "end_time": "02:00"}],
        "weekdays": ["sunday"],
        "location": "Europe/Berlin",
    }


def test_days_go_round_the_week(tmp_path: Path) -> None:
    """From Saturday to Monday is three days, though Alertmanager's week begins on Sunday."""
    assert intervals(tmp_path, weekdays=("saturday:monday",)) == [
        {"weekdays": ["sunday", "monday", "saturday"]}
    ]


def test_dates_go_over_the_year(tmp_path: Path) -> None:
    """Days of the calendar are told month by month, each with its year."""
    assert intervals(tmp_path, dates=("2026-12-24:2027-01-01",)) == [
        {"years": ["2026"], "months": ["12"], "days_of_month": ["24:31"]},
        {"years": ["2027"], "months": ["1"], "days_of_month": ["1"]},
    ]


def test_a_window_until_midnight_is_one(tmp_path: Path) -> None:
    """Midnight as the end begins no other day."""
    expected = [{"times": [{"start_time": "22:00", "end_time": "24:00"}]}]
    assert intervals(tmp_path, starts="22:00", ends="24:00") == expected
    assert intervals(tmp_path, starts="22:00", ends="00:00") == expected


def test_every_route_of_the_scope_is_muted(tmp_path: Path) -> None:
    """Windows for all, for an environment and for a department hold each where they should."""
    route = written(
        tmp_path,
        Maintenance(name="all", weekdays=("sunday",)),
        Maintenance(name="of production", environment="production", starts="01:00", ends="02:00"),
        Maintenance(name="of support", department="support", starts="03:00", ends="04:00"),
    )["route"]
    assert "mute_time_intervals" not in route
    info, *told = route["routes"]
    assert info["receiver"] == "nobody"
    found = [(each.get("matchers", []), each["mute_time_intervals"]) for each in told]
    production, support = 'deployment_environment_name="production"', 'gnomon_department="support"'
    assert found == [
        ([production, support], ["all", "of production", "of support"]),
        ([production], ["all", "of production"]),
        ([support], ["all", "of support"]),
        ([], ["all"]),
    ]
    for each in told:
        below = [*each["routes"], *each["routes"][0]["routes"]]
        assert all(one["mute_time_intervals"] == each["mute_time_intervals"] for one in below)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"gnomon_department": "support"}, "owner desk"),
        ({"deployment_environment_name": "production"}, "owner platform"),
        ({"deployment_environment_name": "test"}, "team"),
    ],
)
def test_windows_change_no_way(labels: dict[str, str], receiver: str, tmp_path: Path) -> None:
    """Whom an alert goes to is the same with and without windows."""
    windows = [
        Maintenance(name="all", weekdays=("sunday",)),
        Maintenance(name="of test", environment="test", starts="01:00", ends="02:00"),
    ]
    config = generated(with_windows(*windows), tmp_path)
    assert routed(config, severity="critical", **labels) == receiver
    assert routed(config, severity="warning", **labels) == receiver


@pytest.mark.parametrize(
    ("dates", "sentence"),
    [
        (("2026-02-30",), "alerts.maintenance upgrade: no calendar has the day 2026-02-30"),
        (
            ("2026-03-02:2026-03-01",),
            "alerts.maintenance upgrade: 2026-03-02:2026-03-01 ends before it begins",
        ),
    ],
)
def test_days_that_are_none_are_refused(dates: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    """A window that would never be is told when the configuration is made."""
    with pytest.raises(UserError, match=sentence):
        generated(with_windows(Maintenance(name="upgrade", dates=dates)), tmp_path)


def test_a_route_is_muted_in_what_there_is() -> None:
    """An interval that nobody defines, and a first route that is muted, are refused."""
    first = Route(receiver=Receiver(name="a"), group_by=("b",), routes=[Route(muted_in=("never",))])
    with pytest.raises(UserError, match="muted in never, which is no time interval"):
        AlertmanagerConfig(route=first)
    with pytest.raises(UserError, match="the first route takes every alert"):
        AlertmanagerConfig(route=replace(first, muted_in=("never",)))
