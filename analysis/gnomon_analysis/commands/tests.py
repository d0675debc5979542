"""`gnomon tests`: the history of each test."""

from __future__ import annotations

import click

from gnomon.errors import ExitCode, UserError
from gnomon_analysis.commands import tables
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import current_store, no_runs_yet
from gnomon_analysis.commands.tables import Column, echo_table
from gnomon_analysis.store import CaseRow
from gnomon_analysis.store.rows import FAILING

_COLUMNS = (
    Column("suite"),
    Column("test"),
    Column("runs", right=True),
    Column("pass rate"),
    Column("accuracy"),
    Column("attempts", right=True),
    Column("flaky at", right=True),
    Column("last"),
    Column("duration", right=True),
)


@click.command()
@click.option("--suite", help="Only tests of this suite.")
@click.option("--commit", help="Only what happened at commits that begin so.")
@click.option("--match", "matching", help="Only tests whose id or name contains this.")
@click.option("--flaky", is_flag=True, help="Only tests that were both good and bad at one commit.")
@click.option("--failing", is_flag=True, help="Only tests whose last outcome was a failure.")
@click.option("--limit", type=click.IntRange(min=1), help="The worst so many.")
@click.option("--json", "as_json", is_flag=True, help="Print the tests as JSON.")
def tests(
    *,
    suite: str | None,
    commit: str | None,
    matching: str | None,
    flaky: bool,
    failing: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    """Shows the history of each test: pass rate, attempts, flakiness; the worst first.

    Intervals are those of Wilson at 95 %. A test is flaky at a commit where it was both good and bad
    with the same skills and configuration, in one run or over several.
    """
    with current_store() as store:
        if not store.runs(limit=1):
            raise no_runs_yet()
        found = store.cases(suite, commit, matching)
    if flaky:
        found = [case for case in found if case.flaky_commits]
    if failing:
        found = [case for case in found if case.last_outcome in FAILING]
    found = sorted(found, key=_badness)[:limit]
    if as_json:
        echo_json(tests=found)
    if not found:
        raise UserError("no test matches; `gnomon tests` without filters lists all", ExitCode.NEGATIVE)
    if not as_json:
        echo_table(_COLUMNS, [_cells(case) for case in found])


def _badness(case: CaseRow) -> tuple[float, float, int, str, str]:
    rate, accuracy = case.tally.pass_rate, case.tally.accuracy
    return (
        2.0 if rate is None else rate,
        2.0 if accuracy is None else accuracy,
        -case.flaky_commits,
        case.suite or "",
        case.case_id,
    )


def _cells(case: CaseRow) -> tuple[str, ...]:
    tally = case.tally
    flaky = (
        f"{case.flaky_commits} commit{'' if case.flaky_commits == 1 else 's'}" if case.flaky_commits else ""
    )
    return (
        tables.text(case.suite),
        case.case_id,
        tables.number(case.runs),
        tables.percent(tally.pass_rate, tally.pass_rate_interval),
        tables.percent(tally.accuracy),
        tables.number(case.attempts),
        flaky,
        case.last_outcome,
        tables.seconds(case.last_duration),
    )
