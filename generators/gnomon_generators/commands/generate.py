"""`gnomon generate`: what is derived from the registry and the settings, written to files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gnomon.errors import ExitCode, UserError

if TYPE_CHECKING:
    from gnomon_generators.writing import Difference


@click.group()
def generate() -> None:
    """Write what is derived from the registry and the settings."""


@generate.command()
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("docs"),
    show_default=True,
    help="Folder that the documents go to.",
)
@click.option(
    "--check", is_flag=True, help="Write nothing; name what differs and end with 1 if anything does."
)
def docs(directory: Path, check: bool) -> None:
    """Write the reference pages and the registry in OpenTelemetry's format."""
    from gnomon.registry.checking import problems  # noqa: PLC0415 - the command line starts without it
    from gnomon_generators import writing  # noqa: PLC0415
    from gnomon_generators.documents import all_documents  # noqa: PLC0415

    wrong = problems()
    if wrong:
        raise UserError(f"the registry is not sound: {'; '.join(wrong)}")
    documents = all_documents()
    try:
        found = writing.differences(documents, directory) if check else writing.write(documents, directory)
    except OSError as error:
        place = error.filename2 or error.filename
        raise UserError(f"{place}: {error.strerror}; name a folder to write to with --directory") from error
    for difference in found:
        click.echo(str(difference) if check else _done(difference))
    if check and found:
        click.echo(f"{len(found)} generated files differ: run gnomon generate docs", err=True)
        raise click.exceptions.Exit(ExitCode.NEGATIVE)
    click.echo(f"{len(documents)} documents in {directory} are up to date")


def _done(difference: Difference) -> str:
    return f"{'removed' if difference.kind == 'no longer generated' else 'wrote'} {difference.path}"
