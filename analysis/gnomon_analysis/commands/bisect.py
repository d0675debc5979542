"""`gnomon bisect`: find the commit that moved a metric by running the suite again."""

from __future__ import annotations

import re
import sys
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from gnomon import settings as gnomon_settings
from gnomon.errors import ExitCode, UserError
from gnomon.settings.values import Duration
from gnomon_analysis.commands import tables
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import current_store, prepared_store
from gnomon_analysis.commands.tables import Column, echo_table

if TYPE_CHECKING:
    from rich.status import Status

    from gnomon_analysis.bisection.answer import Answer, Estimated, Spent
    from gnomon_analysis.bisection.estimate import Estimate, Spread
    from gnomon_analysis.bisection.line import Line
    from gnomon_analysis.bisection.planning import Plan
    from gnomon_analysis.bisection.search import Posterior
    from gnomon_analysis.bisection.subject import Metric

_SHOWN_FILES = 8
_SHOWN_SUSPECTS = 10
_WORTH_SAYING = 0.02
_COLUMNS = (Column("commit"), Column("share", right=True), Column("subject"))


def duration_seconds(text: str | None, option: str) -> float | None:
    """A time such as `1h30m` in seconds; raises UserError for what is none."""
    if text is None:
        return None
    if not re.fullmatch(r"(\d+(ms|[smhdwy]))+", text) or not Duration(text).seconds:
        raise UserError(f"{option} {text}: write a time such as 30m or 1h30m")
    return Duration(text).seconds


