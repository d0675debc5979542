"""Pieces of docker-compose.yml that follow from the settings."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Final

import yaml

from gnomon.settings import Settings
from gnomon_generators.programs import PROGRAMS
from gnomon_generators.stack import parts
from gnomon_generators.stack.parts import INTERNAL_TEMPO, Place
from gnomon_generators.stack.secrets import OWN, TOKEN, certificate_files, channel_secrets
from gnomon_generators.stack.tls import SECRETS, tls

STACK: Final = "./stack/yaml:/etc/gnomon/stack/yaml:ro"
BOARDS: Final = "./dashboards/json:/etc/gnomon/dashboards/json:ro"
ALERTS: Final = (STACK, "./alerts/yaml:/etc/gnomon/alerts/yaml:ro")
RULES: Final = (*ALERTS, "./rules/yaml:/etc/gnomon/rules/yaml:ro")
INIT: Final = "./stack/yaml/postgres/reader.sql:/docker-entrypoint-initdb.d/reader.sql:ro"

_HERE: Final = "host.docker.internal"
_KEY: Final = "/tmp/results.key"  # noqa: S108 - in a container of its own
_PLAIN: Final = re.compile(r"[\w./=-][\w./:=-]*")
_OF_PARTS: Final = {
    "grafana": ("grafana_admin_password", "grafana_secret_key", "grafana_reader_password"),
    "postgres": ("postgres_password", "grafana_reader_password"),
    "results": ("postgres_password",),
    "ledger": ("postgres_password",),
}


def image(program: str) -> str:
    """The image of a program with its version."""
    return PROGRAMS[program].pinned_image


def block(lines: Iterable[str], indent: int) -> str:
    """Lines, each that far from the left, without the line's end of the last."""
    return textwrap.indent("\n".join(lines), " " * indent)


def items(values: Iterable[str], indent: int) -> str:
    """A list, one item a line."""
    return block((f"- {_text(value)}" for value in values), indent)


def mapping(values: Mapping[str, str], indent: int) -> str:
    """Keys and their values, one a line."""
    return block((f"{key}: {_text(value)}" for key, value in values.items()), indent)


def ports(settings: Settings, indent: int, *names: str) -> str:
    """Ports by the names of their settings: the same inside and outside, at the address of the stack."""
    address, numbers = settings.stack.address, settings.stack.ports
    open_here = ", ".join(
        json.dumps(f"{address}:{getattr(numbers, name)}:{getattr(numbers, name)}") for name in names
    )
    return block([f"ports: [{open_here}]"], indent)


def mounts(settings: Settings, part: str, indent: int, *volumes: str) -> str:
    """What a part sees: files of this project, its volume, its secrets."""
    lines = ["volumes:", *(f"  - {volume}" for volume in volumes)] if volumes else []
    # Both that are Gnomon itself show the database one certificate.
    own = [*_OF_PARTS.get(part, ()), *certificate_files(settings, "results" if part == "ledger" else part)]
    if part in ("collector", "results") and settings.stack.token:
        own.append(TOKEN)
    tells = "grafana" if settings.alerts.grafana else "alertmanager"
    told = [*own, *(_channels(settings) if part == tells else ())]
    return block([*lines, *(["secrets:", *(f"  - {secret}" for secret in told)] if told else ())], indent)


def secret_files(settings: Settings) -> list[str]:
    """Every secret and the file that holds it, in the folder where they are made if nothing else is said."""
    names = [*OWN, *_all_certificates(settings), *([TOKEN] if settings.stack.token else [])]
    names += channel_secrets(settings)
    return [f'{name}: {{file: "${{GNOMON_SECRETS:-./.gnomon/stack/secrets}}/{name}"}}' for name in names]


def tempo_asks(settings: Settings) -> str:
    """Where Tempo says from within that it is ready."""
    return f"http://127.0.0.1:{INTERNAL_TEMPO if tls(settings) else settings.stack.ports.tempo}/ready"


