"""The pages that `gnomon generate docs` writes from the tables of truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Final

from gnomon_generators.document import Document
from gnomon_generators.reference import checks, registry_export, settings, telemetry

GENERATORS: Final[tuple[Callable[[], Iterable[Document]], ...]] = (
    telemetry.documents,
    registry_export.documents,
    settings.documents,
    checks.documents,
)
"""Each returns one or more documents; a new page is one more entry."""

FOLDERS: Final = (PurePosixPath(), registry_export.FOLDER, checks.FOLDER)
"""Where they lie; a file in one of them that bears the mark and is no document of the list is stale."""


def all_documents() -> tuple[Document, ...]:
    """Every generated document, in the order of the list."""
    return tuple(document for generate in GENERATORS for document in generate())
