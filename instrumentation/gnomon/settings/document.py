"""gnomon.yaml as a tree of nodes with line numbers, and every way in which it may fail to be one."""

from __future__ import annotations

from pathlib import Path

import yaml

from gnomon.errors import UserError
from gnomon.settings.problems import Place, Problem, SettingsError


def compose(file: Path) -> yaml.Node | None:
    """The root node of a file, or None when there is nothing in it but comments.

    Raises `SettingsError` with the line when it is not YAML, and `UserError` when it cannot be read.
    PyYAML's own parser is used and not libyaml's, which ends the process on deep nesting.
    """
    text = _text(file)
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _syntax(file, line, None, "a control character that YAML does not allow") from None
    try:
        node: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise _syntax(
            file, mark.line + 1 if mark else None, mark.column + 1 if mark else None, what
        ) from None
    except RecursionError:
        raise _syntax(file, loader.line + 1, None, "values nested too deeply") from None
    except (yaml.YAMLError, ValueError, OverflowError):  # the last two: an escape that is no character
        raise _syntax(file, loader.line + 1, loader.column + 1, "an escape that is no character") from None
    return node


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise UserError(f"settings file {file} does not exist; `gnomon init` writes one") from None
    except OSError as error:
        raise UserError(f"settings file {file} cannot be read ({error.strerror}); make it readable") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _syntax(file, line, None, "a byte that is not UTF-8", "save the file as UTF-8") from None


def _syntax(
    file: Path,
    line: int | None,
    column: int | None,
    what: str,
    remedy: str = "mend the line or put the text in quotes",
) -> SettingsError:
    return SettingsError([Problem(Place(file, line, column), "", f"not valid YAML: {what}", remedy)])
