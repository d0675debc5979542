"""`gnomon gate`: a branch against its base."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click
from sqlalchemy import make_url

from gnomon import settings as gnomon_settings
from gnomon.errors import ExitCode, UserError
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import current_store, tell_damage
from gnomon_analysis.commands.tables import Column, echo_table
from gnomon_analysis.gating import markdown, words
from gnomon_analysis.gating.comparison import CaseChange, SuiteComparison
from gnomon_analysis.gating.gate import Outcome, Wish, evaluate
from gnomon_analysis.store import Store, open_store
from gnomon_analysis.store.opening import FILE_NAME

_METRICS = (
    Column("metric"),
    Column("base", right=True),
    Column("head", right=True),
    Column("difference, 95 % interval"),
    Column("limit", right=True),
    Column("tests", right=True),
    Column("verdict"),
)
_CASES = (Column("test"), Column("expected"), Column("base"), Column("head"), Column("remark"))
_SUMMARY = "GITHUB_STEP_SUMMARY"
_STANDARD_OUTPUT = "-"


@click.command()
@click.option("--head", metavar="REV", default="HEAD", show_default=True, help="Commit to look at.")
@click.option(
    "--base", metavar="REV", help="Branch or commit that it grew from.  [default: gate.base of the settings]"
)
@click.option("--suite", help="Only this suite.  [default: each that the head has runs of]")
@click.option(
    "--base-store",
    metavar="PATH|URL",
    help="Where the base's results are, if not in the store: a state directory, a gnomon.db, or a database.",
)
@click.option("--dirty", is_flag=True, help="Count runs with uncommitted changes, too.")
@click.option(
    "--allow-upstream", is_flag=True, help="Compare although model, golden set or environment differ."
)
@click.option("--enforce", is_flag=True, help="Decide as if gate.enabled were set.")
@click.option(
    "--markdown",
    "markdown_to",
    metavar="FILE",
    help="Write the comment for a pull request here; `-` prints it in place of the tables.",
)
@click.option(
    "--github", is_flag=True, help=f"Add the comment to the job's summary, where {_SUMMARY} is set."
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def gate(
    *,
    head: str,
    base: str | None,
    suite: str | None,
    base_store: str | None,
    dirty: bool,
    allow_upstream: bool,
    enforce: bool,
    markdown_to: str | None,
    github: bool,
    as_json: bool,
) -> int:
    """Compares a branch with its base: pass, fail or unsure.

    The runs of the head's commit are compared, test by test, with those of the commit that it grew from, or
    of the nearest one before that has any. A metric fails when its 95 % interval lies beyond the limit with
    all metrics considered (Benjamini-Hochberg), passes when it lies within, and is unsure otherwise. Ends
    with 1 if the gate is on and fails, 3 if there are no runs to compare.
    """
    if as_json and markdown_to == _STANDARD_OUTPUT:
        raise UserError("--json and --markdown - both print to stdout; give --markdown a file")
    settings = gnomon_settings.load()
    wish = Wish(
        head=head, base=base, suite=suite, dirty=dirty, allow_upstream=allow_upstream, enforce=enforce
    )
    with ExitStack() as stack:
        other = stack.enter_context(_store_of_base(base_store)) if base_store else None
        store = stack.enter_context(current_store(settings))
        outcome = evaluate(store, settings, wish, folder=settings.root, base_store=other)
    comment = markdown.render(outcome)
    if github and (summary := os.environ.get(_SUMMARY)):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(comment)
    if markdown_to and markdown_to != _STANDARD_OUTPUT:
        _write(Path(markdown_to), comment)
    exit_code = ExitCode.OK if outcome.passed else ExitCode.NEGATIVE
    if as_json:
        echo_json(gate=outcome, exit_code=int(exit_code))
    elif markdown_to == _STANDARD_OUTPUT:
        click.echo(comment, nl=False)
    else:
        _echo(outcome)
    return int(exit_code)


def _store_of_base(where: str) -> Store:
    """The store at a database's address, in a file, or in a state directory with what waits in its spool."""
    path = Path(where)
    if "://" in where:
        url = make_url(where)
        if url.get_backend_name() != "sqlite" or url.database is None:
            return open_store(where)
        path = Path(url.database)
    if path.is_dir():
        spool, database = path / "spool", path / FILE_NAME
        if not spool.is_dir() and not database.is_file():
            raise UserError(
                f"--base-store {where}: the folder has neither {FILE_NAME} nor spool; give the state "
                "directory of the base's runs (.gnomon)",
                ExitCode.MISSING,
            )
        store = open_store(database)
        tell_damage(store.ingest(spool))
        return store
    if not path.is_file():
        raise UserError(
            f"--base-store {where}: there is no such file or folder; give a state directory, a {FILE_NAME}, "
            "or a database as postgresql://HOST/DATABASE",
            ExitCode.MISSING,
        )
    return open_store(path)


def _write(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise UserError(
            f"--markdown {path}: cannot be written ({error.strerror}); name a file in a folder that is there "
            "and that you may write to"
        ) from None


def _echo(outcome: Outcome) -> None:
    click.echo(words.headline(outcome))
    if consequence := words.consequence(outcome):
        click.echo(consequence)
    for suite in outcome.suites:
        click.echo()
        _echo_suite(outcome, suite)
    if outcome.without_base:
        click.echo()
        click.echo(f"no commit of the base has runs of {', '.join(outcome.without_base)}: not compared")
    for reason, number in outcome.left_out.items():
        click.echo(f"{words.plural(number, 'run')} {reason} left out")


def _echo_suite(outcome: Outcome, suite: SuiteComparison) -> None:
    click.echo(f"{suite.suite}: {suite.verdict.value}")
    click.echo(f"  {words.compared(outcome, suite)}")
    for name, side in (("base", suite.base), ("head", suite.head)):
        if side.subject:
            click.echo(f"  {name}: {side.subject}")
    for what in suite.upstream:
        click.echo(f"  not the commit alone: {what}")
    echo_table(
        _METRICS,
        [
            (
                metric.title,
                words.amount(metric, metric.before),
                words.amount(metric, metric.after),
                words.difference(metric),
                words.limit(metric),
                str(metric.cases),
                words.verdict(metric),
            )
            for metric in suite.metrics
        ],
    )
    if sentence := words.more(suite):
        click.echo(sentence)
    for title, changes in (
        ("fell", suite.fell),
        ("rose", suite.rose),
        ("quarantined, not counted", suite.quarantined),
    ):
        if changes:
            echo_table(_CASES, list(_cells(changes)), f"{title} ({len(changes)})")
    for title, names in (
        ("new, with nothing to compare", suite.new_cases),
        ("removed", suite.removed_cases),
        ("expect something else now, not compared", suite.rejudged_cases),
    ):
        if names:
            click.echo(f"{title} ({len(names)}): {', '.join(names)}")


def _cells(changes: tuple[CaseChange, ...]) -> Iterator[tuple[str, ...]]:
    for change in changes:
        yield (
            change.case_id,
            change.expected,
            f"{words.times(change.good_before, change.runs_before)}: {words.answers(change.answers_before)}",
            f"{words.times(change.good_after, change.runs_after)}: {words.answers(change.answers_after)}",
            words.remark(change),
        )
