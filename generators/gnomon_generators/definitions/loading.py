"""Running a definition file and taking out what it defines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from inspect import signature
from types import FunctionType, ModuleType

from gnomon.errors import UserError
from gnomon.record import Record
from gnomon.settings import Settings
from gnomon_generators.definitions.finding import DefinitionFile
from gnomon_generators.definitions.folders import FOLDERS
from gnomon_generators.definitions.mistakes import explained
from gnomon_generators.definitions.shared_modules import importable, refuse_taken_names
from gnomon_generators.paths import shown


class Defined(Record):
    """What a definition file makes of the settings; `name` is the one that it defines: `dashboard` …"""

    file: DefinitionFile
    name: str
    value: object


def load(file: DefinitionFile, settings: Settings) -> Defined:
    """Runs a definition file, from its source and in a module of its own.

    What it prints goes to stderr. Raises `UserError` with the file and the line for every mistake in it;
    `ModuleNotFoundError` when an extra that Gnomon itself needs is not installed.
    """
    refuse_taken_names(file.search)
    with importable(file.search), redirect_stdout(sys.stderr), explained(file), _module(file) as module:
        exec(compile(file.path.read_bytes(), str(file.path), "exec"), module.__dict__)  # noqa: S102 - its purpose
        name = _name(file, module)
        value = getattr(module, name)
        return Defined(file, name, _called(file, value, settings) if callable(value) else value)


def _called(file: DefinitionFile, function: Callable[[Settings], object], settings: Settings) -> object:
    try:
        signature(function).bind(settings)
    except TypeError as error:
        line = f", line {function.__code__.co_firstlineno}" if isinstance(function, FunctionType) else ""
        raise UserError(
            f"{shown(file.path)}{line}: the function must take the settings alone ({error}); write (settings)"
        ) from error
    return function(settings)


@contextmanager
def _module(file: DefinitionFile) -> Iterator[ModuleType]:
    """An empty module that is known by a name while it runs, as dataclasses and attrs classes need it."""
    name = f"{__name__}:{file.source}"
    module = ModuleType(name)
    module.__file__ = str(file.path)
    sys.modules[name] = module
    try:
        yield module
    finally:
        del sys.modules[name]


def _name(file: DefinitionFile, module: ModuleType) -> str:
    """The one name that the file defines; packages that it imports under such a name do not count."""
    known = FOLDERS[file.folder]
    defined = [
        name for name in known if hasattr(module, name) and not isinstance(getattr(module, name), ModuleType)
    ]
    if len(defined) == 1:
        return defined[0]
    wanted = " or ".join(known)
    if defined:
        raise UserError(f"{shown(file.path)} defines {' and '.join(defined)}; make two files of it")
    raise UserError(
        f"{shown(file.path)} does not define {wanted}; write `def {known[0]}(settings): ...`, or begin the"
        " file's name with _ if other definitions import it"
    )