def hosts(settings: Settings, indent: int) -> str:
    """The name of the machine itself, where the ledger is there; Docker Desktop alone knows it by itself."""
    if not (settings.stack.ledger or "").startswith(f"{_HERE}:"):
        return ""
    return block([f'extra_hosts: ["{_HERE}:host-gateway"]', ""], indent)


def client(settings: Settings, part: str) -> str:
    """What promtool and amtool need to be told where nothing is said in clear."""
    return f" --http.config.file=/etc/gnomon/stack/yaml/{part}_client.yaml" if tls(settings) else ""


def grafana_asks(settings: Settings) -> str:
    """The shell command that asks Grafana, from within: the name in its certificate is another."""
    address = f"127.0.0.1:{settings.stack.ports.grafana}/api/health"
    if tls(settings):
        return f"wget -q -O /dev/null --no-check-certificate https://{address}"
    return f"wget -q -O /dev/null http://{address}"


def results_asks(settings: Settings) -> str:
    """The Python that asks whether traces are taken, from within: the name in its certificate is another."""
    address = f"127.0.0.1:{settings.stack.ports.results}/healthz"
    certificates = tls(settings)
    if certificates is None:
        return f"import urllib.request as u; u.urlopen('http://{address}')"
    own = ""
    if certificates.mutual:
        own = f"c.load_cert_chain('{certificates.certificate('results')}', '{certificates.key('results')}'); "
    return (
        f"import ssl, urllib.request as u; c = ssl._create_unverified_context(); {own}"
        f"u.urlopen('https://{address}', context=c)"
    )


def ledger_asks(settings: Settings) -> str:
    """The Python that asks whether totals are served, for none of them: to count them takes a while."""
    address = f"127.0.0.1:{settings.stack.ports.ledger}/metrics?name[]=none"
    return f"import urllib.request as u; u.urlopen('http://{address}')"


def with_store(settings: Settings) -> str:
    """How a program of Gnomon's starts in a container: libpq takes its password from the environment, and a
    private key that nobody else can read.
    """
    given = ['export PGPASSWORD="$$(cat /run/secrets/postgres_password)"']
    if (certificates := tls(settings)) and certificates.mutual:
        given.append(f"install -m 0600 {certificates.key('results')} {_KEY}")
    return json.dumps(["sh", "-c", " && ".join([*given, 'exec gnomon "$$@"']), "gnomon"])


def store_url(settings: Settings) -> str:
    """The results store between containers; its password is nowhere in it."""
    options = ""
    if certificates := tls(settings):
        options = f"?sslmode=verify-full&sslrootcert={certificates.ca}"
        if certificates.mutual:
            options += f"&sslcert={certificates.certificate('results')}&sslkey={_KEY}"
    return f"postgresql://gnomon@postgres:{settings.stack.ports.postgres}/gnomon{options}"


def postgres_start(settings: Settings, place: Place) -> str:
    """How PostgreSQL starts; of its key it makes a copy that only it can read, as it wants to have it."""
    key = "/tmp/postgres.key"  # noqa: S108 - in a container of its own
    given = ["postgres", *parts.postgres(settings, place, key)]
    lines = ["command:", items(given, 2)]
    if tls(settings):
        copied = f'install -m 0600 {SECRETS}/postgres.key {key} && exec docker-entrypoint.sh "$$@"'
        lines = [f"entrypoint: [sh, -c, {json.dumps(copied)}, sh]", *lines]
    return block(lines, 4)


def _all_certificates(settings: Settings) -> list[str]:
    shown = (part for part in parts.NAMES if part != "ledger")
    return list(dict.fromkeys(name for part in shown for name in certificate_files(settings, part)))


def _channels(settings: Settings) -> list[str]:
    """Those of who tells of alerts, where its configuration looks for them."""
    folder = str(settings.channels.secrets_folder)
    if folder == SECRETS:
        return list(channel_secrets(settings))
    return [f"{{source: {name}, target: {folder}/{name}}}" for name in channel_secrets(settings)]


def _text(value: str) -> str:
    """A text as YAML, in quotes where it needs them; Compose would fill in what follows a dollar."""
    text = value.replace("$", "$$")
    return text if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text else json.dumps(text)
