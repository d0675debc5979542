"""TLS between the parts of the stack, as `stack.certificates` and `stack.client_certificates` ask for it."""

from __future__ import annotations

from typing import Final

from gnomon.errors import UserError
from gnomon.record import Record
from gnomon.settings import Settings

SECRETS: Final = "/run/secrets"
"""Where containers find secrets and certificates, each in a file of its name."""


class Tls(Record):
    """Certificates as configurations name them; with `mutual`, clients have to show one."""

    mutual: bool
    folder: str = SECRETS

    @property
    def ca(self) -> str:
        """The certificate of those who sign the others."""
        return f"{self.folder}/ca.crt"

    def certificate(self, part: str) -> str:
        """A part's certificate."""
        return f"{self.folder}/{part}.crt"

    def key(self, part: str) -> str:
        """The private key of a part's certificate."""
        return f"{self.folder}/{part}.key"

    def client(self, part: str) -> dict[str, str]:
        """How a part connects to others, in the notation of Prometheus and the Collector."""
        own = {"cert_file": self.certificate(part), "key_file": self.key(part)} if self.mutual else {}
        return {"ca_file": self.ca, **own}

    def server(self, part: str) -> dict[str, str]:
        """How a part lets others connect, in the notation of Prometheus, Alertmanager and Tempo."""
        asked = (
            {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": self.ca}
            if self.mutual
            else {}
        )
        return {"cert_file": self.certificate(part), "key_file": self.key(part), **asked}


def tls(settings: Settings, folder: str = SECRETS) -> Tls | None:
    """TLS as the settings ask for it, if they do.

    Raises `UserError` when they ask clients for certificates and name none.
    """
    stack = settings.stack
    if stack.certificates is None:
        if stack.client_certificates:
            raise UserError(
                "stack.client_certificates asks for certificates and stack.certificates names none; write "
                "the folder that they are in"
            )
        return None
    return Tls(stack.client_certificates, folder)


def scheme(settings: Settings) -> str:
    """`https` with certificates, else `http`."""
    return "https" if settings.stack.certificates else "http"
