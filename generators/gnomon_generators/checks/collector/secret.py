"""Secrets in the Collector's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.dashboard.places import dotted
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.secrets import literal_secrets
from gnomon_generators.checks.subjects import CollectorFile

ID = "collector/secret"
SEVERITY = Severity.ERROR
BRIEF = "A secret stands in the configuration of the Collector."

_SECRET: Final = re.compile(
    r"(?:[\w-]+[_-])?(?:api[_-]?key|app[_-]?key|password|token|client_secret|access_key|secret_key|credentials)"
    r"|(?:proxy-)?authorization|secret|private_key|key_pem"
)
# `${env:NAME}`, `${file:/path}`, and `$NAME` of elder versions, alone or behind a scheme such as Bearer.
_REFERENCE: Final = re.compile(r"(?:[A-Za-z]+ )?(?:\$\{[^}]+\}|\$[A-Za-z_]\w*)")


def check(file: CollectorFile) -> Iterator[Finding]:
    """Reports each value that is a secret by its key, and addresses with a password."""
    for keys in literal_secrets(
        file.document, _SECRET, lambda text: bool(_REFERENCE.fullmatch(text.strip()))
    ):
        # Names of attributes to be removed look like keys of secrets, and are values.
        if keys[0] == "processors":
            continue
        name = re.sub(r"\W+", "_", str(next(key for key in reversed(keys) if isinstance(key, str)))).upper()
        yield file.finding(
            ID,
            SEVERITY,
            "A secret stands here in plain text: whoever reads the repository, its backups or a build's log "
            "has it.",
            f"write `${{env:{name}}}` or `${{file:/run/secrets/…}}`",
            part=dotted(keys),
            line=file.line_of(*keys),
        )


def _elsewhere(text: str) -> bool:
    return _REFERENCE.fullmatch(text.strip()) is not None
