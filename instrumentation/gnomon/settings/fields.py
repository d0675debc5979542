"""What a setting is, beside its type and default: the metadata on the fields of `gnomon.settings.model`.

A field's annotation says its kind and whether it may be left out, its default is the default, and the
`Meaning` put here says the rest. Loader, JSON Schema, template and reference page read nothing else.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from gnomon.record import Record

MEANING = "gnomon"
"""The key of a field's metadata under which its `Meaning` is found."""


class Format(Record):
    """A form that text must have: a pattern that JSON Schema understands too, and its description."""

    pattern: str
    description: str

    def matches(self, text: str) -> bool:
        """Whether the text has this form."""
        return re.search(self.pattern, text) is not None


# `(?![\s\S])` is the end of the text in Python and in JSON Schema's dialect alike, where `$` is not.
NAME = Format(
    r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,98}[^\s\x00-\x1f\x7f])?(?![\s\S])",
    "a name of 1 to 100 characters on one line, with no blank at either end",
)
LINE = Format(r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?![\s\S])", "text on one line")
DURATION = Format(
    r"^(?=.*[1-9])([0-9]{1,6}y)?([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?"
    r"([0-9]{1,6}ms)?(?![\s\S])",
    "a time longer than zero as Prometheus writes it, such as 30s, 5m, 1h30m or 7d",
)
# A port as TCP has it, 1 to 65535.
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_BRACKETED = r"\[[^\s\x00-\x1f\x7f/?#@\[\]]+\]"
URL = Format(
    rf"^https?://([^\s\x00-\x1f\x7f/?#]*@)?({_BRACKETED}|[^\s\x00-\x1f\x7f/?#@:\[\]]+)(:{_PORT})?"
    r"([/?#][^\s\x00-\x1f\x7f]*)?(?![\s\S])",
    "an address that begins with http:// or https://, with a port, if any, from 1 to 65535",
)
# What stands before the host may hold any sign but the @ that ends it, as SQLAlchemy reads it.
STORE_URL = Format(
    r"^(sqlite(\+[a-z0-9_]+)?:///[^\x00-\x1f\x7f]+"
    r"|postgresql(\+[a-z0-9_]+)?://(?=[^\s\x00-\x1f\x7f])([^\s\x00-\x1f\x7f:/@]*(:[^\s\x00-\x1f\x7f@]*)?@)?"
    rf"({_BRACKETED}|[^\s\x00-\x1f\x7f/?:\[\]]+)?(:{_PORT})?"
    r"(/[^\s\x00-\x1f\x7f?]*)?(\?[^\s\x00-\x1f\x7f]*)?)(?![\s\S])",
    "a database address that begins with sqlite:/// or postgresql://, with a port, if any, from 1 to 65535",
)
EMAIL = Format(r"^[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+(?![\s\S])", "an e-mail address")
VARIABLE = Format(r"^[A-Za-z_][A-Za-z0-9_]*(?![\s\S])", "the name of an environment variable")
HOST_AND_PORT = Format(
    rf"^[^\s:/\x00-\x1f\x7f]+:{_PORT}(?![\s\S])",
    "a host and a port from 1 to 65535, such as localhost:25",
)
_DAY = r"(sunday|monday|tuesday|wednesday|thursday|friday|saturday)"
WEEKDAYS = Format(rf"^{_DAY}(:{_DAY})?(?![\s\S])", "a day such as sunday, or days such as monday:friday")
_DATE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
DATES = Format(
    rf"^{_DATE}(:{_DATE})?(?![\s\S])",
    "a date in quotes such as '2026-12-24', or the first and the last one, '2026-12-24:2027-01-01'",
)
TIME = Format(r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)(?![\s\S])", "a time of day in quotes, such as '22:30'")
TIME_ZONE = Format(
    r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*(?![\s\S])", "a time zone such as UTC or Europe/Berlin"
)
ADDRESS = Format(
    r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[?[0-9a-fA-F:]*:[0-9a-fA-F:]*\]?)(?![\s\S])",
    "an address of this machine, such as 127.0.0.1",
)

RESOURCE_ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES"

STANDARD_VARIABLES: set[str] = set()
"""OpenTelemetry's environment variables that set something, as the settings' classes say it. Where none of
them is set, nobody need read the table of settings, which takes longer than the settings themselves."""

SECRET_IN_URL = r"://[^/@\s]*:[^/@\s]+@|[?&](password|token|key)="  # noqa: S105 - finds one, holds none
"""Where an address carries a secret: between the host and what stands before it, or in its query."""


class Meaning(Record):
    """What one setting means and what it may hold.

    `minimum` and `maximum` are inclusive, `above` and `below` exclusive. `example` stands in the
    template where the default is empty. `refers_to` is the key of the list whose names are allowed.
    `standard_variables` are OpenTelemetry's environment variables that set it, too, and
    `resource_attributes` the names by which OTEL_RESOURCE_ATTRIBUTES does; `yields_to` are those
    that whoever uses the setting puts before it, in a form of their own. `no_password` refuses an
    address with a secret in it; `private` keeps what was written out of messages.
    """

    brief: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    format: Format | None = None
    example: Any = None
    refers_to: str = ""
    standard_variables: tuple[str, ...] = ()
    resource_attributes: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    no_password: bool = False
    private: bool = False


def setting(default: Any = dataclasses.MISSING, brief: str = "", **meaning: Any) -> Any:
    """A field of a settings class; without a default it must be written."""
    said = Meaning(brief, **meaning)
    STANDARD_VARIABLES.update(said.standard_variables)
    if said.resource_attributes:
        STANDARD_VARIABLES.add(RESOURCE_ATTRIBUTES)
    return dataclasses.field(default=default, metadata={MEANING: said})


def section(kind: type) -> Any:
    """A field that holds another settings class, whose docstring is its meaning."""
    return dataclasses.field(default_factory=kind, metadata={MEANING: Meaning("")})
