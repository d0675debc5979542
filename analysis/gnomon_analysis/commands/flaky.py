"""`gnomon flaky`: which tests contradict themselves, why, and whether that is over."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click
from click.core import ParameterSource

from gnomon import settings as gnomon_settings
from gnomon import state as state_directory
from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon.settings.values import Duration
from gnomon_analysis.commands import tables
from gnomon_analysis.commands.json_form import echo_json, plain
from gnomon_analysis.commands.opened import current_store, no_runs_yet
from gnomon_analysis.commands.tables import Column, echo_table
from gnomon_analysis.flakiness import (
    CaseState,
    Cause,
    State,
    WindowCase,
    assess,
    in_window,
    rerunning,
    unknown_entries,
)
from gnomon_analysis.store import Store
from gnomon_analysis.store.answers import NO_SKILL

_ALL = "all"
_STATES = {str(state).replace("_", "-"): state for state in State}
_ORDER = (State.BROKEN, State.FLAKY, State.NOT_ENOUGH_RUNS, State.RECOVERED, State.STABLE)
_DURATION = re.compile(r"(\d+(ms|[smhdwy]))+")

_COLUMNS = (
    Column("state"),
    Column("suite"),
    Column("test"),
    Column("failing rate"),
    Column("pass^3"),
    Column("stability", right=True),
    Column("class"),
    Column("runs", right=True),
    Column("why"),
)
_WINDOW_COLUMNS = (
    Column("suite"),
    Column("test"),
    Column("skill"),
    Column("runs", right=True),
    Column("passed", right=True),
    Column("pass rate", right=True),
)
_EVIDENCE_COLUMNS = (Column("failures", right=True), Column("class"), Column("what they had in common"))
_CONTRADICTION_COLUMNS = (
    Column("commit"),
    Column("environment"),
    Column("runs", right=True),
    Column("passed", right=True),
    Column("failed", right=True),
    Column("answers"),
    Column("last"),
)


@click.group(invoke_without_command=True)
@click.option("--suite", help="Only tests of this suite.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([*_STATES, _ALL]),
    help="Only tests in this state; may be given more than once.  [default: those that are not in order]",
)
@click.option("--case", "matching", help="Only tests whose id or name contains this.")
@click.option("--since", help="Only runs since then: a time back (7d, 12h) or a date (2026-01-31).")
@click.option(
    "--view",
    type=click.Choice(["states", "window"]),
    default="states",
    show_default=True,
    help="States by what happened at unchanged commits, or pass rates over flaky.window as on boards.",
)
@click.option("--limit", type=click.IntRange(min=1), help="The first so many.")
@click.option("--json", "as_json", is_flag=True, help="Print the tests as JSON.")
@click.pass_context
def flaky(
    context: click.Context,
    *,
    suite: str | None,
    states: tuple[str, ...],
    matching: str | None,
    since: str | None,
    view: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """Shows which tests are flaky, broken, recovered or stable, with the evidence.

    A test is flaky where it both passed and failed with nothing changed: same commit, skills, configuration,
    golden set, environment and model. One that a commit broke is broken, not flaky.
    """
    if (command := context.invoked_subcommand) is not None:
        _only_behind(context, command)
        return
    settings = gnomon_settings.load()
    if view == "window":
        _window(settings, suite, matching, limit, as_json=as_json)
        return
    with current_store(settings) as store:
        if not store.runs(limit=1):
            raise no_runs_yet()
        every = assess(store, settings.flaky, suite=suite, since_ns=_since(since))
        unknown = _unknown(store, settings, every)
    found = [case for case in every if matching is None or _has(case, matching)]
    shown = sorted((case for case in found if _wanted(case, states, as_json)), key=_badness)[:limit]
    if as_json:
        echo_json(
            cases=shown,
            counts=_counts(found),
            quarantine={"unknown": unknown, "counts": _counts(_quarantined(found))},
        )
    if not found:
        raise UserError("no test matches; `gnomon flaky` without filters looks at all", ExitCode.NEGATIVE)
    if as_json:
        return
    if shown:
        echo_table(_COLUMNS, [_cells(case) for case in shown])
    click.echo(_summary(found))
    for entry in unknown:
        click.echo(f"flaky.quarantine names {entry!r}, which no recorded test answers to", err=True)


def _only_behind(context: click.Context, command: str) -> None:
    """Options of the list mean nothing to its sub-commands."""
    for name in context.params:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UserError(
                f"options stand behind `{command}`: write `gnomon flaky {command} CASE` and then its options"
            )


def _has(case: CaseState, matching: str) -> bool:
    return matching.lower() in case.case_id.lower() or matching.lower() in case.case_name.lower()


def _wanted(case: CaseState, states: Sequence[str], as_json: bool) -> bool:
    """By default a table shows what is not in order, and what is in quarantine; JSON shows all."""
    if _ALL in states or (as_json and not states):
        return True
    if states:
        return case.state in {_STATES[state] for state in states}
    if case.quarantined:
        return True
    return case.state is not State.STABLE and not (case.state is State.NOT_ENOUGH_RUNS and not case.failed)


def _badness(case: CaseState) -> tuple[int, float, str, str]:
    return (_ORDER.index(case.state), -case.failing_rate.estimate, case.suite or "", case.case_id)


def _since(text: str | None) -> int | None:
    if text is None:
        return None
    if _DURATION.fullmatch(text):
        return time.time_ns() - round(Duration(text).seconds * 1e9)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"--since {text!r} is neither a time back nor a date; write 7d, 12h or 2026-01-31"
        ) from None
    if moment.tzinfo is None:
        moment = moment.astimezone()
    return round(moment.astimezone(UTC).timestamp() * 1e9)


def _unknown(store: Store, settings: Settings, every: Sequence[CaseState]) -> tuple[str, ...]:
    entries = unknown_entries(settings.flaky.quarantine, [case.case_id for case in every])
    return unknown_entries(entries, store.case_ids()) if entries else ()


def _quarantined(cases: Sequence[CaseState]) -> list[CaseState]:
    return [case for case in cases if case.quarantined]


def _counts(cases: Sequence[CaseState]) -> dict[str, int]:
    counted = Counter(case.state for case in cases)
    return {str(state): counted[state] for state in _ORDER}


def _summary(cases: Sequence[CaseState]) -> str:
    text = f"{_tests(len(cases))}: {_by_state(cases)}"
    held = _quarantined(cases)
    return f"{text}; in quarantine {len(held)} ({_by_state(held)})" if held else text


def _by_state(cases: Sequence[CaseState]) -> str:
    return ", ".join(f"{number:,} {_words(state)}" for state, number in _counts(cases).items() if number)


def _tests(number: int) -> str:
    return f"{number:,} test{'' if number == 1 else 's'}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _rate(case: CaseState) -> str:
    interval = case.failing_rate
    return tables.percent(interval.estimate, (interval.low, interval.high))


def _cells(case: CaseState) -> tuple[str, ...]:
    return (
        _words(case.state),
        tables.text(case.suite),
        case.case_id + (" (quarantine)" if case.quarantined else ""),
        _rate(case),
        tables.percent(case.pass_every_time[0].estimate),
        tables.percent(case.stability),
        _class(case),
        tables.number(case.runs),
        case.sentence,
    )


def _class(case: CaseState) -> str:
    if case.cause is None:
        return tables.NOTHING
    if case.cause is not Cause.MIXED:
        return _words(case.cause)
    return f"mixed ({', '.join(f'{_words(name)} {100 * share:.0f} %' for name, share in case.shares)})"


# The seed's view.


def _window(
    settings: Settings, suite: str | None, matching: str | None, limit: int | None, *, as_json: bool
) -> None:
    options = settings.flaky
    with current_store(settings) as store:
        if not store.runs(limit=1):
            raise no_runs_yet()
        every = in_window(
            store,
            options,
            now_ns=time.time_ns(),
            case_series=settings.budgets.case_series,
            suite=suite,
        )
    cases = [case for case in every if matching is None or matching.lower() in case.case_id.lower()]
    found = [case for case in cases if case.flaky]
    if as_json:
        echo_json(cases=sorted(found, key=_middling)[:limit], flaky=len(found), tests=len(cases))
        return
    if found:
        echo_table(_WINDOW_COLUMNS, [_window_cells(case) for case in sorted(found, key=_middling)[:limit]])
    click.echo(
        f"{_tests(len(found))} of {len(cases):,} passed between {options.above:g} and {options.below:g} of "
        f"the time in {options.window}, of those that ran {options.minimum_runs} times or more"
    )


def _middling(case: WindowCase) -> tuple[float, str, str]:
    return (abs(case.pass_rate - 0.5), case.suite, case.case_id)


def _window_cells(case: WindowCase) -> tuple[str, ...]:
    return (
        tables.text(case.suite),
        case.case_id,
        case.skill,
        tables.number(case.runs),
        tables.number(case.passed),
        tables.percent(case.pass_rate),
    )


# One test.


@flaky.command()
@click.argument("case_id", metavar="CASE")
@click.option("--suite", help="Of this suite.")
@click.option("--since", help="Only runs since then: a time back (7d, 12h) or a date (2026-01-31).")
@click.option("--json", "as_json", is_flag=True, help="Print the test as JSON.")
def show(case_id: str, suite: str | None, since: str | None, as_json: bool) -> None:
    """Shows all that is known of one test, by its id."""
    settings = gnomon_settings.load()
    with current_store(settings) as store:
        case = _the_case(store, settings, case_id, suite, _since(since))
    if as_json:
        echo_json(case=case)
        return
    click.echo(f"{case.case_id}: {_words(case.state)}{' (in quarantine)' if case.quarantined else ''}")
    for label, value in _facts(case):
        click.echo(f"  {label:<16}{value}")
    if case.evidence:
        click.echo()
        rows = [(tables.number(one.failures), _words(one.cause), one.what) for one in case.evidence]
        echo_table(_EVIDENCE_COLUMNS, rows, "failures looked at")
    if case.contradictions:
        click.echo()
        echo_table(
            _CONTRADICTION_COLUMNS,
            [
                (
                    tables.commit(one.commit, one.dirty),
                    tables.text(one.environment),
                    tables.number(one.runs),
                    tables.number(one.passed),
                    tables.number(one.failed),
                    ", ".join(answer or NO_SKILL for answer in one.answers) or tables.NOTHING,
                    tables.when(one.last_at),
                )
                for one in case.contradictions
            ],
            "passed and failed with nothing changed",
        )


def _the_case(
    store: Store, settings: Settings, case_id: str, suite: str | None, since_ns: int | None = None
) -> CaseState:
    found = assess(store, settings.flaky, suite=suite, since_ns=since_ns, case_id=case_id)
    if not found:
        where = f" of suite {suite!r}" if suite else ""
        raise UserError(
            f"no test{where} with runs is called {case_id!r}; `gnomon tests` lists the ids there are",
            ExitCode.NEGATIVE,
        )
    if len(found) > 1:
        suites = ", ".join(str(case.suite) for case in found)
        raise UserError(f"{case_id!r} is a test of several suites ({suites}); name one with --suite")
    return found[0]


def _facts(case: CaseState) -> list[tuple[str, str]]:
    facts = [
        ("why", case.sentence),
        ("test", case.case_name),
        ("suite", tables.text(case.suite)),
        (
            "runs",
            f"{case.runs:,} on {_sets(case.inputs)}; {case.passed:,} of {case.trials:,} trials were good",
        ),
        ("failing rate", _rate(case)),
        ("stability", tables.percent(case.stability)),
        *(
            (f"pass^{one.k}", tables.percent(one.estimate, (one.low, one.high)))
            for one in case.pass_every_time
        ),
        ("class", _class(case)),
    ]
    if case.since is not None:
        facts.append(("since", f"{tables.when(case.since)}, {tables.commit(case.since_commit, None)}"))
    facts.append(("last run", f"{tables.when(case.last_at)}, {'good' if case.last_good else 'bad'}"))
    if (next_step := _next(case)) is not None:
        facts.append(("next", next_step))
    return facts


def _sets(inputs: int) -> str:
    return f"{inputs:,} set{'' if inputs == 1 else 's'} of inputs"


def _next(case: CaseState) -> str | None:
    if case.runs_needed is None:
        return None
    many = f"{case.runs_needed:,} more run{'' if case.runs_needed == 1 else 's'}"
    if case.state is State.FLAKY:
        return f"{many} that pass, one after the other at one commit, make it recovered"
    if case.failures_in_a_row:
        return f"{many} that fail make it broken"
    return f"{many} that pass would decide"


# Verifying a fix.


@dataclass(frozen=True, slots=True)
class Rerun:
    """One rerun of a test: whether it was good."""

    number: int
    good: bool


@flaky.command()
@click.argument("case_id", metavar="CASE")
@click.option("--suite", help="Of this suite.")
@click.option("--runs", type=click.IntRange(min=1), help="Run the test so often, in the working tree.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
def verify(case_id: str, suite: str | None, runs: int | None, as_json: bool) -> int:
    """Says what would show that a test is fixed, or runs it: exit code 0 if it is in order, else 1.

    With --runs the test runs by itself, each time as a recorded run of its own, until one fails or enough
    have passed in a row. The working tree must be clean, or its runs would say nothing of the commit.
    """
    settings = gnomon_settings.load()
    reruns: list[Rerun] = []
    with current_store(settings) as store:
        case = _the_case(store, settings, case_id, suite)
        if runs is not None:
            commit = rerunning.clean_commit(settings.root)
            if not as_json:
                click.echo(f"running {case.case_name} at {commit[:8]}, up to {runs} times")
            case, reruns = _rerun(store, settings, case, runs, as_json=as_json)
    if as_json:
        echo_json(case=case, reruns=[plain(one) for one in reruns])
    else:
        click.echo(_verdict(case))
    return ExitCode.OK if case.state in {State.STABLE, State.RECOVERED} else ExitCode.NEGATIVE


def _rerun(
    store: Store, settings: Settings, case: CaseState, runs: int, *, as_json: bool
) -> tuple[CaseState, list[Rerun]]:
    command = rerunning.command_for(settings, case.case_name)
    spool = state_directory.spool_directory(settings.state_directory)
    reruns: list[Rerun] = []
    made_by = rerunning.new_id()
    while len(reruns) < runs:
        rerunning.run_once(command, settings, made_by)
        store.ingest(spool)
        before, case = case, _the_case(store, settings, case.case_id, case.suite)
        if case.last_at == before.last_at:
            raise UserError(
                f"the test ran, and {spool} holds no such run of {case.case_id!r}; see that it is recorded"
            )
        reruns.append(Rerun(len(reruns) + 1, case.last_good))
        if not as_json:
            click.echo(f"  run {len(reruns)}: {'good' if case.last_good else 'bad'}")
        if not case.last_good or case.state is State.RECOVERED:
            break
    return case, reruns


def _verdict(case: CaseState) -> str:
    verb = "has" if case.state is State.NOT_ENOUGH_RUNS else "is"
    text = f"{case.case_id} {verb} {_words(case.state)}: {case.sentence}"
    if (next_step := _next(case)) is None:
        return text
    return f"{text}\n{next_step}: gnomon flaky verify {case.case_id} --runs {case.runs_needed}"
