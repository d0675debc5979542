"""`gnomon diff OLD NEW`: what changed between two artefacts, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from gnomon.errors import ExitCode, UserError
from gnomon.record import Record

if TYPE_CHECKING:
    from gnomon_generators.artefacts.comparison import Change, Source


class _File(Record):
    """One file on both sides: `what` is `added`, `removed`, `same` or `changed`."""

    path: str
    what: str
    changes: list[Change]


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
def diff(old: str, new: str, as_json: bool) -> int:
    """Say in words what changed between two dashboards, rule files or configurations.

    OLD and NEW are files, folders of files, or REV:path in git, such as HEAD:dashboards/json. Ends with 0
    when both mean the same, with 1 when they do not. Form, comments and the order of keys mean nothing.
    """
    from gnomon_generators.artefacts.comparison import source  # noqa: PLC0415 - `gnomon --help` does without

    files = list(_files(source(old), source(new)))
    differing = [file for file in files if file.what != "same"]
    if as_json:
        click.echo(json.dumps({"files": [_plain(file) for file in files]}, indent=2, ensure_ascii=False))
    else:
        _tell(differing)
    return ExitCode.NEGATIVE if differing else ExitCode.OK


def _files(old: Source, new: Source) -> Iterator[_File]:
    from gnomon_generators.artefacts.comparison import compare  # noqa: PLC0415
    from gnomon_generators.artefacts.outline import read_text  # noqa: PLC0415

    if old.folder != new.folder:
        single, several = (new, old) if old.folder else (old, new)
        raise UserError(f"{single.name} is a file and {several.name} a folder; name two of one kind")
    for path in sorted({*old.files, *new.files}):
        if path not in new.files:
            yield _File(path, "removed", [])
        elif path not in old.files:
            yield _File(path, "added", [])
        else:
            before, after = old.files[path](), new.files[path]()
            names = (old.name, new.name) if path == "." else (f"{old.name}/{path}", f"{new.name}/{path}")
            changes = (
                [] if before == after else compare(read_text(before, names[0]), read_text(after, names[1]))
            )
            yield _File(new.name if path == "." else path, "changed" if changes else "same", changes)


def _tell(differing: list[_File]) -> None:
    from gnomon_generators.artefacts.comparison import text  # noqa: PLC0415

    for number, file in enumerate(differing):
        if number:
            click.echo()
        if file.what != "changed":
            click.echo(f"{file.what} {file.path}")
            continue
        click.echo(file.path)
        for line in text(file.changes).splitlines():
            click.echo(f"  {line}")
    if not differing:
        click.echo("no difference in meaning")


def _plain(file: _File) -> dict[str, object]:
    return {
        "path": file.path,
        "what": file.what,
        "changes": [_plain_change(change) for change in file.changes],
    }


def _plain_change(change: Change) -> dict[str, object]:
    return {
        "what": change.what,
        "in": [{"kind": item.kind, "name": item.name, "inside": item.inside} for item in change.path],
        "fact": change.fact,
        "old": change.old,
        "new": change.new,
    }
