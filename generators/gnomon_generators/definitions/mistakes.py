"""From an exception in a definition file to the sentence its author can act on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb
from types import FrameType

from gnomon.errors import UserError
from gnomon_generators.definitions import unknown_names
from gnomon_generators.definitions.finding import DefinitionFile
from gnomon_generators.paths import shown


@contextmanager
def explained(file: DefinitionFile) -> Iterator[None]:
    """Turns what goes wrong inside into a `UserError` that names file and line, its cause kept.

    `UserError`s of the vocabulary get their place added. What lies outside of the definitions, an extra
    that is not installed, passes.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if not _raised_in(file, error):
            raise
        raise UserError(f"{_place(file, error)}: {error}{_hint(file, error)}") from error
    except SystemExit as error:
        raise UserError(f"{_place(file, error)}: a definition must not end the program") from error
    except UserError as error:
        place = _place(file, error)
        if str(error).startswith(shown(file.path)):
            raise
        raise UserError(f"{place}: {error}", error.exit_code) from error
    except OSError as error:
        if error.filename == str(file.path):
            raise UserError(f"{shown(file.path)} cannot be read ({error.strerror})") from error
        raise UserError(f"{_place(file, error)}: {_described(file, error)}") from error
    except Exception as error:
        raise UserError(f"{_place(file, error)}: {_described(file, error)}") from error


def _place(file: DefinitionFile, error: BaseException) -> str:
    """The innermost line of a definition or of a `_` file that it imports."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).parent in file.search:
        return f"{shown(Path(error.filename))}, line {error.lineno}"
    found = _innermost(file, error)
    if found is None:
        return shown(file.path)
    frame, number = found
    return f"{shown(Path(frame.f_code.co_filename))}, line {number}"


def _innermost(file: DefinitionFile, error: BaseException) -> tuple[FrameType, int] | None:
    """The last frame of the error that is a definition's or a `_` file's, and its line."""
    frames = [
        (frame, line)
        for frame, line in walk_tb(error.__traceback__)
        if Path(frame.f_code.co_filename).parent in file.search
    ]
    return frames[-1] if frames else None


def _raised_in(file: DefinitionFile, error: BaseException) -> bool:
    """Whether the failing statement stands in a definition, and not in Gnomon or in a library."""
    frames = [
        frame.f_code.co_filename
        for frame, _ in walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith("<frozen importlib")
    ]
    return bool(frames) and Path(frames[-1]).parent in file.search


def _hint(file: DefinitionFile, error: ModuleNotFoundError) -> str:
    beside = (error.name or "").partition(".")[0]
    if any((folder / f"{beside}.py").is_file() for folder in file.search):
        return f"; a file that definitions share has a name with _ in front: rename it _{beside}.py"
    if beside in sys.stdlib_module_names:
        return ""
    return "; definitions import gnomon_generators, gnomon and the `_` files beside them"


def _described(file: DefinitionFile, error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg}"
    frame = _innermost(file, error)
    if frame is not None and (sentence := unknown_names.described(error, _scope(frame[0]))):
        return sentence
    told = " ".join(str(error).split())
    return f"{type(error).__name__}: {told}" if told else type(error).__name__


def _scope(frame: FrameType) -> dict[str, object]:
    """The names that are known in a frame."""
    return {**frame.f_globals, **frame.f_locals}
