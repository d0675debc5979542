"""Who is told of an alert: the owner of the agent or department, else the team, by their channels."""

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
    equals,
    owners,
    reachable,
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
    """Critical at once and every hour, a warning twice a day, info never."""
    channels = Channels(settings)
    team = Receiver(name="team", about=_about_team(settings), notifiers=channels.notifiers())
    theirs = {
        owner.name: Receiver(name=f"owner {owner.name}", notifiers=channels.notifiers(owner))
        for owner in reachable(settings)
    }
    to_owners = [
        Route(matchers=(equals(label, value),), receiver=theirs[owner.name])
        for label, value, owner in owners(settings)
        if owner.name in theirs
    ]
    return AlertmanagerConfig(
        about=__doc__,
        templates=(templates(settings),),
        route=Route(
            receiver=team,
            group_by=("alertname", SUITE, ENVIRONMENT, DEPARTMENT),
            group_wait="30s",
            group_interval="5m",
            repeat_interval="12h",
            routes=[
                Route(matchers=(equals("severity", "info"),), receiver=NOBODY),
                Route(matchers=(CRITICAL,), group_wait="10s", repeat_interval="1h", routes=to_owners),
                *to_owners,
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
    )


def _about_team(settings: Settings) -> str:
    if Channels(settings).notifiers():
        return "Everybody else's alerts, and those that belong to nobody."
    return (
        "Tells nobody, since the settings name no channel: fill in one under `channels` (docs/settings.md), "
        "and say under `alerts.channel` which."
    )
