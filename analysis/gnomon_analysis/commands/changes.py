"""`gnomon changes`: which commit likely moved which metric."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gnomon import settings as gnomon_settings
from gnomon.errors import ExitCode, UserError
from gnomon_analysis.commands.change_page import page
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import current_store, no_runs_yet, prepared_store

if TYPE_CHECKING:
    from gnomon.settings import Settings
    from gnomon_analysis.attribution import Comparison, Finding, Outcome
    from gnomon_analysis.changes import History
    from gnomon_analysis.store import Store


@click.group(invoke_without_command=True)
@click.option("--commit", help="What this commit did: it against the measured commit before, case by case.")
@click.option("--metric", help="Only this metric, such as routing_accuracy or cost.")
@click.option("--suite", help="Only this suite.")
@click.option("--agent", help="Only this agent: its suites, and what it does outside of tests.")
@click.option("--department", help="Only this department, its agents and their suites.")
@click.option(
    "--all", "everything", is_flag=True, help="Also what cannot be told yet, and what later runs took back."
)
@click.option(
    "--update/--no-update",
    default=True,
    show_default=True,
    help="Bring spool, changes and findings up to date first.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="The newest so many."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def changes(
    context: click.Context,
    *,
    commit: str | None,
    metric: str | None,
    suite: str | None,
    agent: str | None,
    department: str | None,
    everything: bool,
    update: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Shows which commit, or deployed version, likely moved which metric, the newest first.

    A finding has two numbers: how sure it is that the metric moved, and how sure that it was this commit.
    Intervals are at 95 %.
    """
    if context.invoked_subcommand is not None:
        return
    from gnomon_analysis.attribution import findings  # noqa: PLC0415 - loads scipy
    from gnomon_analysis.commands import changes_printed as printed  # noqa: PLC0415

    _check_metric(metric)
    settings = gnomon_settings.load()
    with ExitStack() as stack:
        store = stack.enter_context(current_store(settings) if update else prepared_store(settings))
        runs = _runs_or_requests(store, settings)
        histories = _histories(settings, stack, needed=update or commit is not None, required=runs)
        outcomes = _update(store, settings, histories) if update else []
        compared = [] if commit is None else _compare(store, settings, histories, commit, suite)
        of_commit = compared[0].commit if compared else commit
        found = findings(
            store,
            suite=suite,
            agent=agent,
            department=department,
            metric=metric,
            commit=of_commit,
            withdrawn=everything,
        )
        sayings = [one for one in found if everything or one.told]
        shown = sayings[:limit]
    if as_json:
        parts: dict[str, Any] = {"findings": shown, "looks": outcomes}
        echo_json(**parts, **({} if commit is None else {"comparisons": compared}))
    else:
        _tell_notes(outcomes)
    if compared and not as_json:
        printed.findings(shown, len(sayings), settings)
        for one in compared:
            printed.comparison(one)
        return
    if not shown and not compared:
        raise UserError(_nothing(outcomes, found, everything=everything), ExitCode.NEGATIVE)
    if not as_json:
        printed.findings(shown, len(sayings), settings)


changes.add_command(page)


@changes.command()
@click.argument("reference", metavar="ID|COMMIT")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def show(reference: str, *, as_json: bool) -> None:
    """Shows a finding in depth: the sentence, the suspects, what was changed, the tests that moved.

    ID is the beginning of a finding's id, COMMIT that of the commit that is likely behind it.
    """
    from gnomon_analysis.attribution import changed_in, find, moved_cases, requests  # noqa: PLC0415
    from gnomon_analysis.commands import changes_printed as printed  # noqa: PLC0415

    settings = gnomon_settings.load()
    with current_store(settings) as store:
        _runs_or_requests(store, settings)
        found = find(store, reference.strip().lower())
        if not found:
            raise UserError(
                f"no finding and no commit of one begins with {reference!r}; `gnomon changes --all` lists "
                "those there are, and `gnomon changes --commit REV` compares any commit with the one before",
                ExitCode.NEGATIVE,
            )
        depth = [(one, changed_in(store, one), moved_cases(store, one.impact_id)) for one in found]
        asked = requests(store, {(one.suite, case.case_id) for one, _, cases in depth for case in cases})
    if as_json:
        told = [
            {"suite": suite, "case_id": case_id, "request": text} for (suite, case_id), text in asked.items()
        ]
        shown = [{"finding": one, "changes": changed, "cases": cases} for one, changed, cases in depth]
        echo_json(findings=shown, requests=told)
        return
    for number, one in enumerate(depth):
        if number:
            click.echo()
        printed.depth(*one, asked)


