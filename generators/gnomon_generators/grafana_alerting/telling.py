"""Who is told: contact points, notification policies and mute timings, from Alertmanager's configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from gnomon.errors import UserError
from gnomon_generators.alertmanager import (
    AlertmanagerConfig,
    Email,
    Notifier,
    PagerDuty,
    Receiver,
    Route,
    Slack,
    Webhook,
)

NEVER_TOLD: Final = "never told"
"""The mute timing of what nobody is told of: Grafana knows no contact point without a way to tell."""


def contact_points(config: AlertmanagerConfig) -> list[dict[str, Any]]:
    """Everybody who can be told, and how. Secrets are read from the files that Alertmanager reads them from.

    Raises `UserError` when the team cannot be told at all.
    """
    if not _fallback(config).notifiers:
        raise UserError(
            "Grafana's alerting needs somebody to tell, and no channel is filled in: fill in one under "
            "`channels`, or write `alerts: {grafana: false}`"
        )
    return [
        {
            "orgId": 1,
            "name": receiver.name,
            "receivers": [
                _integration(receiver.name, number, notifier)
                for number, notifier in enumerate(receiver.notifiers)
            ],
        }
        for receiver in config.receivers
        if receiver.notifiers
    ]


def policies(config: AlertmanagerConfig) -> list[dict[str, Any]]:
    """The routes as notification policies."""
    return [{"orgId": 1, **_policy(config.route, config)}]


def mute_timings(config: AlertmanagerConfig) -> list[dict[str, Any]]:
    """Maintenance windows, and the time in which nobody is told of what is only looked at: always."""
    whole_day = {"times": [{"start_time": "00:00", "end_time": "24:00"}]}
    never_told: dict[str, Any] = {"name": NEVER_TOLD, "time_intervals": [whole_day]}
    return [{"orgId": 1, **one} for one in (never_told, *(each.options() for each in config.time_intervals))]


def _fallback(config: AlertmanagerConfig) -> Receiver:
    first = config.route.receiver
    assert first is not None  # noqa: S101 - the configuration lets no first route through without one
    return first


def _policy(route: Route, config: AlertmanagerConfig) -> dict[str, Any]:
    muted = route.muted_in
    receiver = route.receiver
    if receiver and not receiver.notifiers:
        receiver, muted = _fallback(config), (*muted, NEVER_TOLD)
    said: dict[str, Any] = {
        "receiver": receiver.name if receiver else None,
        "object_matchers": [[one.label, one.operator, one.value] for one in route.matchers],
        "group_by": list(route.group_by),
        "mute_time_intervals": list(muted),
        "group_wait": route.group_wait,
        "group_interval": route.group_interval,
        "repeat_interval": route.repeat_interval,
        "routes": [_policy(below, config) for below in route.routes],
    }
    return {key: value for key, value in said.items() if value}


def _integration(receiver: str, number: int, notifier: Notifier) -> dict[str, Any]:
    kind, settings = _settings(notifier)
    digest = hashlib.sha256(f"{receiver}/{number}".encode()).hexdigest()[:16]
    told: dict[str, Any] = {"uid": f"gnomon-{digest}", "type": kind, "settings": settings}
    if isinstance(notifier, Webhook) and not notifier.resolved:
        told["disableResolveMessage"] = True
    return told


def _settings(notifier: Notifier) -> tuple[str, Mapping[str, Any]]:
    title = _template("title")
    if isinstance(notifier, Slack):
        where = {"recipient": notifier.channel} if notifier.channel else {}
        text = {"title": title, "text": _template("slack.text"), "color": _template("slack.color")}
        return "slack", {"url": _file(notifier.webhook_url_file), **where, **text}
    if isinstance(notifier, PagerDuty):
        return "pagerduty", _pagerduty(notifier)
    if isinstance(notifier, Email):
        # The mail server is Grafana's own: [smtp] in grafana.ini.
        return "email", {"addresses": ";".join(notifier.to), "subject": title, "message": _template("text")}
    if isinstance(notifier, Webhook):
        return "webhook", _webhook(notifier)
    raise UserError(
        f"Grafana's alerting has nothing for {type(notifier).__name__}; write `alerts: {{grafana: false}}`"
    )


def _pagerduty(notifier: PagerDuty) -> dict[str, Any]:
    options = notifier.options()
    same = ("severity", "class", "component", "group", "client", "client_url", "details", "url")
    return {
        "integrationKey": _file(notifier.routing_key_file),
        "summary": options["description"],
        **{key: options[key] for key in same},
    }


def _webhook(notifier: Webhook) -> dict[str, Any]:
    token = notifier.bearer_token_file
    shown = {"authorization_scheme": "Bearer", "authorization_credentials": _file(token)} if token else {}
    return {"url": _file(notifier.url_file), "httpMethod": "POST", **shown}


def _template(name: str) -> str:
    return f'{{{{ template "gnomon.{name}" . }}}}'


def _file(path: str) -> str:
    """The content of a file, which Grafana puts in when it reads the provisioning."""
    return f"$__file{{{path}}}"
