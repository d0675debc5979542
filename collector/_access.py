"""Who may send to a Collector, and whom it trusts, as the settings say."""

from gnomon.settings import Settings
from gnomon_generators.collector import BearerToken, ClientTls, ServerTls, env
from gnomon_generators.stack import TOKEN, Tls

SECRETS = env("GNOMON_SECRETS", "/run/secrets")


def token(settings: Settings) -> BearerToken | None:
    """The token that is asked for, and that an agent shows the gateway."""
    return BearerToken(filename=f"{SECRETS}/{TOKEN}") if settings.stack.token else None


def server(certificates: Tls | None) -> ServerTls | None:
    """What a Collector shows to those who connect."""
    if certificates is None:
        return None
    return ServerTls(
        certificate=certificates.certificate("collector"),
        key=certificates.key("collector"),
        client_ca=certificates.ca if certificates.mutual else "",
    )


def client(certificates: Tls | None) -> ClientTls | None:
    """Whom a Collector trusts."""
    if certificates is None:
        return None
    if not certificates.mutual:
        return ClientTls(ca=certificates.ca)
    return ClientTls(
        ca=certificates.ca,
        certificate=certificates.certificate("collector"),
        key=certificates.key("collector"),
    )