def _check_metric(metric: str | None) -> None:
    from gnomon_analysis.attribution import FLEET_METRICS, METRICS  # noqa: PLC0415

    known = {**METRICS, **FLEET_METRICS}
    if metric is not None and metric not in known:
        raise UserError(f"--metric {metric}: there is no such metric; write one of {', '.join(known)}")


def _runs_or_requests(store: Store, settings: Settings) -> bool:
    """Whether there are runs of tests; agents outside of them are something to look at, too.

    Raises UserError where there is neither.
    """
    from gnomon_analysis.attribution import fleet_requests  # noqa: PLC0415

    if store.runs(limit=1):
        return True
    if not fleet_requests(store):
        raise no_runs_yet(settings)
    return False


def _histories(settings: Settings, stack: ExitStack, *, needed: bool, required: bool) -> list[History]:
    """The first-parent lines of the project's repositories; those that cannot be read are said on stderr.

    Raises UserError where one is required and there is none.
    """
    from gnomon_analysis.changes import Patterns, read_history  # noqa: PLC0415
    from gnomon_analysis.changes.recording import folders  # noqa: PLC0415

    found: dict[Path, History] = {}
    mistakes: list[UserError] = []
    for folder in folders(settings) if needed else ():
        try:
            history = read_history(folder, Patterns.of(settings, folder))
        except UserError as error:
            mistakes.append(error)
            continue
        stack.enter_context(history)
        found.setdefault(history.top, history)
    if mistakes and not found:
        if not required:
            return []
        raise mistakes[0]
    for mistake in mistakes:
        click.echo(f"gnomon: {mistake}", err=True)
    return list(found.values())


def _update(store: Store, settings: Settings, histories: Sequence[History]) -> list[Outcome]:
    from gnomon_analysis.attribution import update, update_fleets  # noqa: PLC0415
    from gnomon_analysis.changes import record  # noqa: PLC0415

    if histories:
        record(store, settings)
    update_fleets(store, settings, histories, now_ns=time.time_ns())
    return [update(store, settings, history, now_ns=time.time_ns()) for history in histories]


def _compare(
    store: Store, settings: Settings, histories: Sequence[History], commit: str, suite: str | None
) -> list[Comparison]:
    from gnomon_analysis.attribution import compare  # noqa: PLC0415

    mistakes: list[UserError] = []
    for history in histories:
        try:
            found = compare(store, settings, history, commit)
        except UserError as error:
            mistakes.append(error)
        else:
            return [one for one in found if suite in (None, one.suite)]
    # Of several repositories the one that knows the commit has the say.
    raise min(mistakes, key=lambda error: error.exit_code == ExitCode.NEGATIVE)


def _nothing(outcomes: Sequence[Outcome], found: Sequence[Finding], *, everything: bool) -> str:
    runs = sum(outcome.runs for outcome in outcomes)
    counted = f" over {runs:,} runs" if runs else ""
    if found and not everything:
        return (
            f"no metric is known to have moved{counted}; `gnomon changes --all` shows {len(found)} that "
            "cannot be told yet, and how many runs would do"
        )
    return (
        f"no metric is known to have moved{counted}; `gnomon changes --commit REV` compares one commit with "
        "the one before, case by case"
    )


def _tell_notes(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        for note in outcome.notes:
            click.echo(f"{outcome.repository}: {note}", err=True)
        for ids, word in ((outcome.found, "new"), (outcome.withdrawn, "withdrawn")):
            if ids:
                click.echo(f"{outcome.repository}: {len(ids)} {word} since the last look", err=True)
