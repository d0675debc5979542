"""Who is told of an alert, on which channels: owner of agent, department or environment, else the team."""

from collections.abc import Iterator

from gnomon.registry import attributes as a
from gnomon.registry.prometheus import label_of
from gnomon.settings import Settings
from gnomon_generators.alertmanager import (
    AlertmanagerConfig,
    Channels,
    InhibitRule,
    Matcher,
    Receiver,
    Route,
    TimeInterval,
    default_owner,
    equals,
    owners,
    reachable,
    scopes,
    templates,
)

SUITE = label_of(a.TEST_SUITE_NAME)
ENVIRONMENT = label_of(a.DEPLOYMENT_ENVIRONMENT_NAME)
DEPARTMENT = label_of(a.GNOMON_DEPARTMENT)
AGENT = label_of(a.GEN_AI_AGENT_NAME)

NOBODY = Receiver(
    name="nobody",
    about="What is only looked at: alerts of severity info stay on dashboards.",
)
CRITICAL = equals("severity", "critical")
LESSER = Matcher("severity", "=~", "warning|info")


def alertmanager(settings: Settings) -> AlertmanagerConfig:
    """Critical at once and every hour, a warning twice a day, info never, in maintenance nothing."""
    team = Receiver(
        name="team",
        about=_about_team(settings),
        notifiers=Channels(settings).notifiers(default_owner(settings)),
    )
    return AlertmanagerConfig(
        about=__doc__,
        templates=(templates(settings),),
        route=Route(
            receiver=team,
            # Suites stand together in one message: what broke them is often the same.
            group_by=("alertname", ENVIRONMENT, DEPARTMENT),
            group_wait="30s",
            group_interval="5m",
            repeat_interval="12h",
            routes=[
                *_heartbeat(settings),
                Route(matchers=(equals("severity", "info"),), receiver=NOBODY),
                *_told(settings),
            ],
        ),
        inhibit_rules=(
            InhibitRule(
                source=(CRITICAL, Matcher(SUITE, "!=", "")),
                target=(LESSER,),
                equal=(SUITE, ENVIRONMENT),
                about="Whoever is told that a suite is in a critical state need not be told of its warnings.",
            ),
            InhibitRule(
                source=(CRITICAL,),
                target=(LESSER,),
                equal=("alertname", SUITE, ENVIRONMENT, DEPARTMENT, AGENT),
                about="Nor of the milder form of the same alert.",
            ),
        ),
        time_intervals=[TimeInterval(window) for window in settings.alerts.maintenance],
    )


def _heartbeat(settings: Settings) -> Iterator[Route]:
    """The route of the alert that always fires: a sign of life, whatever is muted."""
    if notifiers := Channels(settings).heartbeat():
        heartbeat = Receiver(
            name="heartbeat",
            notifiers=notifiers,
            about="Whoever watches this calls for help when it falls silent: docs/runbooks/Watchdog.md.",
        )
        yield Route(
            matchers=(equals("alertname", "Watchdog"),),
            receiver=heartbeat,
            group_by=("alertname",),
            group_wait="1s",
            group_interval=str(settings.channels.heartbeat.every),
            # Whatever was told, it is told again with the next interval.
            repeat_interval="1s",
        )


def _told(settings: Settings) -> Iterator[Route]:
    """The routes for what is not muted alike, each with the owners below it."""
    channels = Channels(settings)
    theirs = {
        owner.name: Receiver(name=f"owner {owner.name}", notifiers=channels.notifiers(owner))
        for owner in reachable(settings)
    }
    for scope in scopes(settings.alerts.maintenance):
        muted = scope.windows
        to_owners = [
            Route(matchers=(equals(label, value),), receiver=theirs[owner.name], muted_in=muted)
            for label, value, owner in owners(settings)
            if owner.name in theirs
        ]
        told = [
            Route(
                matchers=(CRITICAL,), group_wait="10s", repeat_interval="1h", muted_in=muted, routes=to_owners
            ),
            *to_owners,
        ]
        named = ((ENVIRONMENT, scope.environment), (DEPARTMENT, scope.department))
        matchers = tuple(equals(label, value) for label, value in named if value)
        # The first route of all cannot be muted, so there is one for the rest.
        yield from [Route(matchers=matchers, muted_in=muted, routes=told)] if matchers or muted else told


def _about_team(settings: Settings) -> str:
    if Channels(settings).notifiers():
        return "Everybody else's alerts, and those that belong to nobody."
    return (
        "Tells nobody, since the settings name no channel: fill in one under `channels` (docs/settings.md), "
        "and say under `alerts.channel` which."
    )
