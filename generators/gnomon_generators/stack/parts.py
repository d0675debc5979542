"""The parts of the stack: how each is started, in a container and as a process of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gnomon.record import Record
from gnomon.settings import Settings
from gnomon_generators.stack.secrets import TOKEN, channel_secrets
from gnomon_generators.stack.tls import SECRETS, scheme, tls

ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - inside a container, whose ports Compose binds to an address

NAMES: Final = (
    "collector",
    "prometheus",
    "alertmanager",
    "tempo",
    "grafana",
    "postgres",
    "results",
    "ledger",
)
"""The parts, by the names that they have as services of Compose."""

INTERNAL_TEMPO: Final = 3101
"""Where Tempo says how it is, where it shows everything else only to those with a certificate."""


class Place(Record):
    """Where a part runs: folders as it sees them, and how it reaches the others.

    `files` has the project's generated files under the paths that they have there, `secrets` the secrets;
    `state` is its own; `listen` the address that it listens on; `hosts` says where the other parts are, by
    their names.
    """

    files: str
    state: str
    listen: str
    hosts: Mapping[str, str]
    secrets: str = SECRETS

    def url(self, settings: Settings, part: str) -> str:
        """The address of another part's HTTP interface."""
        return f"{scheme(settings)}://{self.hosts[part]}:{getattr(settings.stack.ports, part)}"


def container(state: str) -> Place:
    """A container's place."""
    return Place("/etc/gnomon", state, ANY_ADDRESS, {name: name for name in NAMES})


def prometheus(settings: Settings, place: Place) -> list[str]:
    """Prometheus' arguments."""
    return [
        f"--config.file={place.files}/stack/yaml/prometheus.yaml",
        f"--storage.tsdb.path={place.state}",
        f"--web.listen-address={place.listen}:{settings.stack.ports.prometheus}",
        f"--web.external-url={seen(settings, 'prometheus')}",
        # The Collector pushes: runs are over before anybody could scrape them.
        "--web.enable-otlp-receiver",
        # Tempo writes its graph of services.
        "--web.enable-remote-write-receiver",
        "--enable-feature=exemplar-storage",
        *_web(settings, place, "prometheus"),
    ]


def alertmanager(settings: Settings, place: Place) -> list[str]:
    """Alertmanager's arguments; one of them alone needs no port for others of its kind."""
    return [
        f"--config.file={place.files}/alerts/yaml/alertmanager.yaml",
        f"--storage.path={place.state}",
        f"--web.listen-address={place.listen}:{settings.stack.ports.alertmanager}",
        f"--web.external-url={seen(settings, 'alertmanager')}",
        "--cluster.listen-address=",
        *_web(settings, place, "alertmanager"),
    ]


def collector(settings: Settings, place: Place) -> list[str]:
    """The Collector's arguments."""
    return [f"--config={place.files}/collector/yaml/gateway.yaml"]


def collector_environment(settings: Settings, place: Place) -> dict[str, str]:
    """What the Collector's configuration takes from the environment."""
    return {
        "GNOMON_COLLECTOR_HOST": place.listen,
        "GNOMON_TEMPO_ENDPOINT": f"{place.hosts['tempo']}:{settings.stack.ports.tempo_otlp}",
        "GNOMON_PROMETHEUS_URL": place.url(settings, "prometheus"),
        "GNOMON_RESULTS_URL": place.url(settings, "results"),
        "GNOMON_COLLECTOR_STATE": place.state,
        "GNOMON_SECRETS": place.secrets,
    }


def results(settings: Settings, place: Place) -> list[str]:
    """The arguments of `gnomon`, which brings the Collector's traces into the results store."""
    given = ["receive", "--host", place.listen, "--port", str(settings.stack.ports.results)]
    if settings.stack.token:
        given += ["--token-file", f"{place.secrets}/{TOKEN}"]
    if certificates := tls(settings, place.secrets):
        given += ["--certificate", certificates.certificate("results"), "--key", certificates.key("results")]
        given += ["--client-ca", certificates.ca] if certificates.mutual else []
    return given


def ledger(settings: Settings, place: Place) -> list[str]:
    """The arguments of `gnomon`, which serves the totals of the results store."""
    return ["metrics", "--host", place.listen, "--port", str(settings.stack.ports.ledger)]


