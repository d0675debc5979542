"""`gnomon changes`: which commit likely moved which metric."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from gnomon import settings as gnomon_settings
from gnomon.errors import ExitCode, UserError
from gnomon_analysis.commands import tables
from gnomon_analysis.commands.asked import asked
from gnomon_analysis.commands.change_page import page
from gnomon_analysis.commands.changes_updated import read_histories, update_findings
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import current_store, no_runs_yet, prepared_store

if TYPE_CHECKING:
    from gnomon.settings import Settings
    from gnomon_analysis.attribution import (
        Change,
        CommitMoves,
        Comparison,
        Finding,
        KnownCommits,
        MovedCase,
        Outcome,
    )
    from gnomon_analysis.changes import History
    from gnomon_analysis.store import Store

# So many are shown where --limit says nothing: commits, and findings of the flat list.
_COMMITS, _FINDINGS = 5, 20
_NOTHING_CHOSEN = (
    "nothing of what was asked for is known to have moved; `gnomon changes` shows what did, and "
    "`gnomon changes --commit REV` compares one commit with the one before, case by case"
)


@click.group(invoke_without_command=True)
@click.option("--commit", help="What this commit did: it against the measured commit before, case by case.")
@click.option("--metric", help="Only this metric, such as routing_accuracy or cost.")
@click.option("--suite", help="Only this suite.")
@click.option("--agent", help="Only this agent: its suites, and what it does outside of tests.")
@click.option("--department", help="Only this department, its agents and their suites.")
@click.option(
    "--all", "everything", is_flag=True, help="Also what cannot be told yet, and what later runs took back."
)
@click.option("--flat", is_flag=True, help="One row a finding, as a table.")
@click.option(
    "--update/--no-update",
    default=True,
    show_default=True,
    help="Bring spool, changes and findings up to date first.",
)
@click.option("--full", is_flag=True, help="Look at all runs again, not only at what is new.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"The newest so many commits; findings with --flat.  [default: {_COMMITS}; {_FINDINGS} with --flat]",
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
    flat: bool,
    update: bool,
    full: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    """Shows what each commit, or deployed version, likely moved, the newest first.

    There are two numbers: how sure it is that a metric moved, and how sure that it was this commit. Intervals
    are at 95 %.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    if context.invoked_subcommand is not None:
        return
    if full and not update:
        raise UserError("--full looks at all runs again, and --no-update at none; give one of them")
    from gnomon_analysis.attribution import KnownCommits, findings  # noqa: PLC0415 - loads scipy
    from gnomon_analysis.commands import changes_printed as printed  # noqa: PLC0415

    _check_metric(metric)
    settings = gnomon_settings.load()
    with ExitStack() as stack:
        store = stack.enter_context(current_store(settings) if update else prepared_store(settings))
        runs = _runs_or_requests(store, settings)
        _check_suite(store, suite)
        needed = update or commit is not None
        histories = _histories(settings, stack, required=runs and needed, told=needed)
        outcomes = _update(store, settings, histories, whole=full) if update else []
        compared = [] if commit is None else _compare(store, settings, histories, commit, suite)
        found = findings(
            store,
            suite=suite,
            agent=agent,
            department=department,
            metric=metric,
            commit=compared[0].commit if compared else commit,
            withdrawn=everything,
        )
        told = [one for one in found if everything or one.told]
        sayings = told if told or as_json else found  # what cannot be told yet is better than nothing
        commits = KnownCommits(histories)
        places = _by_commit(store, settings, sayings, commits)
        if as_json:
            _echo_json(places, sayings, outcomes, limit, None if commit is None else compared)
        else:
            _tell_notes(outcomes)
            if flat:
                printed.flat(sayings, limit or _FINDINGS)
            else:
                printed.by_commit(places, limit or _COMMITS, commits)
            if told:
                printed.summary(outcomes, found, places, settings, everything=everything)
            for one in compared:
                printed.comparison(one)
        if told or compared:
            return
        if sayings:
            raise UserError(_unsettled(outcomes, sayings), ExitCode.NEGATIVE)
        chosen = any((metric, suite, agent, department, commit))
        raise UserError(
            _NOTHING_CHOSEN if chosen else _nothing(store, settings, histories, outcomes), ExitCode.NEGATIVE
        )


changes.add_command(page)


@changes.command()
@click.argument("reference", metavar="COMMIT|ID")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def show(reference: str, *, as_json: bool) -> None:
    """Shows a commit or a finding in depth: the suspects, what was changed, the tests that moved.

    COMMIT is a commit that is likely behind a finding, by any name that git knows or by the beginning of its
    id; ID is the beginning of a finding's.
    """
    from gnomon_analysis.attribution import KnownCommits, changed_in, find, moved_cases  # noqa: PLC0415
    from gnomon_analysis.commands import changes_printed as printed  # noqa: PLC0415
    from gnomon_analysis.gating.commits import resolve  # noqa: PLC0415

    settings = gnomon_settings.load()
    with ExitStack() as stack:
        store = stack.enter_context(current_store(settings))
        _runs_or_requests(store, settings)
        wanted = reference.strip().lower()
        found = find(store, wanted)
        if not found and (commit := resolve(settings.root, reference.strip())):
            found = find(store, commit)
        if not found:
            raise UserError(
                f"{reference!r} is no finding, and no commit that one names; `gnomon changes --all` lists "
                "those there are, and `gnomon changes --commit REV` compares any commit with the one before",
                ExitCode.NEGATIVE,
            )
        depth = [(one, changed_in(store, one), moved_cases(store, one.impact_id)) for one in found]
        wanted_cases = {(one.suite, case.case_id) for one, _, cases in depth for case in cases}
        requests = asked(store, settings, wanted_cases)
        commits = KnownCommits(read_histories(settings, stack)[0])
        places = _by_commit(store, settings, found, commits)
        if as_json:
            _echo_depth_json(places, depth, requests)
        elif any(one.impact_id.startswith(wanted) for one in found):
            printed.each_in_depth(depth, requests)
        else:
            changed = {one.revision: files for one, files, _ in depth}
            printed.commits_in_depth(places, commits, changed, requests)


