"""From what a definition file defines to the document that is deployed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, TypeVar

from gnomon.errors import UserError
from gnomon.record import Record
from gnomon_generators.definitions import Defined
from gnomon_generators.document import Document
from gnomon_generators.paths import shown

if TYPE_CHECKING:
    from gnomon_generators.vocabulary import Link

_T = TypeVar("_T")
_ALIKE: Final = 0.75

# Each function imports the room that renders: `gnomon generate rules` does without grafanalib.


class Others(Record):
    """What the other definitions make: the rule files that configurations may list, the dashboards by the
    names of their files, to which links may lead.

    `variables` gives the names of the variables of such a dashboard; None where its definition has a mistake.
    """

    rules: tuple[PurePosixPath, ...]
    dashboards: tuple[str, ...]
    variables: Callable[[str], Collection[str] | None]


def rendered(defined: Defined, others: Others) -> Iterator[Document]:
    """The documents of one definition.

    Raises `UserError` when it is not of the class that it must be, and for a link to a dashboard that no
    definition makes, or that sets a variable which that dashboard does not have.
    """
    return _RENDERERS[defined.name](defined, others)


def _dashboard(defined: Defined, others: Others) -> Iterator[Document]:
    from gnomon_generators.vocabulary import Dashboard, render  # noqa: PLC0415

    dashboard = _of_class(defined, Dashboard)
    for where, link in dashboard.all_links():
        if wrong := _wrong_link(link, others):
            written = link.origin
            line = f"{shown(written.path)}, line {written.line}" if written else shown(defined.file.path)
            raise UserError(f"{line}: {where} links to {wrong}")
    path = PurePosixPath("dashboards/json") / f"{defined.file.name}.json"
    yield Document(path, render(dashboard, defined.file.name))


def _wrong_link(link: Link, others: Others) -> str | None:
    """What is wrong with a link to another dashboard, and what to write; None where nothing is."""
    name = link.name
    if name not in others.dashboards:
        near = get_close_matches(name, others.dashboards, n=1, cutoff=_ALIKE)
        known = ", ".join(others.dashboards)
        instead = f'write to_dashboard("{near[0]}")' if near else f"there are {known}"
        return f"{name!r}, a dashboard that no definition makes: {instead}"
    variables = others.variables(name) if link.values else None
    for variable, _ in link.values or ():
        if variables is not None and variable not in variables:
            near = get_close_matches(variable, variables, n=1)
            known = ", ".join(sorted(variables)) or "none"
            instead = f"write {near[0]}=" if near else f"its variables are {known}"
            return f"{name!r} and sets {variable}, a variable that it does not have: {instead}"
    return None


def _groups(defined: Defined, _: Others) -> Iterator[Document]:
    from gnomon_generators.rules import Group, render  # noqa: PLC0415

    groups = defined.value
    if not isinstance(groups, Sequence) or isinstance(groups, str):
        raise _wrong_class(defined, "a list of Group")
    for group in groups:
        if not isinstance(group, Group):
            raise _wrong_class(defined, "a list of Group", group)
    yield Document(_yaml(defined), render(groups, defined.file.source))


def _alertmanager(defined: Defined, _: Others) -> Iterator[Document]:
    from gnomon_generators.alertmanager import (  # noqa: PLC0415
        AlertmanagerConfig,
        render,
        template_files,
    )

    config = _of_class(defined, AlertmanagerConfig)
    path = _yaml(defined)
    yield Document(path, render(config, defined.file.source))
    for name, text in template_files(config, defined.file.source).items():
        yield Document(path.parent / name, text)


def _collector(defined: Defined, _: Others) -> Iterator[Document]:
    from gnomon_generators.collector import CollectorConfig, render  # noqa: PLC0415

    config = _of_class(defined, CollectorConfig)
    yield Document(_yaml(defined), render(config, defined.file.source))


def _files(defined: Defined, others: Others) -> Iterator[Document]:
    from gnomon_generators.stack.files import TextFile, YamlFile, render  # noqa: PLC0415

    files = defined.value
    if not isinstance(files, Sequence) or isinstance(files, str):
        raise _wrong_class(defined, "a list of YamlFile and TextFile")
    for file in files:
        if not isinstance(file, YamlFile | TextFile):
            raise _wrong_class(defined, "a list of YamlFile and TextFile", file)
        yield Document(*render(file, defined.file.source, others.rules))


_RENDERERS: Final[dict[str, Callable[[Defined, Others], Iterator[Document]]]] = {
    "dashboard": _dashboard,
    "groups": _groups,
    "alertmanager": _alertmanager,
    "collector": _collector,
    "files": _files,
}


def _yaml(defined: Defined) -> PurePosixPath:
    return PurePosixPath(defined.file.folder) / "yaml" / f"{defined.file.name}.yaml"


def _of_class(defined: Defined, wanted: type[_T]) -> _T:
    if not isinstance(defined.value, wanted):
        raise _wrong_class(defined, f"a {wanted.__name__}")
    return defined.value


def _wrong_class(defined: Defined, wanted: str, found: object = None) -> UserError:
    given = type(defined.value if found is None else found).__name__
    inside = "" if found is None else " in its list"
    return UserError(f"{shown(defined.file.path)}: {defined.name} gives {given}{inside}; it must be {wanted}")
