"""The list of everything that `gnomon generate docs` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Final

from gnomon_generators import checks_reference, registry_export, settings_reference, telemetry_reference
from gnomon_generators.document import Document

GENERATORS: Final[tuple[Callable[[], Iterable[Document]], ...]] = (
    telemetry_reference.documents,
    registry_export.documents,
    settings_reference.documents,
    checks_reference.documents,
)
"""Each returns one or more documents; a new page is one more entry."""

FOLDERS: Final = (PurePosixPath(), registry_export.FOLDER, checks_reference.FOLDER)
"""Where they lie; a file in one of them that bears the mark and is no document of the list is stale."""


def all_documents() -> tuple[Document, ...]:
    """Every generated document, in the order of the list."""
    return tuple(document for generate in GENERATORS for document in generate())
