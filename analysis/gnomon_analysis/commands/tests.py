"""`gnomon tests`: the history of each test."""

from __future__ import annotations

import click

from gnomon import settings as gnomon_settings
from gnomon.errors import ExitCode, UserError
from gnomon_analysis.commands import tables
from gnomon_analysis.commands.json_form import echo_json, plain
from gnomon_analysis.commands.opened import current_store, no_runs_yet
from gnomon_analysis.commands.tables import Column, echo_table
from gnomon_analysis.flakiness import State, assess
from gnomon_analysis.store import CaseRow, UncollectedFile
from gnomon_analysis.store.rows import FAILING

_COLUMNS = (
    Column("suite"),
    Column("test"),
    Column("runs", right=True),
    Column("pass rate"),
    Column("accuracy"),
    Column("attempts", right=True),
    Column("state"),
    Column("last"),
    Column("duration", right=True),
)
_FILE_COLUMNS = (Column("suite"), Column("file"), Column("message"))


@click.command()
@click.option("--suite", help="Only tests of this suite.")
@click.option("--commit", help="Only what happened at commits that begin so.")
@click.option("--match", "matching", help="Only tests whose id or name contains this.")
@click.option("--flaky", is_flag=True, help="Only tests that `gnomon flaky` finds flaky.")
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
    """Shows the history of each test: pass rate, attempts, state; the worst first.

    Files that the newest run of a suite could not collect are named beneath, since their tests are not known.
    Intervals are those of Wilson at 95 %. The state is that of `gnomon flaky`, by all of its runs, whatever
    commit is asked for.
    """
    settings = gnomon_settings.load()
    with current_store(settings) as store:
        if not store.runs(limit=1):
            raise no_runs_yet()
        found = store.cases(suite, commit, matching)
        states = {
            (case.suite, case.case_id): case.state for case in assess(store, settings.flaky, suite=suite)
        }
        broken = [one for one in store.uncollected(suite, commit) if _matches(one, matching) and not flaky]
    if flaky:
        found = [case for case in found if states.get((case.suite, case.case_id)) is State.FLAKY]
    if failing:
        found = [case for case in found if case.last_outcome in FAILING]
    found = sorted(found, key=_badness)[:limit]
    if as_json:
        echo_json(
            tests=[plain(case) | {"state": states.get((case.suite, case.case_id))} for case in found],
            collection_errors=broken,
        )
    if not found and not broken:
        raise UserError("no test matches; `gnomon tests` without filters lists all", ExitCode.NEGATIVE)
    if as_json:
        return
    if found:
        echo_table(_COLUMNS, [_cells(case, states.get((case.suite, case.case_id))) for case in found])
    if found and broken:
        click.echo()
    if broken:
        echo_table(
            _FILE_COLUMNS,
            [(tables.text(one.suite), tables.text(one.path), tables.text(one.message)) for one in broken],
            f"files that could not be collected ({len(broken)}), whose tests are not known",
        )


def _matches(file: UncollectedFile, part: str | None) -> bool:
    return part is None or part.casefold() in (file.path or "").casefold()


def _badness(case: CaseRow) -> tuple[float, float, str, str]:
    rate, accuracy = case.tally.pass_rate, case.tally.accuracy
    return (
        2.0 if rate is None else rate,
        2.0 if accuracy is None else accuracy,
        case.suite or "",
        case.case_id,
    )


def _cells(case: CaseRow, state: State | None) -> tuple[str, ...]:
    tally = case.tally
    return (
        tables.text(case.suite),
        case.case_id,
        tables.number(case.runs),
        tables.percent(tally.pass_rate, tally.pass_rate_interval),
        tables.percent(tally.accuracy),
        tables.number(case.attempts),
        tables.text(state).replace("_", " "),
        case.last_outcome,
        tables.seconds(case.last_duration),
    )
