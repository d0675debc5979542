"""`gnomon generate`: what is derived from the registry and the settings, written to files."""

from __future__ import annotations

from pathlib import Path

import click
from gnomon.errors import ExitCode, UserError


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
    if not check:
        for difference in writing.write(documents, directory):
            click.echo(
                f"{'removed' if difference.kind == 'no longer generated' else 'wrote'} {difference.path}"
            )
        click.echo(f"{len(documents)} documents in {directory} are up to date")
        return
    found = writing.differences(documents, directory)
    for difference in found:
        click.echo(str(difference))
    if found:
        click.echo(f"{len(found)} of {len(documents)} documents differ: run gnomon generate docs", err=True)
        raise click.exceptions.Exit(ExitCode.NEGATIVE)
    click.echo(f"{len(documents)} documents in {directory} are up to date")
