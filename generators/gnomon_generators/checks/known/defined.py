"""What definitions make, whether it was generated into this tree or not: Gnomon's own and the team's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from gnomon.errors import UserError
from gnomon.settings import Settings
from gnomon_generators.definitions import DefinitionFile, Folder, defines, find, load
from gnomon_generators.document import dashboard_uid
from gnomon_generators.rules import Group


def dashboards(settings: Settings) -> Mapping[str, str]:
    """The names of the definitions of dashboards by the uids that these have."""
    return {dashboard_uid(file.name): file.name for file in _files(("dashboards",), settings.definitions)}


@cache
def recorded(settings: Settings) -> Mapping[str, str]:
    """The series that rules record, each with the name of its definition.

    Of definitions with a mistake nothing is known; `gnomon generate` says what it is.
    """
    found: dict[str, str] = {}
    for file in _files(("rules", "alerts"), settings.definitions):
        if defines(file, "groups"):
            with suppress(UserError, ModuleNotFoundError):
                found |= dict.fromkeys(_records(file, settings), file.name)
    return found


def _records(file: DefinitionFile, settings: Settings) -> Iterator[str]:
    groups = load(file, settings).value
    for group in groups if isinstance(groups, list | tuple) else ():
        if isinstance(group, Group):
            yield from (rule.record for rule in group.recording)


def _files(folders: tuple[Folder, ...], own: Path | None) -> list[DefinitionFile]:
    try:
        return find(folders, own)
    except UserError:
        # A folder of definitions that is not there is the business of `gnomon generate`.
        return find(folders)
