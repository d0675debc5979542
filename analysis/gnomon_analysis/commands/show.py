"""`gnomon show`: everything about one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from gnomon_analysis.commands import tables
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import current_store, no_runs_yet
from gnomon_analysis.commands.tables import Column, echo_table
from gnomon_analysis.store import CollectionError, FileHash, ResultRow, RunRow, WorkerRow
from gnomon_analysis.store.answers import NO_SKILL, NOT_ANSWERED, answered, wanted
from gnomon_analysis.store.rows import FAILING


@dataclass(frozen=True, slots=True)
class Misroute:
    """Routing tests that expected one thing and got another, by their case ids."""

    expected: str
    actual: str
    cases: tuple[str, ...]


@click.command()
@click.argument("reference", metavar="RUN", default="last")
@click.option("--suite", help="Look for RUN among the runs of this suite; show only its totals.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Entries of each list that may be long.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all of the run as JSON.")
def show(reference: str, suite: str | None, limit: int, as_json: bool) -> None:
    """Shows one run: outcomes, routes, cost, failures, files in force.

    RUN is its number, the beginning of its id, or `last`.
    """
    with current_store() as store:
        if not store.runs(limit=1):
            raise no_runs_yet()
        run = store.run(reference, suite)
        results = store.results(run.run_id)
        skills, configs = store.skills(run.run_id), store.config_files(run.run_id)
        workers, broken = store.workers(run.run_id), store.collection_errors(run.run_id)
    wrong = misroutes(results)
    if as_json:
        echo_json(
            run=run,
            misroutes=wrong,
            results=results,
            workers=workers,
            skills=skills,
            config_files=configs,
            collection_errors=broken,
        )
        return
    for line in _head(run, workers):
        click.echo(line)
    _echo_collection_errors(broken, limit)
    _echo_misroutes(wrong, limit)
    _echo_failures([result for result in results if result.outcome in FAILING], limit)
    _echo_slowest(results, limit)
    _echo_files("skills in force", skills, run.skills_hash)
    _echo_files("configuration in force", configs, run.config_hash)


def misroutes(results: Sequence[ResultRow]) -> list[Misroute]:
    """Wrong routes by what was expected and what came instead, the most frequent first."""
    found: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if result.correct is False:
            found.setdefault((_expected(result), _actual(result)), []).append(result.case_id)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [Misroute(expected, actual, tuple(cases)) for (expected, actual), cases in ordered]


def _expected(result: ResultRow) -> str:
    return wanted(result.expected, result.clarification_expected) or NO_SKILL


def _actual(result: ResultRow) -> str:
    return answered(result.actual, result.clarification_asked) or NOT_ANSWERED


def _head(run: RunRow, workers: Sequence[WorkerRow]) -> Iterator[str]:
    yield f"run {run.run_id} (#{tables.number(run.sequence)} of {tables.text(run.suite)}): {run.status}"
    place = " ".join(filter(None, (run.repository, run.branch, tables.commit(run.commit, run.dirty))))
    yield f"  started   {tables.when(run.started_at)}, took {tables.seconds(run.duration)}"
    yield f"  commit    {place}{' (uncommitted changes)' if run.dirty else ''}"
    for name, value in (
        ("in", ", ".join(filter(None, (run.environment, run.department, run.agent)))),
        ("golden", run.golden_set_version),
        ("pipeline", run.pipeline_url),
    ):
        if value:
            yield f"  {name:<9} {value}"
    if not run.complete or (run.status == "aborted" and run.exit_code is None):
        yield "  note      the run's end was never recorded: it was killed, or a file is still to come"
    crashed = [worker.worker_id for worker in workers if worker.crashed]
    if workers:
        dead = f", {', '.join(crashed)} crashed" if crashed else ""
        yield f"  workers   {len(workers)}{dead}"
    yield from _totals(run)


def _totals(run: RunRow) -> Iterator[str]:
    tally, calls = run.tally, run.calls
    counts = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes.items() if count)
    reruns = f"; {tables.counted(tally.reruns, 'rerun')}" if tally.reruns else ""
    yield f"  tests     {tally.tests}: {counts or 'none'}{reruns}"
    if tally.judged or tally.unanswered:
        silent = f"; {tally.unanswered} without an answer" if tally.unanswered else ""
        share = tables.percent(tally.accuracy, tally.accuracy_interval)
        yield f"  routing   {share} ({tally.correct} of {tally.judged} right{silent})"
    if tally.tools_expected:
        share = tables.percent(tally.tool_use_accuracy)
        yield f"  tool use  {share} ({tally.tools_matched} of {tally.tools_expected} commands)"
    if calls.calls:
        made, again = tables.counted(calls.calls, "call"), tables.counted(calls.retries, "retry", "retries")
        spent = tables.seconds(calls.api_latency)
        yield f"  model     {made}, {calls.failed} failed, {again}, {spent} in requests"
        cached = f" ({tables.number(calls.cache_read_tokens)} from cache)" if calls.cache_read_tokens else ""
        read, written = tables.number(calls.input_tokens), tables.number(calls.output_tokens)
        yield f"  tokens    {read} in{cached}, {written} out"
        without = tables.counted(calls.unpriced, "call")
        unpriced = f" ({without} without a known cost)" if calls.unpriced else ""
        yield f"  cost      {tables.usd(calls.cost_usd)}{unpriced}"


def _echo_collection_errors(broken: Sequence[CollectionError], limit: int) -> None:
    if broken:
        click.echo()
        echo_table(
            (Column("file"), Column("message")),
            [(tables.text(error.path), tables.text(error.message)) for error in broken[:limit]],
            _title("files that could not be collected", len(broken), limit),
        )


def _echo_misroutes(wrong: Sequence[Misroute], limit: int) -> None:
    if wrong:
        click.echo()
        echo_table(
            (Column("expected"), Column("actual"), Column("tests", right=True), Column("which")),
            [(row.expected, row.actual, str(len(row.cases)), _named(row.cases, limit)) for row in wrong],
            "wrong routes",
        )


def _named(cases: Sequence[str], limit: int) -> str:
    more = f" and {len(cases) - limit} more" if len(cases) > limit else ""
    return f"{', '.join(cases[:limit])}{more}"


def _echo_failures(failures: Sequence[ResultRow], limit: int) -> None:
    if failures:
        click.echo()
        echo_table(
            (Column("test"), Column("outcome"), Column("in"), Column("error"), Column("message")),
            [
                (
                    result.case_id,
                    result.outcome,
                    tables.text(result.phase),
                    tables.text(result.error_type),
                    tables.text(result.message),
                )
                for result in failures[:limit]
            ],
            _title("failures", len(failures), limit),
        )


def _echo_slowest(results: Sequence[ResultRow], limit: int) -> None:
    timed = [result for result in results if result.duration]
    slowest = sorted(timed, key=lambda result: (-(result.duration or 0.0), result.case_id))
    if slowest:
        click.echo()
        echo_table(
            (
                Column("test"),
                Column("duration", right=True),
                Column("attempts", right=True),
                Column("cost", right=True),
            ),
            [
                (
                    result.case_id,
                    tables.seconds(result.duration),
                    str(result.attempts),
                    tables.usd(result.calls.cost_usd),
                )
                for result in slowest[:limit]
            ],
            _title("slowest", len(slowest), limit),
        )


def _echo_files(title: str, files: Sequence[FileHash], together: str | None) -> None:
    if files:
        click.echo()
        echo_table(
            (Column("file"), Column("skill"), Column("hash")),
            [(file.path, tables.text(file.name), file.hash[:12]) for file in files],
            f"{title} ({len(files)}, together {(together or '')[:12] or tables.NOTHING})",
        )


def _title(what: str, count: int, limit: int) -> str:
    return f"{what} ({min(count, limit)} of {count})" if count > limit else f"{what} ({count})"
