"""Comparing generated documents with the files on disk, and writing them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import Literal

from gnomon_generators.document import Document, is_generated

Kind = Literal["missing", "differs", "no longer generated"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not what would be generated; `line` is the first one that differs, from 1."""

    path: Path
    kind: Kind
    line: int = 0


def differences(
    documents: Sequence[Document], directory: Path, folders: Iterable[PurePosixPath]
) -> list[Difference]:
    """Every file under `directory` that differs from its document, in the order of the documents.

    Files in `folders` that were generated once and are none of these come last.
    """
    found = [_compared(document, directory / document.path) for document in documents]
    wanted = {directory / document.path for document in documents}
    return [*(difference for difference in found if difference), *_leftovers(wanted, directory, folders)]


def write(
    documents: Sequence[Document], directory: Path, folders: Iterable[PurePosixPath]
) -> list[Difference]:
    """Makes the files under `directory` what the documents say and returns what differed before.

    Every file is replaced whole or not at all; files that no longer differ are not touched.
    """
    texts = {directory / document.path: document.text for document in documents}
    found = differences(documents, directory, folders)
    for difference in found:
        if difference.kind == "no longer generated":
            difference.path.unlink()
        else:
            replace(difference.path, texts[difference.path])
    return found


def _compared(document: Document, path: Path) -> Difference | None:
    if not path.is_file():
        return Difference(path, "missing")
    if document.starting_point:
        return None
    present = path.read_bytes()
    if present == document.text.encode():
        return None
    pairs = zip_longest(present.split(b"\n"), document.text.encode().split(b"\n"))
    line = next(number for number, (old, new) in enumerate(pairs, start=1) if old != new)
    return Difference(path, "differs", line)


def _leftovers(wanted: set[Path], directory: Path, folders: Iterable[PurePosixPath]) -> list[Difference]:
    present = (path for folder in folders for path in sorted((directory / folder).glob("*")))
    return [
        Difference(path, "no longer generated")
        for path in present
        if path not in wanted and path.is_file() and is_generated(path)
    ]


def replace(path: Path, text: str) -> None:
    """Puts the text into the file, whole or not at all; folders that lack are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(text.encode())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