def tempo(settings: Settings, place: Place) -> list[str]:
    """Tempo's arguments."""
    return [f"-config.file={place.files}/stack/yaml/tempo.yaml", "-config.expand-env=true"]


def tempo_environment(settings: Settings, place: Place) -> dict[str, str]:
    """What Tempo's configuration takes from the environment."""
    return {
        "GNOMON_TEMPO_HOST": place.listen,
        "GNOMON_TEMPO_STATE": place.state,
        "GNOMON_PROMETHEUS_URL": place.url(settings, "prometheus"),
    }


def postgres(settings: Settings, place: Place, key: str = "") -> list[str]:
    """PostgreSQL's arguments; `key` is where its private key lies, which nobody else may be able to read."""
    given = [
        *("-c", f"listen_addresses={place.listen}"),
        *("-c", f"port={settings.stack.ports.postgres}"),
    ]
    certificates = tls(settings, place.secrets)
    if certificates is None:
        return given
    return [
        *given,
        *("-c", "ssl=on"),
        *("-c", f"ssl_cert_file={certificates.certificate('postgres')}"),
        *("-c", f"ssl_key_file={key}"),
        *("-c", f"ssl_ca_file={certificates.ca}"),
        *("-c", f"hba_file={place.files}/stack/yaml/postgres/pg_hba.conf"),
    ]


def grafana_environment(settings: Settings, place: Place) -> dict[str, str]:
    """Grafana's settings, and what its provisioning takes from the environment."""
    ports = settings.stack.ports
    certificates = tls(settings, place.secrets)
    secured = {}
    if certificates:
        secured = {
            "GF_SERVER_PROTOCOL": "https",
            "GF_SERVER_CERT_FILE": certificates.certificate("grafana"),
            "GF_SERVER_CERT_KEY": certificates.key("grafana"),
        }
    return {
        "GF_SERVER_HTTP_ADDR": place.listen,
        "GF_SERVER_HTTP_PORT": str(ports.grafana),
        "GF_SERVER_ROOT_URL": seen(settings, "grafana"),
        **secured,
        "GF_PATHS_PROVISIONING": f"{place.files}/stack/yaml/grafana",
        "GF_PATHS_DATA": place.state,
        "GF_PATHS_LOGS": f"{place.state}/log",
        "GF_PATHS_PLUGINS": f"{place.state}/plugins",
        "GF_LOG_MODE": "console",
        "GF_SECURITY_ADMIN_PASSWORD__FILE": f"{place.secrets}/grafana_admin_password",
        "GF_SECURITY_SECRET_KEY__FILE": f"{place.secrets}/grafana_secret_key",
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
        "GF_USERS_ALLOW_SIGN_UP": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
        **_mail(settings, place),
        "GNOMON_FILES": place.files,
        "GNOMON_PROMETHEUS_URL": place.url(settings, "prometheus"),
        "GNOMON_ALERTMANAGER_URL": place.url(settings, "alertmanager"),
        "GNOMON_TEMPO_URL": place.url(settings, "tempo"),
        "GNOMON_POSTGRES": f"{place.hosts['postgres']}:{ports.postgres}",
    }


def _mail(settings: Settings, place: Place) -> dict[str, str]:
    """The mail server, where Grafana itself tells of alerts."""
    email = settings.channels.email
    used = settings.alerts.channel in ("email", "all") and email.smarthost
    if not (settings.alerts.grafana and used):
        return {}
    found = {"GF_SMTP_ENABLED": "true", "GF_SMTP_HOST": email.smarthost or ""}
    if email.sender:
        found["GF_SMTP_FROM_ADDRESS"] = email.sender
    if email.username:
        found["GF_SMTP_USER"] = email.username
    if email.password:
        name = next(name for name, one in channel_secrets(settings).items() if one == email.password)
        in_container = place.secrets == SECRETS
        folder = settings.channels.secrets_folder if in_container else place.secrets
        found["GF_SMTP_PASSWORD__FILE"] = f"{folder}/{name}"
    return found


def seen(settings: Settings, part: str) -> str:
    """How people reach a part on this machine."""
    return f"{scheme(settings)}://{settings.stack.address}:{getattr(settings.stack.ports, part)}/"


def _web(settings: Settings, place: Place, part: str) -> list[str]:
    """How it serves, where that is not in clear."""
    return [f"--web.config.file={place.files}/stack/yaml/{part}_web.yaml"] if tls(settings) else []