def _echo_depth_json(
    places: Sequence[CommitMoves],
    depth: Sequence[tuple[Finding, Sequence[Change], Sequence[MovedCase]]],
    asked: Mapping[tuple[str | None, str], str],
) -> None:
    from gnomon_analysis.commands.changes_json import plain_commit  # noqa: PLC0415

    echo_json(
        findings=[{"finding": one, "changes": changed, "cases": cases} for one, changed, cases in depth],
        requests=[
            {"suite": suite, "case_id": case_id, "request": text} for (suite, case_id), text in asked.items()
        ],
        commits=[plain_commit(moves) for moves in places],
    )


def _check_metric(metric: str | None) -> None:
    from gnomon_analysis.attribution import FLEET_METRICS, METRICS  # noqa: PLC0415

    known = {**METRICS, **FLEET_METRICS}
    if metric is not None and metric not in known:
        raise UserError(f"--metric {metric}: there is no such metric; write one of {', '.join(known)}")


def _check_suite(store: Store, suite: str | None) -> None:
    if suite is None or store.runs(suite=suite, limit=1):
        return
    known = sorted({run.suite for run in store.runs() if run.suite})
    there = f"write one of {', '.join(known)}" if known else "the runs in the store are of none"
    raise UserError(f"--suite {suite}: the store has no runs of such a suite; {there}")


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


def _histories(settings: Settings, stack: ExitStack, *, required: bool, told: bool) -> list[History]:
    """The first-parent lines of the project's repositories; of those that cannot be read stderr is `told`.

    Raises UserError where one is required and there is none.
    """
    found, mistakes = read_histories(settings, stack)
    if mistakes and not found and required:
        raise mistakes[0]
    for mistake in mistakes if told and found else ():
        click.echo(f"gnomon: {mistake}", err=True)
    return found


def _update(store: Store, settings: Settings, histories: Sequence[History], *, whole: bool) -> list[Outcome]:
    from gnomon_analysis.changes import record  # noqa: PLC0415

    if histories:
        record(store, settings)
    return list(update_findings(store, settings, histories, whole=whole).outcomes)


def _by_commit(
    store: Store, settings: Settings, found: Sequence[Finding], commits: KnownCommits
) -> list[CommitMoves]:
    from gnomon_analysis.attribution import by_commit, cases_of  # noqa: PLC0415
    from gnomon_analysis.attribution.updating import options_of  # noqa: PLC0415

    cases = cases_of(store, [one.impact_id for one in found])
    return by_commit(found, cases, commits, options_of(settings).least_effects)


def _echo_json(
    places: Sequence[CommitMoves],
    found: Sequence[Finding],
    outcomes: Sequence[Outcome],
    limit: int | None,
    compared: Sequence[Comparison] | None,
) -> None:
    from gnomon_analysis.commands.changes_json import plain_commit  # noqa: PLC0415

    shown = places[:limit]
    ids = {one.impact_id for moves in shown for one in moves.findings}
    parts: dict[str, Any] = {
        "findings": [one for one in found if one.impact_id in ids],
        "commits": [plain_commit(moves) for moves in shown],
        "looks": outcomes,
    }
    echo_json(**parts, **({} if compared is None else {"comparisons": compared}))


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
            return [_with_requests(store, settings, one) for one in found if suite in (None, one.suite)]
    # Of several repositories the one that knows the commit has the say.
    raise min(mistakes, key=lambda error: error.exit_code == ExitCode.NEGATIVE)


def _with_requests(store: Store, settings: Settings, compared: Comparison) -> Comparison:
    requests = asked(store, settings, {(compared.suite, flip.case_id) for flip in compared.flips})
    flips = (replace(flip, request=requests.get((compared.suite, flip.case_id))) for flip in compared.flips)
    return replace(compared, flips=tuple(flips))


def _nothing(
    store: Store, settings: Settings, histories: Sequence[History], outcomes: Sequence[Outcome]
) -> str:
    from gnomon_analysis.attribution import newest_flips  # noqa: PLC0415
    from gnomon_analysis.commands import changes_printed as printed  # noqa: PLC0415

    least = settings.changes.attribution.minimum_runs
    flips = (
        printed.flips_in_words(one, least)
        for history in histories
        for one in newest_flips(store, settings, history)
    )
    otherwise = "`gnomon changes --commit REV` compares one commit with the one before, case by case"
    return f"no metric is known to have moved{_over(outcomes)}; {next(flips, otherwise)}"


def _unsettled(outcomes: Sequence[Outcome], found: Sequence[Finding]) -> str:
    several = "what looks so is above" if len(found) == 1 else f"the {len(found)} that look so are above"
    return f"no metric is known to have moved{_over(outcomes)}; {several}, with what would settle it"


def _over(outcomes: Sequence[Outcome]) -> str:
    runs = sum(outcome.runs for outcome in outcomes)
    return f" over {tables.counted(runs, 'run')}" if runs else ""


def _tell_notes(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        for note in outcome.notes:
            click.echo(f"{outcome.repository}: {note}", err=True)
        for ids, word in ((outcome.told, "new"), (outcome.withdrawn, "withdrawn")):
            if ids:
                click.echo(f"{outcome.repository}: {len(ids)} {word} since the last look", err=True)
