"""What `gnomon generate` writes: parts, and the documents of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from gnomon.errors import UserError
from gnomon.settings import Settings
from gnomon_generators.artefacts.rendering import Others, rendered
from gnomon_generators.definitions import (
    FOLDERS,
    Defined,
    DefinitionFile,
    defines,
    find,
    load,
    runbooks,
)
from gnomon_generators.document import Document

if TYPE_CHECKING:
    from gnomon_generators.rules import Group

DOCS: Final = "docs"
"""The part that is not made of definitions: Gnomon's own reference pages."""

DEPLOYED: Final = tuple(FOLDERS)
"""The parts that a team deploys."""

PARTS: Final = (*DEPLOYED, DOCS)


_GENERATED: Final = {
    "dashboards": ("dashboards/json",),
    "rules": ("rules/yaml",),
    "alerts": ("alerts/yaml", "alerts/yaml/templates", "stack/yaml/grafana/alerting"),
    "collector": ("collector/yaml",),
    "stack": (
        "stack/yaml",
        "stack/yaml/targets",
        "stack/yaml/grafana/datasources",
        "stack/yaml/grafana/dashboards",
        "stack/yaml/postgres",
    ),
}


def produce(
    parts: Sequence[str], settings: Settings, *, own: Path | None = None, only: Sequence[str] = ()
) -> list[Document]:
    """The documents of these parts, in the order of `PARTS` and by name, made of the settings alone.

    `own` is a user's folder of definitions, see `gnomon_generators.definitions.find`. `only` are names or
    globs of names: other definitions are not even loaded, but for dashboards in which links set variables.

    Raises `UserError` for a mistake in a definition, and when `only` names nothing that there is.
    """
    files = find([part for part in DEPLOYED if part in parts], own)
    pages = _pages() if DOCS in parts else []
    if only:
        _check_names(only, [*(file.name for file in files), *(page.name for page in pages)])
    boards = {file.name: file for file in find(["dashboards"], own)}
    loaded = cache(lambda file: load(file, settings))
    others = Others(tuple(_rule_files(own)), tuple(boards), lambda name: _variables(loaded, boards[name]))
    documents = [
        document for file in files if _wanted(file.name, only) for document in rendered(loaded(file), others)
    ]
    if "alerts" in parts and not only:
        documents += _of_alerts(settings, own)
    return [*documents, *(page for page in pages if _wanted(page.name, only))]


def _variables(loaded: Callable[[DefinitionFile], Defined], file: DefinitionFile) -> set[str] | None:
    """The names of a dashboard's variables; None where its definition has a mistake, which is its own."""
    from gnomon_generators.vocabulary import Dashboard  # noqa: PLC0415 - only where links set variables

    try:
        made = loaded(file).value
    except UserError:
        return None
    return {one.name for one in made.all_variables()} if isinstance(made, Dashboard) else None


def _of_alerts(settings: Settings, own: Path | None) -> Iterator[Document]:
    """What all definitions of alerts together make: their runbooks, and Grafana's own alerting."""
    from gnomon_generators.alertmanager import AlertmanagerConfig  # noqa: PLC0415 - only for this part
    from gnomon_generators.rules import Group  # noqa: PLC0415

    values = [load(file, settings).value for file in find(["alerts"], own)]
    groups = [
        one for value in values if isinstance(value, list | tuple) for one in value if isinstance(one, Group)
    ]
    if settings.alerts.runbook_url is None:
        yield from _runbooks(groups)
    if settings.alerts.grafana:
        from gnomon_generators.grafana_alerting import documents  # noqa: PLC0415 - seldom asked for

        for config in values:
            if isinstance(config, AlertmanagerConfig):
                yield from documents(groups, config)


def _runbooks(groups: Sequence[Group]) -> Iterator[Document]:
    """Where the alerts' links lead: a page to begin with for each alert of ours."""
    from gnomon_generators.rules import RUNBOOKS, AlertRule  # noqa: PLC0415 - see `_of_alerts`

    for group in groups:
        for rule in group.rules:
            if not isinstance(rule, AlertRule):
                continue
            page = runbooks() / f"{rule.alert}.md"
            if page.is_file():
                path = PurePosixPath(RUNBOOKS.replace("{alert}", rule.alert))
                yield Document(path, page.read_text("utf-8"), starting_point=True)


def folders(parts: Sequence[str]) -> Iterator[PurePosixPath]:
    """The folders that hold generated files of these parts, to look for those no longer generated."""
    for part in parts:
        if part == DOCS:
            from gnomon_generators import reference  # noqa: PLC0415

            yield from (PurePosixPath(DOCS) / folder for folder in reference.FOLDERS)
        else:
            yield from map(PurePosixPath, _GENERATED[part])


def _rule_files(own: Path | None) -> Iterator[PurePosixPath]:
    """Where the rule files of all parts are written, whichever parts are asked for."""
    for file in find(["rules", "alerts"], own):
        if defines(file, "groups"):
            yield PurePosixPath(file.folder) / "yaml" / f"{file.name}.yaml"


def _pages() -> list[Document]:
    """The reference pages. Raises `UserError` when the registry that they show is not sound."""
    from gnomon.registry.checking import problems  # noqa: PLC0415 - the deployed parts do without the pages
    from gnomon_generators.reference import all_documents  # noqa: PLC0415

    if wrong := problems():
        raise UserError(f"the registry is not sound: {'; '.join(wrong)}")
    return [Document(PurePosixPath(DOCS) / page.path, page.text) for page in all_documents()]


def _wanted(name: str, only: Sequence[str]) -> bool:
    return not only or any(fnmatchcase(name, pattern) for pattern in only)


def _check_names(only: Sequence[str], names: Sequence[str]) -> None:
    for pattern in only:
        if not any(fnmatchcase(name, pattern) for name in names):
            known = ", ".join(dict.fromkeys(sorted(names)))
            raise UserError(f"--only {pattern} names nothing that is generated here; there are {known}")
