"""`gnomon import`: results that other tools recorded."""

from __future__ import annotations

import re
from pathlib import Path

import click

from gnomon import settings as gnomon_settings
from gnomon import state
from gnomon.errors import UserError
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import prepared_store, tell_damage
from gnomon_analysis.junit import import_reports

_WHOLE_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BEGINNING_OF_ID = re.compile(r"[0-9a-f]{7,64}")


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
@click.option(
    "--commit",
    help="Commit that was tested: its id, or a name that git knows here. Default: the working tree as it is.",
)
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
    if suite is not None and not suite.isprintable():
        raise UserError(f"--suite {suite!r}: write a name on one line")
    with prepared_store(settings) as store:
        imported = import_reports(
            files,
            settings,
            suite=suite,
            commit=None if commit is None else _id_of(commit, settings.root),
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


def _id_of(commit: str, root: Path) -> str:
    """The id of the commit that a person means: findings know a run by nothing else.

    An id is taken as it is, for it may be of a commit that is not here. Raises UserError for what is none.
    """
    from gnomon_analysis.changes.repository import Repository  # noqa: PLC0415 - after --help

    if _WHOLE_ID.fullmatch(commit.lower()):
        return commit.lower()
    try:
        with Repository(root) as here:
            known = here.commit(commit)
    except UserError:  # no repository
        known = None
    if known is None and _BEGINNING_OF_ID.fullmatch(commit.lower()):
        return commit.lower()
    if known is None:
        raise UserError(
            f"--commit {commit}: is no id of a commit, and git knows none of that name here; "
            "write the id that `git rev-parse` shows"
        )
    return known
