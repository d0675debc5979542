"""`gnomon generate`: files for Grafana, Prometheus, Alertmanager and the Collector, made of definitions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gnomon.errors import ExitCode, UserError

if TYPE_CHECKING:
    from gnomon_generators.writing import Difference

# Written out, as `gnomon --help` and `gnomon generate --help` load nothing that generates.
_PARTS = ("dashboards", "rules", "alerts", "collector", "stack", "docs")
_DONE = {"missing": "wrote", "differs": "wrote", "no longer generated": "removed"}


@click.command()
@click.argument("parts", metavar="[PART]...", nargs=-1, type=click.Choice(_PARTS))
@click.option("--check", is_flag=True, help="Write nothing; name what differs, end with 1 if anything does.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to. When not given: that of gnomon.yaml, else the root of the repository.",
)
@click.option(
    "--only",
    metavar="NAME",
    multiple=True,
    help="Only the definition or page of this name; a glob such as 'qa_*'; may be given more than once.",
)
@click.option(
    "--definitions",
    type=click.Path(path_type=Path),
    help="Folder with definitions of your own in dashboards/, rules/, alerts/, collector/ and stack/. A file "
    "there stands in for Gnomon's of the same name; others are added. Else: the setting `definitions`.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done, or what differs, as JSON.")
def generate(
    *,
    parts: tuple[str, ...],
    check: bool,
    out: Path | None,
    only: tuple[str, ...],
    definitions: Path | None,
    as_json: bool,
) -> None:
    """Write dashboards, rules, alerts and configurations from their definitions.

    PART is dashboards, rules, alerts, collector, stack or docs (Gnomon's own reference pages). Without one,
    everything that is deployed is written, and in a clone of Gnomon the pages too.

    Thresholds, objectives and channels come from the gnomon.yaml in force. The same settings give the same
    bytes; files that do not change are not touched, and generated files whose definition is gone are removed.
    """
    from gnomon.settings import load  # noqa: PLC0415 - the command line starts without them
    from gnomon_generators import writing  # noqa: PLC0415
    from gnomon_generators.artefacts.production import DEPLOYED, PARTS, folders, produce  # noqa: PLC0415
    from gnomon_generators.definitions import clone  # noqa: PLC0415

    settings = load()
    directory = out or settings.root
    chosen = parts or (PARTS if directory.resolve() == clone() else DEPLOYED)
    documents = produce(chosen, settings, own=definitions or settings.definitions, only=only)
    places = () if only else tuple(folders(chosen))
    try:
        work = writing.differences if check else writing.write
        found = work(documents, directory, places)
    except OSError as error:
        place = error.filename2 or error.filename
        raise UserError(f"{place}: {error.strerror}; name a folder to write to with --out") from error
    if as_json:
        click.echo(_json([directory / document.path for document in documents], directory, found, check))
    else:
        _tell(found, len(documents), directory, check)
    if check and found:
        again = " ".join(("gnomon generate", *parts))
        click.echo(f"{_files(len(found))} not as generated; to write: {again}", err=True)
        raise click.exceptions.Exit(ExitCode.NEGATIVE)


def _tell(found: Sequence[Difference], documents: int, directory: Path, check: bool) -> None:
    from gnomon_generators.paths import shown  # noqa: PLC0415

    for difference in found:
        line = f", first in line {difference.line}" if difference.line else ""
        path = shown(difference.path)
        click.echo(f"{path}: {difference.kind}{line}" if check else f"{_DONE[difference.kind]} {path}")
    if found and not check:
        click.echo(f"{_changed(found, documents)} in {directory}")
    elif not found:
        click.echo(f"{_files(documents)} up to date in {directory}")


def _changed(found: Sequence[Difference], documents: int) -> str:
    """`2 files written, 1 removed, 3 unchanged`."""
    removed = sum(difference.kind == "no longer generated" for difference in found)
    written = len(found) - removed
    counts = (("written", written), ("removed", removed), ("unchanged", documents - written))
    (first, count), *later = ((done, number) for done, number in counts if number)
    return ", ".join([f"{count} file{'s' * (count != 1)} {first}", *(f"{n} {done}" for done, n in later)])


def _files(count: int) -> str:
    return f"{count} file{'s are' if count != 1 else ' is'}"


def _json(paths: Sequence[Path], directory: Path, found: Sequence[Difference], check: bool) -> str:
    differing = {difference.path: difference for difference in found}
    entries = [_entry(path, differing.get(path), check) for path in paths]
    entries += [_entry(path, differing[path], check) for path in differing if path not in paths]
    return json.dumps({"directory": str(directory), "check": check, "files": entries}, indent=2)


def _entry(path: Path, difference: Difference | None, check: bool) -> dict[str, object]:
    if difference is None:
        return {"path": str(path), "state": "up to date"}
    if check:
        return {"path": str(path), "state": difference.kind, "line": difference.line or None}
    return {"path": str(path), "state": _DONE[difference.kind]}
