"""The vocabulary of Alertmanager's configuration: routes, receivers, inhibition and messages.

`render` writes the configuration, `template_files` the messages beside it. Secrets are named by files.
"""

from gnomon_generators.alertmanager.channels import Channels, reachable
from gnomon_generators.alertmanager.config import AlertmanagerConfig, Templates
from gnomon_generators.alertmanager.messages import owners, templates
from gnomon_generators.alertmanager.receivers import (
    Email,
    Notifier,
    PagerDuty,
    Receiver,
    Slack,
    Webhook,
)
from gnomon_generators.alertmanager.rendering import render, template_files
from gnomon_generators.alertmanager.routes import InhibitRule, Matcher, Route, equals
from gnomon_generators.alertmanager.secret_files import SecretFiles

__all__ = [
    "AlertmanagerConfig",
    "Channels",
    "Email",
    "InhibitRule",
    "Matcher",
    "Notifier",
    "PagerDuty",
    "Receiver",
    "Route",
    "SecretFiles",
    "Slack",
    "Templates",
    "Webhook",
    "equals",
    "owners",
    "reachable",
    "render",
    "template_files",
    "templates",
]
