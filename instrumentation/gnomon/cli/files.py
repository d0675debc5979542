"""Files that a command writes for its user."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

from gnomon.errors import UserError


def write_text(path: Path, text: str) -> None:
    """Writes a whole file or none of it. Raises `UserError` when the place cannot be written to."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise UserError(f"{path} cannot be written ({error.strerror}); name another place") from None
