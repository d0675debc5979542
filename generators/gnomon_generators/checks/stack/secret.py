"""Secrets in the files that the stack is started with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.dashboard.places import dotted
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.positions import Keys
from gnomon_generators.checks.secrets import literal_secrets, texts
from gnomon_generators.checks.subjects import ComposeFile, StackFile

ID = "stack/secret"
SEVERITY = Severity.ERROR
BRIEF = "A secret stands in docker-compose.yml, Prometheus' configuration or Grafana's data sources."

_SECRET: Final = re.compile(
    r"(?:[\w.-]+[_-])?(?:api[_-]?key|password|passwd|token|secret(?:[_-]key)?|client_secret|access_key|credentials)"
    r"|\w*password|bearer_?token|private_?key|tlsclientkey"
)
# `$NAME`, `${NAME}`, `${NAME:?words}` and Grafana's `$__file{/path}`. With a default, `${NAME:-word}`, the
# default is the secret.
_REFERENCE: Final = re.compile(
    r"\$(?:__(?:file|env|vault)\{[^}]+\}|[A-Za-z_]\w*|\{[A-Za-z_]\w*(?::?\?[^}]*)?\})(?:/[\w./-]*)?"
)
# In Compose these say where a secret is, and under which name.
_NAMES: Final = {"secrets", "configs", "volumes", "image", "target", "source", "file"}


def check(file: StackFile) -> Iterator[Finding]:
    """Reports each value that is a secret by its key, and addresses with a password."""
    for keys in literal_secrets(file.document, _SECRET, _reference):
        if not (isinstance(file, ComposeFile) and _NAMES & set(map(str, keys))):
            yield _finding(file, keys)
    if isinstance(file, ComposeFile):
        yield from _assignments(file)


def _assignments(file: ComposeFile) -> Iterator[Finding]:
    """Variables that stand in a list, as `NAME=value`."""
    for keys, text in texts(file.document.get("services"), ("services",)):
        name, equals, value = text.partition("=")
        in_a_list = len(keys) > 2 and keys[2] == "environment" and isinstance(keys[-1], int)
        secret = equals and _SECRET.fullmatch(name.lower()) and value.strip()
        if in_a_list and secret and not _reference(value):
            yield _finding(file, keys)


def _reference(text: str) -> bool:
    return _REFERENCE.fullmatch(text.strip()) is not None


def _finding(file: StackFile, keys: Keys) -> Finding:
    advice = (
        "name it under `secrets`, from a file, and give the program the file's path (`…_FILE`)"
        if isinstance(file, ComposeFile)
        else "write where it is: `…_file: /run/secrets/…`, in Grafana `$__file{/run/secrets/…}`"
    )
    return file.finding(
        ID,
        SEVERITY,
        "A secret stands here in plain text: whoever reads the repository, its backups or a build's log has "
        "it. A default counts too: it works wherever nobody set another.",
        advice,
        part=dotted(keys),
        line=file.line_of(*keys),
    )
