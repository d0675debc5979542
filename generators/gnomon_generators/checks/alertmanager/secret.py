"""Secrets in Alertmanager's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.dashboard.places import dotted
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.secrets import literal_secrets
from gnomon_generators.checks.subjects import AlertmanagerFile

ID = "alertmanager/secret"
SEVERITY = Severity.ERROR
BRIEF = "A secret stands in the configuration of Alertmanager."

_SECRET: Final = re.compile(
    r"(?:slack_)?api_url|(?:\w+_)?(?:api_key|api_secret|password|auth_secret|access_key|secret_key|client_secret)"
    r"|service_key|routing_key|token|user_key|bot_token|bearer_token|credentials|webhook_url|secret|session_token"
)
_WEBHOOKS_OF_OTHERS: Final = (
    "https://api.opsgenie.com",
    "https://events.pagerduty.com",
    "https://api.telegram.org",
)


def check(file: AlertmanagerFile) -> Iterator[Finding]:
    """Reports each value that is a secret by its key, and addresses with a password.

    Alertmanager replaces no variables, so that `${TOKEN}` would be sent as it stands: every text is literal.
    """
    for keys in literal_secrets(file.document, _SECRET, _public):
        key = next(str(key) for key in reversed(keys) if isinstance(key, str))
        yield file.finding(
            ID,
            SEVERITY,
            "A secret stands here in plain text: whoever reads the repository, its backups or a build's log "
            "has it.",
            f"write `{key}_file: …` and put the secret into that file",
            part=dotted(keys),
            line=file.line_of(*keys),
        )


def _public(text: str) -> bool:
    """Addresses of services that tell nothing: the key that belongs to them stands elsewhere."""
    return text.rstrip("/").startswith(_WEBHOOKS_OF_OTHERS)
