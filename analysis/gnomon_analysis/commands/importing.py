"""`gnomon import`: results that other tools recorded."""

from __future__ import annotations

from pathlib import Path

import click

from gnomon import settings as gnomon_settings
from gnomon import state
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import prepared_store, tell_damage
from gnomon_analysis.junit import import_reports


@click.group(name="import")
def import_() -> None:
    """Imports results of other test runners."""


@import_.command()
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False)
)
@click.option(
    "--suite", help="Suite that the tests belong to. Default: the project's only suite, or its name."
)
@click.option("--commit", help="Commit that was tested. Default: the working tree as it is now.")
@click.option("--branch", help="Branch that was tested.")
@click.option("--environment", help="Environment that was tested in.")
@click.option(
    "--repeats-are-attempts",
    is_flag=True,
    help="Test cases of one name in one suite are reruns of one test (Gradle's retries, for example).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
def junit(
    *,
    files: tuple[Path, ...],
    suite: str | None,
    commit: str | None,
    branch: str | None,
    environment: str | None,
    repeats_are_attempts: bool,
    as_json: bool,
) -> None:
    """Imports JUnit XML reports as one run.

    All FILEs together are one run. Importing the same reports for the same suite and commit again
    changes nothing.
    """
    settings = gnomon_settings.load()
    with prepared_store(settings) as store:
        imported = import_reports(
            files,
            settings,
            suite=suite,
            commit=commit,
            branch=branch,
            environment=environment,
            repeats_are_attempts=repeats_are_attempts,
            known=store.has_run,
        )
        tell_damage(store.ingest(state.spool_directory(settings.state_directory)))
        run = store.run(imported.run_id)
    if as_json:
        echo_json(run=run, new=imported.new)
        return
    counts = ", ".join(f"{count} {outcome}" for outcome, count in run.tally.outcomes.items() if count)
    state_of_it = "imported as" if imported.new else "known already as"
    click.echo(f"{state_of_it} run {run.run_id[:12]} (#{run.sequence} of {run.suite}): {counts}")
