"""Who may connect to the Collector, and whom it trusts. Certificates and tokens are files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gnomon_generators.collector.component import Extension, Options


@dataclass(frozen=True, kw_only=True)
class ServerTls:
    """A certificate to show; with `client_ca`, clients have to show one that it has signed."""

    certificate: str
    key: str
    client_ca: str = ""

    def options(self) -> Options:
        """The files."""
        asked = {"client_ca_file": self.client_ca} if self.client_ca else {}
        return {"cert_file": self.certificate, "key_file": self.key, **asked}


@dataclass(frozen=True, kw_only=True)
class ClientTls:
    """Whom to trust, and a certificate to show where one is asked for."""

    ca: str
    certificate: str = ""
    key: str = ""

    def options(self) -> Options:
        """The files."""
        shown = {"cert_file": self.certificate, "key_file": self.key} if self.certificate else {}
        return {"ca_file": self.ca, **shown}


@dataclass(frozen=True, kw_only=True)
class BearerToken(Extension):
    """A token that is asked for, or sent, as `Authorization: Bearer`; its file may change at any time."""

    type: ClassVar[str] = "bearertokenauth"
    filename: str

    def options(self) -> Options:
        """The file."""
        return {"filename": self.filename}
