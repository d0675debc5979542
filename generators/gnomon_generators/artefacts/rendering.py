"""From what a definition file defines to the document that is deployed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Final, TypeVar

from gnomon.errors import UserError
from gnomon.record import Record
from gnomon_generators.definitions import Defined
from gnomon_generators.document import Document, dashboard_uid
from gnomon_generators.paths import shown

_T = TypeVar("_T")

# Each function imports the room that renders: `gnomon generate rules` does without grafanalib.


class Others(Record):
    """What the other definitions make: the rule files that configurations may list, the dashboards by the
    names of their files, to which links may lead.
    """

    rules: tuple[PurePosixPath, ...]
    dashboards: tuple[str, ...]


def rendered(defined: Defined, others: Others) -> Iterator[Document]:
    """The documents of one definition.

    Raises `UserError` when it is not of the class that it must be, and for a link to a dashboard that no
    definition makes.
    """
    return _RENDERERS[defined.name](defined, others)


def _dashboard(defined: Defined, others: Others) -> Iterator[Document]:
    from gnomon_generators.vocabulary import Dashboard, render  # noqa: PLC0415

    dashboard = _of_class(defined, Dashboard)
    names = {dashboard_uid(name): name for name in others.dashboards}
    for where, uid in dashboard.dashboards_linked():
        if uid not in names:
            raise UserError(f"{shown(defined.file.path)}: {where} links to {uid}, {_advice(uid, names)}")
    path = PurePosixPath("dashboards/json") / f"{defined.file.name}.json"
    yield Document(path, render(dashboard, defined.file.name))


def _advice(uid: str, names: Mapping[str, str]) -> str:
    """What to write instead of a link to a dashboard that there is not."""
    near = get_close_matches(uid, names, n=1, cutoff=0.8)
    instead = f'write to_dashboard("{names[near[0]]}")' if near else f"there are {', '.join(names.values())}"
    return f"which no definition makes: {instead}"


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
