"""Extensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gnomon_generators.collector.component import Extension, Options


@dataclass(frozen=True, kw_only=True)
class HealthCheck(Extension):
    """Answers at this address (`host:port`) whether the Collector works."""

    type: ClassVar[str] = "health_check"
    endpoint: str

    def options(self) -> Options:
        """The address."""
        return {"endpoint": self.endpoint}


@dataclass(frozen=True, kw_only=True)
class FileStorage(Extension):
    """Files in a folder, for what must survive a restart; safe against power loss."""

    type: ClassVar[str] = "file_storage"
    directory: str

    def options(self) -> Options:
        """The folder, which is made when it is not there, and gives room back that was used once."""
        return {
            "directory": self.directory,
            "create_directory": True,
            "fsync": True,
            "compaction": {
                "directory": self.directory,
                "on_start": True,
                "on_rebound": True,
                # What a Collector left that was killed while it made its files smaller.
                "cleanup_on_start": True,
            },
        }