@click.command()
@click.argument("metric", required=False)
@click.option("--suite", help="Suite to run.  [default: the only one]")
@click.option("--skill", help="Only the cases that expect this skill.")
@click.option("--case", "cases", multiple=True, metavar="ID", help="Only this case; may be repeated.")
@click.option(
    "--good", metavar="REV", help="A commit before the change.  [default: the newest that was different]"
)
@click.option("--bad", metavar="REV", help="A commit after it.  [default: HEAD]")
@click.option("--finding", metavar="ID", help="Search for the cause of this finding of `gnomon changes`.")
@click.option(
    "--confidence",
    type=click.FloatRange(50, 99.99, min_open=True),
    metavar="PERCENT",
    help="How sure to be before stopping.  [default: bisection.confidence_percent]",
)
@click.option("--max-runs", type=click.IntRange(1), help="Runs to make at most.")
@click.option("--max-cost", type=click.FloatRange(0), metavar="USD", help="Money to spend at most.")
@click.option("--max-time", metavar="TIME", help="Time to take at most, such as 30m.")
@click.option(
    "--runs-at-head",
    type=click.IntRange(1),
    help="Runs at either end to begin with, where the store has fewer.  [default: what makes 5 results]",
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Revisions side by side."
)
@click.option("--command", help="Command that runs the suite, with {cases} where tests may be named.")
@click.option(
    "--tests-from", metavar="REV", help="Lay the tests of this commit over every revision (HEAD: today's)."
)
@click.option("--own-tests", is_flag=True, help="Run the tests that each revision has itself.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and what it may cost, and end.")
@click.option(
    "--resume/--fresh", default=True, help="Go on where an equal search stopped.  [default: resume]"
)
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def bisect(
    *,
    metric: str | None,
    suite: str | None,
    skill: str | None,
    cases: tuple[str, ...],
    good: str | None,
    bad: str | None,
    finding: str | None,
    confidence: float | None,
    max_runs: int | None,
    max_cost: float | None,
    max_time: str | None,
    runs_at_head: int | None,
    jobs: int,
    command: str | None,
    tests_from: str | None,
    own_tests: bool,
    dry_run: bool,
    resume: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Finds the commit that moved METRIC by running the suite at past commits.

    METRIC is routing_accuracy, pass_rate, tool_use_accuracy, clarification_rate, latency, cost,
    tokens, attempts or retries. Each run is made where it tells most for its price, until one commit is sure
    enough or the budget is spent. Your working tree is not touched; the runs go to the results store.

    Exit code 0: a commit is found. 1: it stays open which.
    """
    from gnomon_analysis.bisection.planning import Wish, plan  # noqa: PLC0415 - numpy and scipy, after --help

    if tests_from is not None and own_tests:
        raise UserError("--tests-from and --own-tests exclude each other; give one of them")
    wish = Wish(
        metric=metric,
        suite=suite,
        skill=skill,
        cases=cases,
        good=good,
        bad=bad,
        finding=finding,
        confidence=None if confidence is None else confidence / 100,
        max_runs=max_runs,
        max_usd=max_cost,
        max_seconds=duration_seconds(max_time, "--max-time"),
        runs_at_ends=runs_at_head,
        jobs=jobs,
        command=command,
        tests_from=tests_from,
        own_tests=own_tests,
        fresh=not resume,
    )
    settings = gnomon_settings.load()
    with prepared_store(settings), current_store(settings) as store:
        planned = plan(store, settings, wish)
        estimate = planned.search.estimate()
        if not as_json or dry_run:
            _tell_plan(planned, estimate, as_json=as_json)
        if dry_run:
            return ExitCode.OK
        if not _makes_no_run(estimate):
            confirm(yes=yes, as_json=as_json)
        plan_json = _plan_json(planned, estimate)
        with Telling(planned.asked.line, planned.asked.confidence) as telling:
            try:
                answer = planned.search.run(telling)
            except KeyboardInterrupt:
                click.echo("gnomon: stopped; the same command goes on from here", err=True)
                raise
    if as_json:
        echo_json(plan=plan_json, **_answer_json(planned, answer))
    else:
        _tell_answer(planned, answer)
    return ExitCode.OK if answer.commit is not None else ExitCode.NEGATIVE


def confirm(*, yes: bool, as_json: bool) -> None:
    """Asks whether to begin; without anybody to ask, `--yes` has to say so."""
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise UserError("there is nobody to ask whether to begin; add --yes")
    click.confirm("Begin?", abort=True, err=True)


# Before.


def _makes_no_run(estimate: Estimate | None) -> bool:
    """Whether the search ends with what there is, so that there is nothing to agree to."""
    return estimate is not None and not estimate.runs.high


def _tell_plan(planned: Plan, estimate: Estimate | None, *, as_json: bool) -> None:
    search, asked = planned.search, planned.asked
    if as_json:
        echo_json(plan=_plan_json(planned, estimate))
        return
    line = asked.line
    click.echo(f"Searching for what moved {asked.subject.words}")
    found = " (the newest that was different)" if planned.found_good else ""
    click.echo(
        f"  {_count(line.last, 'commit')}: after {line.commits[0][:8]}{found} up to {line.commits[-1][:8]}"
        f" {line.subjects[-1][:60]}"
    )
    if planned.tests_from is not None:
        click.echo(f"  tests of {planned.tests_from[:8]} at every revision; --own-tests runs each one's own")
    known = search.known
    click.echo(f"  {_count(known.runs, 'run')} of these commits in the store")
    for reason, runs in known.passed_over.items():
        click.echo(f"  {_count(runs, 'run')} not comparable: {reason}")
    if planned.memory.resumed:
        spent = search.spent
        click.echo(
            f"  goes on: {_count(spent.runs, 'run')} made, {tables.usd(spent.usd)}, "
            f"{tables.seconds(spent.seconds)} so far; --fresh begins anew"
        )
    if not known.cases:
        click.echo("  begins at both ends, for their levels")
    for position, runs in search.missing_runs().items() if known.cases else ():
        click.echo(
            f"  begins with {_count(runs, 'run')} at the {'bad' if position else 'good'} end, "
            f"{line.commits[position][:8]}"
        )
    budget = asked.budget
    limits = f"{_count(budget.runs, 'run')}, {budget.usd:.2f} USD, {tables.seconds(budget.seconds)}"
    click.echo(f"  stops at {100 * asked.confidence:.4g} % or after {limits}")
    click.echo(f"  {_estimate_words(planned, estimate)}")


def _estimate_words(planned: Plan, estimate: Estimate | None) -> str:
    whole = planned.search.known.whole_run()
    if estimate is None:
        if not planned.search.known.runs:
            return "what it takes is not known before the first runs; the budget bounds it"
        return (
            f"a run of the suite takes about {tables.seconds(whole.seconds)} and {tables.usd(whole.usd)}; "
            "how many it takes is known after those at the ends"
        )
    if _makes_no_run(estimate):
        enough = "those in the store say enough"
        return f"makes no more runs: {enough if estimate.reaches else 'none would tell more, or is paid for'}"
    words = (
        f"likely {_spread(estimate.runs, '{:.0f}')} more runs, {_spread(estimate.usd, '{:.4f}')} USD, "
        f"{tables.seconds(estimate.seconds.middle)} of running"
    )
    if estimate.reaches < 0.8:
        from gnomon_analysis.attribution import wording  # noqa: PLC0415 - loads scipy

        words += f"; the budget suffices in {wording.share(estimate.reaches)} of such searches"
    return words


def _spread(spread: Spread, form: str) -> str:
    middle, low, high = (form.format(value) for value in (spread.middle, spread.low, spread.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def _plan_json(planned: Plan, estimate: Estimate | None) -> dict[str, Any]:
    asked, search = planned.asked, planned.search
    return {
        "metric": asked.subject.metric.name,
        "suite": asked.subject.suite,
        "good": asked.line.commits[0],
        "bad": asked.line.commits[-1],
        "commits": asked.line.last,
        "tests_from": planned.tests_from,
        "known_runs": search.known.runs,
        "passed_over": dict(search.known.passed_over),
        "resumed": planned.memory.resumed,
        "runs_at_ends": {
            asked.line.commits[position]: runs for position, runs in search.missing_runs().items()
        },
        "confidence": asked.confidence,
        "budget": asked.budget,
        "run": search.known.whole_run(),
        "estimate": estimate,
    }


# Meanwhile.


class Telling(AbstractContextManager["Telling"]):
    """Says on stderr what happens: a moving line on a terminal, one line for each step elsewhere."""

    def __init__(self, line: Line, confidence: float) -> None:
        self._line = line
        self._confidence = confidence
        self._running: list[str] = []
        self._status: Status | None = None
        self._believed = ""

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415 - only on a terminal

            self._status = Console(stderr=True).status("beginning")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def begins(self, position: int, runs: int, cases: int | None) -> None:
        """Runs begin."""
        what = "" if cases is None else f" of {_count(cases, 'case')}"
        text = f"{_count(runs, 'run')}{what} at {self._name(position)}"
        if self._status is None:
            click.echo(f"  {text}", err=True)
        self._running.append(text)
        self._show()

    def ran(self, position: int, spent: Spent) -> None:
        """They have ended."""
        self._running.clear()

    def skips(self, position: int, why: str) -> None:
        """A revision is left out."""
        click.echo(f"  skips {self._name(position)}: {why}", err=True)

    def believes(self, believed: Posterior, spent: Spent) -> None:
        """What is known now."""
        from gnomon_analysis.attribution import wording  # noqa: PLC0415 - loads scipy

        likeliest, decimals = believed.likeliest, wording.decimals(self._confidence)
        self._believed = (
            f"{wording.share(believed.places[likeliest], decimals)} {self._name(likeliest)}; "
            f"{_count(spent.runs, 'run')}, {tables.usd(spent.usd)}, {tables.seconds(spent.seconds)}"
        )
        if believed.nothing > _WORTH_SAYING:
            self._believed += f"; {wording.share(believed.nothing, decimals)} that nothing moved"
        if self._status is None:
            click.echo(f"  {self._believed}", err=True)
        self._show()

    def _show(self) -> None:
        if self._status is not None:
            from rich.text import Text  # noqa: PLC0415 - only on a terminal

            self._status.update(Text(" | ".join([self._believed, *self._running])))

    def _name(self, position: int) -> str:
        return f"{self._line.commits[position][:8]} {self._line.subjects[position][:48]}".rstrip()


# After.


def _tell_answer(planned: Plan, answer: Answer) -> None:
    from gnomon_analysis.attribution import wording  # noqa: PLC0415 - loads scipy
    from gnomon_analysis.bisection.answer import Ending  # noqa: PLC0415 - numpy and scipy, after --help

    def chance(probability: float) -> str:
        return wording.share(probability, wording.decimals(planned.asked.confidence))

    metric = planned.asked.subject.metric
    if answer.ending is Ending.NOTHING_MOVED:
        click.echo(
            f"{planned.asked.subject.words} did not move between the two ends ({chance(answer.nothing)} sure)"
        )
    else:
        first = answer.suspects[0]
        if answer.commit is not None:
            click.echo(f"{first.commit[:8]} {first.subject}: {chance(first.share)} sure")
        else:
            click.echo(f"Not sure enough: {_why(answer.ending)}.")
            echo_table(
                _COLUMNS,
                [
                    (suspect.commit[:8], chance(suspect.share), suspect.subject)
                    for suspect in answer.suspects[:_SHOWN_SUSPECTS]
                ],
            )
            if (rest := len(answer.suspects) - _SHOWN_SUSPECTS) > 0:
                click.echo(f"and {_count(rest, 'commit')} more")
            if answer.nothing > _WORTH_SAYING:
                click.echo(f"{chance(answer.nothing)} that nothing moved between the two ends")
        click.echo(f"  {metric.name} {_movement(metric, answer)}")
        for path in _touched(planned, first.commit)[:_SHOWN_FILES]:
            click.echo(f"  touches {path}")
    spent = answer.spent
    click.echo(
        f"  took {_count(spent.runs, 'run')}, {tables.usd(spent.usd)}, {tables.seconds(spent.seconds)}"
    )
    for commit, why in answer.broken.items():
        click.echo(f"  could not run {commit[:8]}: {why}")


def _why(ending: str) -> str:
    return {
        "no_run_tells_more": "no revision between these can be run",
        "out_of_runs": "the runs are used up (--max-runs)",
        "out_of_money": "the money is used up (--max-cost)",
        "out_of_time": "the time is used up (--max-time)",
    }[ending]


def _movement(metric: Metric, answer: Answer) -> str:
    if metric.is_rate:
        return (
            f"{_percent(answer.before)} before, {_percent(answer.after)} after: "
            f"{100 * answer.difference.estimate:+.1f} points "
            f"[{100 * answer.difference.low:+.1f}, {100 * answer.difference.high:+.1f}]"
        )
    assert answer.ratio is not None  # noqa: S101 - of positive numbers there is one
    change = [100 * (value - 1) for value in (answer.ratio.estimate, answer.ratio.low, answer.ratio.high)]
    return (
        f"{answer.before.estimate:.4g} {metric.unit} before, {answer.after.estimate:.4g} after (typical "
        f"test): {change[0]:+.0f} % [{change[1]:+.0f}, {change[2]:+.0f}]"
    )


def _percent(level: Estimated) -> str:
    return f"{100 * level.estimate:.1f} % [{100 * level.low:.1f}, {100 * level.high:.1f}]"


def _touched(planned: Plan, commit: str) -> list[str]:
    position = planned.asked.line.position(commit)
    if position is None:
        return []
    touched = planned.asked.line.touched(position)
    return [f"{file.path} ({file.change})" for file in touched.files] + list(touched.others)


def _answer_json(planned: Plan, answer: Answer) -> dict[str, Any]:
    return {
        "ending": str(answer.ending),
        "commit": answer.commit,
        "candidates": answer.suspects,
        "nothing_moved": answer.nothing,
        "unit": planned.asked.subject.metric.unit,
        "before": answer.before,
        "after": answer.after,
        "difference": answer.difference,
        "ratio": answer.ratio,
        "touched": _touched(planned, answer.suspects[0].commit),
        "spent": answer.spent,
        "broken": answer.broken,
    }


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
