"""From the processes that a test forked to the one that forked them."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any


class Relay:
    """Carries the numbers of model calls from forked processes to the one that forked them.

    A file without a name, which every child inherits open. A pipe would make one wait that has much to say.
    Who becomes a daemon closes all that is open, and the number may then be another file's: nothing is
    written, read or closed unless it is still ours.
    """

    def __init__(self) -> None:
        """Raises OSError where no temporary file can be made."""
        self._file, path = tempfile.mkstemp(prefix="gnomon-")
        Path(path).unlink()
        self._identity = self._found()
        self._owner = os.getpid()
        self._read = 0

    @property
    def in_child(self) -> bool:
        """Whether this process is one of the children."""
        return os.getpid() != self._owner

    def send(self, span_id: str, stats: dict[str, Any]) -> None:
        """Hands over the numbers of a call made under a test's span; lost where the file is gone."""
        with suppress(OSError):
            if self._ours():
                os.write(self._file, json.dumps([span_id, stats]).encode() + b"\n")

    def receive(self, span_id: str) -> list[dict[str, Any]]:
        """What came since the last time for this span; what came too late for another is dropped."""
        lines = b""
        with suppress(OSError):
            if self._ours():
                lines = os.pread(self._file, os.fstat(self._file).st_size - self._read, self._read)
        lines = lines[: lines.rfind(b"\n") + 1]
        self._read += len(lines)
        received = []
        for line in lines.splitlines():
            try:
                receiver, stats = json.loads(line)
            except ValueError:  # half a line, as a full disk leaves it
                continue
            if receiver == span_id:
                received.append(stats)
        return received

    def close(self) -> None:
        """Lets go of the file."""
        with suppress(OSError):
            if self._ours():
                os.close(self._file)

    def _ours(self) -> bool:
        return self._found() == self._identity

    def _found(self) -> tuple[int, int]:
        found = os.fstat(self._file)
        return found.st_dev, found.st_ino
