"""`gnomon runs`: the runs in the store."""

from __future__ import annotations

import click

from gnomon.errors import ExitCode, UserError
from gnomon_analysis.commands import tables
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import current_store, no_runs_yet
from gnomon_analysis.commands.tables import Column, echo_table
from gnomon_analysis.store import RunRow

_COLUMNS = (
    Column("#", right=True),
    Column("id"),
    Column("suite"),
    Column("started"),
    Column("commit"),
    Column("status"),
    Column("tests", right=True),
    Column("passed", right=True),
    Column("failed", right=True),
    Column("accuracy"),
    Column("reruns", right=True),
    Column("retries", right=True),
    Column("cost", right=True),
    Column("duration", right=True),
)


@click.command()
@click.option("--suite", help="Only runs of this suite, and of them only its tests.")
@click.option("--commit", help="Only runs of commits that begin so.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="The newest so many."
)
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON.")
def runs(suite: str | None, commit: str | None, limit: int, as_json: bool) -> None:
    """Lists test runs, newest first."""
    with current_store() as store:
        found = store.runs(suite, limit, commit)
        if not found and not store.runs(limit=1):
            raise no_runs_yet()
    if as_json:
        echo_json(runs=found)
    if not found:
        raise UserError(
            "no run matches; `gnomon runs` without --suite and --commit lists all", ExitCode.NEGATIVE
        )
    if not as_json:
        echo_table(_COLUMNS, [_cells(run) for run in found])


def _cells(run: RunRow) -> tuple[str, ...]:
    tally = run.tally
    return (
        tables.number(run.sequence),
        run.run_id[:12],
        tables.text(run.suite),
        tables.when(run.started_at),
        tables.commit(run.commit, run.dirty),
        run.status,
        tables.number(tally.tests),
        tables.number(tally.passed),
        tables.number(tally.failed),
        tables.percent(tally.accuracy, tally.accuracy_interval),
        tables.number(tally.reruns),
        tables.number(run.calls.retries),
        tables.usd(run.calls.cost_usd),
        tables.seconds(run.duration),
    )
