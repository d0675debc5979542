"""`gnomon backfill`: run a suite over a range of past commits."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from gnomon import settings as gnomon_settings
from gnomon.errors import ExitCode, UserError
from gnomon_analysis.commands import tables
from gnomon_analysis.commands.bisect import confirm
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import current_store, prepared_store

if TYPE_CHECKING:
    from rich.progress import Progress

    from gnomon_analysis.bisection.backfilling import Backfill, Filled
    from gnomon_analysis.bisection.line import Line


@click.command()
@click.argument("span", metavar="REV..REV")
@click.option("--runs", type=click.IntRange(1), default=1, show_default=True, help="Runs for each revision.")
@click.option("--suite", help="Suite to run.  [default: the only one]")
@click.option("--every", type=click.IntRange(1), default=1, metavar="K", help="Only every Kth revision.")
@click.option("--only-changed", is_flag=True, help="Only revisions that changed skills, prompts, config …")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Revisions side by side."
)
@click.option("--command", help="Command that runs the suite in a checkout.")
@click.option(
    "--tests-from", metavar="REV", help="Lay the tests of this commit over every revision (HEAD: today's)."
)
@click.option("--own-tests", is_flag=True, help="Run the tests that each revision has itself.")
@click.option("--dry-run", is_flag=True, help="Say what would be run and what it may cost, and end.")
@click.option(
    "--resume/--fresh", default=True, help="Keep in mind what could not be run before.  [default: resume]"
)
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
def backfill(
    *,
    span: str,
    runs: int,
    suite: str | None,
    every: int,
    only_changed: bool,
    jobs: int,
    command: str | None,
    tests_from: str | None,
    own_tests: bool,
    dry_run: bool,
    resume: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Runs the suite at the commits of a range that the store has too few runs of.

    The range goes from after the first revision up to the second, along first parents. Your working tree is
    not touched. Stopped or killed, the same command goes on.

    Exit code 0: every revision has its runs. 1: some could not be run.
    """
    from gnomon_analysis.bisection.planning import Filling, plan_backfill  # noqa: PLC0415 - after --help

    if tests_from is not None and own_tests:
        raise UserError("--tests-from and --own-tests exclude each other; give one of them")
    settings = gnomon_settings.load()
    wish = Filling(
        span=span,
        suite=suite,
        runs=runs,
        every=every,
        only_changed=only_changed,
        jobs=jobs,
        command=command,
        tests_from=tests_from,
        own_tests=own_tests,
        fresh=not resume,
    )
    with prepared_store(settings), current_store(settings) as store:
        filling, line = plan_backfill(store, settings, wish)
        missing = sum(filling.missing().values())
        if not as_json:
            _tell_plan(filling, line)
        if dry_run:
            if as_json:
                echo_json(
                    revisions=[line.commits[position] for position in filling.positions()],
                    missing={line.commits[place]: count for place, count in filling.missing().items()},
                    estimate=filling.estimate(),
                )
            return ExitCode.OK
        if missing:
            confirm(yes=yes, as_json=as_json)
        with _Telling(line, missing) as telling:
            try:
                filled = filling.run(telling)
            except KeyboardInterrupt:
                click.echo("gnomon: stopped; the same command goes on from here", err=True)
                raise
    if as_json:
        echo_json(filled=filled)
    else:
        _tell(filled)
    return ExitCode.OK if filled.complete == filled.revisions else ExitCode.NEGATIVE


def _tell_plan(filling: Backfill, line: Line) -> None:
    positions, missing = filling.positions(), filling.missing()
    runs = sum(missing.values())
    click.echo(
        f"{len(positions):,} revisions up to {line.commits[-1][:8]}: {runs:,} runs missing at "
        f"{len(missing):,} of them"
    )
    estimate = filling.estimate()
    if not runs:
        return
    if estimate is None:
        click.echo("  what a run takes is not known: the store has none to go by")
    else:
        click.echo(f"  about {tables.seconds(estimate.seconds)} of running and {tables.usd(estimate.usd)}")


def _tell(filled: Filled) -> None:
    spent = filled.spent
    click.echo(
        f"{filled.complete:,} of {filled.revisions:,} revisions have their runs; "
        f"{tables.counted(spent.runs, 'run')} made, {tables.usd(spent.usd)}, {tables.seconds(spent.seconds)}"
    )
    for commit, why in filled.broken.items():
        click.echo(f"  could not run {commit[:8]}: {why}")


class _Telling(AbstractContextManager["_Telling"]):
    """A bar on a terminal, a line for each revision elsewhere; both on stderr."""

    def __init__(self, line: Line, runs: int) -> None:
        self._line = line
        self._runs = runs
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and self._runs:
            from rich.console import Console  # noqa: PLC0415 - only on a terminal
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

            self._bar = Progress(
                BarColumn(bar_width=30),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.description}", markup=False),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.add_task("", total=self._runs)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def ran(self, position: int, runs: int) -> None:
        """Runs at a position have ended."""
        name = f"{self._line.commits[position][:8]} {self._line.subjects[position][:48]}"
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], advance=runs, description=name)
        else:
            click.echo(f"  {runs} run{'' if runs == 1 else 's'} at {name}", err=True)

    def skips(self, position: int, why: str) -> None:
        """A revision is left out."""
        click.echo(f"  skips {self._line.commits[position][:8]}: {why}", err=True)
