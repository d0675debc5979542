"""Imports of the `_` files that lie beside definitions, for as long as one definition is loaded."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from gnomon.errors import UserError


@contextmanager
def importable(folders: Sequence[Path]) -> Iterator[None]:
    """Lets `import _name` find `_name.py` in the folders.

    Afterwards the modules are forgotten: another definition that imports a file of the same name, of
    another folder, gets that one, and no definition sees what another did to a module.
    """
    finder = _Finder(folders)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.found:
            sys.modules.pop(name, None)


class _Finder(MetaPathFinder):
    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self.found: list[str] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith("_") or "." in fullname:
            return None
        for file in (folder / f"{fullname}.py" for folder in self._folders):
            if file.is_file():
                self.found.append(fullname)
                return spec_from_file_location(fullname, file, loader=_Loader(fullname, str(file)))
        return None


class _Loader(SourceFileLoader):
    """Compiles from source every time: no bytecode is left in a user's folder, and none is trusted."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def refuse_taken_names(folders: Sequence[Path]) -> None:
    """Raises `UserError` for a `_` file that has the name of a module of Python's own, which would win."""
    for folder in folders:
        for file in sorted(folder.glob("_*.py")):
            if file.stem in sys.stdlib_module_names:
                raise UserError(f"{file} has the name of one of Python's own modules; give it another")
