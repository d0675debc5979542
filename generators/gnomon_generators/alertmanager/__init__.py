"""The vocabulary of Alertmanager's configuration: routes, receivers, what keeps alerts back, messages.

`render` writes the configuration, `template_files` the messages beside it. Secrets are named by files.
"""

from gnomon_generators.alertmanager.channels import Channels, reachable
from gnomon_generators.alertmanager.config import AlertmanagerConfig, Templates
from gnomon_generators.alertmanager.maintenance import Scope, TimeInterval, scopes
from gnomon_generators.alertmanager.messages import default_owner, owners, templates
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
    "Scope",
    "SecretFiles",
    "Slack",
    "Templates",
    "TimeInterval",
    "Webhook",
    "default_owner",
    "equals",
    "owners",
    "reachable",
    "render",
    "scopes",
    "template_files",
    "templates",
]
