"""Finding definition files: Gnomon's own, and a user's on top of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gnomon.errors import UserError
from gnomon.record import Record
from gnomon_generators.definitions.folders import FOLDERS, Folder, shipped


class DefinitionFile(Record):
    """One file that defines a dashboard, groups of rules, or a configuration.

    `search` are the folders whose `_` files it may import, the first that has one wins.
    """

    folder: Folder
    path: Path
    search: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What the definition is called: the file's name without `.py`."""
        return self.path.stem

    @property
    def source(self) -> str:
        """How generated files name it, the same wherever the folder lies: `rules/routing.py`."""
        return f"{self.folder}/{self.path.name}"


def find(folders: Sequence[Folder], own: Path | None = None) -> list[DefinitionFile]:
    """The definition files of these folders, by folder in the given order and by name.

    `own` is a user's folder with the same sub-folders: a file there stands in for Gnomon's of the same
    name, and others are added. A user's definition imports its own `_` files first and Gnomon's after
    them; Gnomon's definitions import Gnomon's alone, so that a file of a user's does not change them by
    the accident of its name.

    Raises `UserError` when `own` is not such a folder.
    """
    roots = (_checked(own), shipped()) if own else (shipped(),)
    return [file for folder in folders for file in _in(folder, roots)]


def _in(folder: Folder, roots: tuple[Path, ...]) -> Iterator[DefinitionFile]:
    found: dict[str, DefinitionFile] = {}
    for level in reversed(range(len(roots))):
        search = tuple(root / folder for root in roots[level:])
        for path in search[0].glob("*.py"):
            if not path.name.startswith(("_", ".")):
                found[path.name] = DefinitionFile(folder, path, search)
    yield from (found[name] for name in sorted(found))


def _checked(own: Path) -> Path:
    wanted = ", ".join(f"{folder}/" for folder in FOLDERS)
    if not own.is_dir():
        raise UserError(f"{own}, where definitions should be, is not a folder; name one that holds {wanted}")
    if not any((own / folder).is_dir() for folder in FOLDERS):
        raise UserError(f"{own} holds none of the folders {wanted}; put definition files into one of them")
    return own.absolute()
