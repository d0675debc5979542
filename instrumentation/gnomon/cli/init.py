"""`gnomon init`: a commented gnomon.yaml that already fits the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from gnomon.cli.detection import Found, detect
from gnomon.cli.files import write_text
from gnomon.errors import UserError
from gnomon.settings import load
from gnomon.settings.loading import FILE_NAME
from gnomon.state import prepare

SCHEMA = ".gnomon/settings.schema.json"
"""Where editors find the schema, without a network; `gnomon config schema --out` writes it anew."""


@click.command()
@click.argument("folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--force", is_flag=True, help="Overwrite a gnomon.yaml that is there.")
def init(folder: Path, force: bool) -> None:
    """Writes a commented gnomon.yaml that fits the repository.

    FOLDER (default: the working folder) is where it is written. Project name, skill folders and test
    suites are detected; everything else stands there as a comment with its default.
    """
    from gnomon.settings.schema import json_schema  # noqa: PLC0415 - only here
    from gnomon.settings.template import render  # noqa: PLC0415 - only here

    file = folder / FILE_NAME
    if file.exists() and not force:
        raise UserError(f"{file} is there already; edit it, or write it anew with --force")
    found = detect(folder)
    given: dict[str, Any] = {"project.name": found.project}
    if found.suites:
        given["suites"] = list(found.suites)
    if found.skill_files:
        given["skills.paths"] = list(found.skills)
    _prepare(folder / ".gnomon")
    write_text(folder / SCHEMA, json.dumps(json_schema(), indent=2) + "\n")
    write_text(file, render(given, SCHEMA))
    load(file, environ={})
    _tell(file, found)


def _prepare(state: Path) -> None:
    try:
        prepare(state)
    except OSError as error:
        raise UserError(
            f"{state} cannot be made ({error.strerror}); name a folder that you may write to and that has no "
            "file of that name"
        ) from None


def _tell(file: Path, found: Found) -> None:
    click.echo(f"wrote {file} for the project {found.project}")
    if found.skill_files:
        click.echo(f"  skills: {len(found.skill_files)} ({', '.join(found.skills)})")
    else:
        click.echo("  skills: no SKILL.md found; set skills.paths when there is one")
    for suite in found.suites:
        golden = f", golden set {suite['golden_set']}" if "golden_set" in suite else ""
        click.echo(f"  suite {suite['name']}: {', '.join(suite['paths'])}{golden}")
    if not found.suites:
        click.echo("  suites: no test files found")
    click.echo("next: run `pytest --gnomon`, then `gnomon runs`")
