"""How far changes were recorded, kept in the state directory, so that nothing is read twice.

It may be lost or wrong at any time: then everything is looked at again, and nothing is recorded twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from gnomon import state

_VERSION = 1
_FILE_NAME = "changes.json"


class Memory:
    """What was recorded into one store, by keys of the recorder's own."""

    def __init__(self, state_directory: Path, store: str) -> None:
        self._directory = state_directory
        self._path = state_directory / _FILE_NAME
        self._store = store
        kept = _read(self._path)
        self._stores: dict[str, Any] = kept if isinstance(kept, dict) else {}
        own = self._stores.get(store)
        self._own: dict[str, Any] = own if isinstance(own, dict) else {}
        self._changed = False

    def get(self, key: str) -> dict[str, Any]:
        """What was noted; empty where nothing was."""
        found = self._own.get(key)
        return found if isinstance(found, dict) else {}

    def beginning(self, prefix: str) -> list[tuple[str, dict[str, Any]]]:
        """What was noted under keys that begin so, of any store: in a moved folder it has another name."""
        return [
            (key, noted if isinstance(noted, dict) else {})
            for store in (self._own, *self._stores.values())
            if isinstance(store, dict)
            for key, noted in store.items()
            if key.startswith(prefix)
        ]

    def put(self, key: str, noted: dict[str, Any]) -> None:
        """Notes something in the place of what was there."""
        if self._own.get(key) != noted:
            self._own[key] = noted
            self._changed = True

    def save(self) -> None:
        """Writes it down, if there is anything new. Where that cannot be done, there is no memory."""
        if not self._changed:
            return
        text = json.dumps({"version": _VERSION, "stores": {**self._stores, self._store: self._own}}, indent=1)
        with contextlib.suppress(OSError):
            state.prepare(self._directory)
            _write(self._path, text)
        self._changed = False


def _read(path: Path) -> Any:
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    known = isinstance(kept, dict) and kept.get("version") == _VERSION
    return kept.get("stores") if known else None


def _write(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".changes-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
