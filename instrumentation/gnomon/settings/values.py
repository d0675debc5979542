"""The types of value that YAML has no word for: a duration and a reference to a secret."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from gnomon.errors import ExitCode, UserError
from gnomon.record import Record
from gnomon.settings.fields import LINE, VARIABLE, setting

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}


class Duration(str):
    """A length of time in Prometheus' notation (`5m`, `1h30m`, `7d`), as text and in seconds.

    A year has 365 days and a day 24 hours, as in Prometheus. It is text, so that it goes into an
    expression as it was written.
    """

    __slots__ = ()

    @property
    def seconds(self) -> float:
        """The same time in seconds."""
        return sum(int(count) * _SECONDS[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdwy])", self))


class SecretReference(Record):
    """Where a secret is kept: in an environment variable or in a file, never in gnomon.yaml itself."""

    env: str | None = setting(
        None, "Environment variable that holds the secret.", format=VARIABLE, private=True
    )
    file: Path | None = setting(
        None,
        "File that holds the secret and nothing else; relative to the folder of gnomon.yaml.",
        format=LINE,
        private=True,
    )

    def read(self, environ: Mapping[str, str] = os.environ) -> str:
        """The secret, without the line end that editors leave behind it.

        Raises `UserError` (exit code 3) when the variable is not set or the file cannot be read.
        """
        if self.env is not None:
            secret = environ.get(self.env, "")
            if not secret:
                raise UserError(
                    f"environment variable {self.env} is empty or not set; set it to the secret",
                    ExitCode.MISSING,
                )
            return secret
        assert self.file is not None  # noqa: S101 - the loader lets no reference through that names neither
        try:
            secret = self.file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise UserError(
                f"secret file {self.file} cannot be read ({reason}); write the secret into it",
                ExitCode.MISSING,
            ) from None
        if not secret:
            raise UserError(f"secret file {self.file} is empty; write the secret into it", ExitCode.MISSING)
        return secret
