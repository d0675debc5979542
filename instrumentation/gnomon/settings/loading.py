"""Finding gnomon.yaml and turning it, the environment and the defaults into `Settings`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnomon.errors import UserError
from gnomon.record import Record
from gnomon.repository import repository_name
from gnomon.settings.fields import STANDARD_VARIABLES
from gnomon.settings.model import Project, Settings
from gnomon.settings.problems import Place, Problem, SettingsError
from gnomon.settings.values import SecretReference

if TYPE_CHECKING:
    from gnomon.settings.table import Setting

FILE_NAME = "gnomon.yaml"
FILE_VARIABLE = "GNOMON_CONFIG"
"""Environment variable that names the settings file, instead of looking upwards for one."""


class Effective(Record):
    """Settings together with where each value comes from; a key that is absent is a default."""

    settings: Settings
    places: Mapping[str, Place]


def load(
    path: Path | None = None, start: Path | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """The settings in force.

    `path` names the file; without it `GNOMON_CONFIG` does, and without that the first gnomon.yaml in
    `start` (default: the working folder) or a folder above it, up to the root of the git repository if
    there is one. No file at all means defaults. Variables of `environ` (default: the process's own)
    override the file, see `gnomon.settings.variables`.

    Raises `SettingsError`, a `UserError`, that lists every mistake with its place; `UserError` when a
    file that was named does not exist or cannot be read.
    """
    return load_effective(path, start, environ).settings


def load_effective(
    path: Path | None = None,
    start: Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    strays: bool = False,
) -> Effective:
    """Like `load`, and says where each value comes from.

    With `strays` a variable `GNOMON_…` that nothing reads is a mistake, too. It is not everywhere, for no
    program should refuse to work because of what else stands in the environment of its host.
    """
    found = _gather(path, start, environ)
    if strays:
        from gnomon.settings.strays import mistakes  # noqa: PLC0415 - needs the table, which defaults do not

        found.problems.extend(mistakes(os.environ if environ is None else environ, found.values))
    if found.problems:
        raise SettingsError(sorted(found.problems, key=_order))
    return Effective(_complete(_build(found.values, found.root), found.file, found.root), found.places)


def load_usable(start: Path, environ: Mapping[str, str] | None = None) -> tuple[Settings, UserError | None]:
    """Like `load` for what must go on whatever gnomon.yaml says: the values that are right, and what is not.

    A key with a mistake has its default; so has everything when the file cannot be read at all.
    """
    try:
        found = _gather(None, start, environ)
        if not found.problems:
            return _complete(_build(found.values, found.root), found.file, found.root), None
        wrong = [problem.key for problem in found.problems]
        right = {key: value for key, value in found.values.items() if not _touched(key, wrong)}
        error = SettingsError(sorted(found.problems, key=_order))
        return _complete(_build(right, found.root), found.file, found.root), error
    except UserError as error:
        return _complete(Settings(), None, repository_root(start) or start), error


def _touched(key: str, wrong: Sequence[str]) -> bool:
    """Whether a mistake lies at this key, in what it holds, or in what holds it."""
    return any(
        f"{other}.".startswith((f"{key}.", f"{key}[")) or key.startswith(f"{other}.") for other in wrong
    )


class _Found(Record, frozen=False):
    """What the file and the variables say, and what is wrong with it."""

    file: Path | None
    root: Path
    values: dict[str, Any]
    places: dict[str, Place]
    problems: list[Problem]


def _gather(path: Path | None, start: Path | None, environ: Mapping[str, str] | None) -> _Found:
    environ = os.environ if environ is None else environ
    start = Path(start or Path.cwd()).absolute()
    named = path or _named(environ)
    file = Path(named).absolute() if named else find(start)
    found = _Found(file, file.parent if file else repository_root(start) or start, {}, {}, [])
    if file is not None:
        from gnomon.settings.reading import read  # noqa: PLC0415 - PyYAML is not needed without a file

        reading = read(file)
        found.values, found.places, found.problems = reading.values, reading.places, reading.problems
    if any(name.startswith("GNOMON_") or name in STANDARD_VARIABLES for name in environ):
        from gnomon.settings import variables  # noqa: PLC0415 - needs the table, which defaults do not

        more, where, mistakes = variables.overrides(environ)
        found.values.update(more)
        found.places.update(where)
        found.problems.extend(mistakes)
    if found.values:
        from gnomon.settings import references  # noqa: PLC0415 - needs the table, too

        known = [problem.key for problem in found.problems]
        found.problems.extend(references.mistakes(found.values, found.places, known))
    return found


def find(start: Path) -> Path | None:
    """The nearest gnomon.yaml in or above a folder, not beyond the root of its git repository."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).exists():
            return folder / FILE_NAME
        if (folder / ".git").exists():
            return None
    return None


def repository_root(start: Path) -> Path | None:
    """The root of the git repository (or work tree) that a folder lies in."""
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)


def _named(environ: Mapping[str, str]) -> Path | None:
    text = environ.get(FILE_VARIABLE, "").strip()
    if not text:
        return None
    if not Path(text).is_file():
        raise UserError(
            f"{FILE_VARIABLE} names {text}, which is not a file; set it to a gnomon.yaml, or unset it"
        )
    return Path(text)


def _order(problem: Problem) -> tuple[bool, int, int]:
    place = problem.place
    return place.line is None, place.line or 0, place.column or 0


def _build(values: Mapping[str, Any], root: Path) -> Settings:
    """The typed settings: defaults, with the given values in their places and paths made absolute."""
    if not values:
        return Settings()
    from gnomon.settings.table import table  # noqa: PLC0415 - reading annotations takes time

    settings: Settings = built(table(), values, root)
    return settings


def built(table: Setting, values: Mapping[str, Any], root: Path) -> Any:
    """What a table describes: defaults, with the given values in their places and paths made absolute."""

    def made(section: Setting) -> Any:
        given: dict[str, Any] = {}
        for field in section.fields:
            if field.kind == "section":
                given[field.name] = made(field)
            elif field.key in values:
                given[field.name] = _absolute(values[field.key], root)
        assert section.holder is not None  # noqa: S101 - a section has one
        return section.holder(**given)

    return made(table)


def _absolute(value: Any, root: Path) -> Any:
    """A value with every path in it taken from the folder of gnomon.yaml."""
    if isinstance(value, Path):
        return root / _home(value)
    if isinstance(value, SecretReference) and value.file is not None:
        return replace(value, file=root / _home(value.file))
    if isinstance(value, tuple):
        return tuple(_absolute(item, root) for item in value)
    golden_set = getattr(value, "golden_set", None)
    return replace(value, golden_set=root / _home(golden_set)) if golden_set is not None else value


def _home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # no home folder is known
        return path


def _complete(settings: Settings, file: Path | None, root: Path) -> Settings:
    """Fills in what follows from the place of the settings and from one another."""
    name = settings.project.name or repository_name(root) or "project"
    return replace(
        settings,
        path=file,
        root=root,
        state_directory=root / settings.state_directory,
        project=Project(name=name, service_name=settings.project.service_name or f"{name}-tests"),
    )
