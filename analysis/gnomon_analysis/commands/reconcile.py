"""`gnomon reconcile`: Prometheus beside the results store."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gnomon import settings as gnomon_settings
from gnomon import state
from gnomon.errors import ExitCode
from gnomon.settings import Settings
from gnomon_analysis.commands import tables
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import current_store
from gnomon_analysis.commands.tables import Column, echo_table

if TYPE_CHECKING:
    from gnomon_analysis.reconcile import Difference, Report
    from gnomon_analysis.reconcile.comparing import LateRun

_SHOWN = 20
_COLUMNS = (
    Column("series"),
    Column("suite"),
    Column("environment"),
    Column("of"),
    Column("store", right=True),
    Column("Prometheus", right=True),
    Column("difference", right=True),
)
_WHERE = {
    "waiting": "late: the numbers wait in the spool, and `gnomon spool replay` sends them",
    "refused": "refused: a backend would not take the numbers, and the spool keeps them",
    "sent": "sent: a backend has accepted the numbers, which are in a queue behind it, or lost there "
    "(`gnomon spool replay --again` sends them once more)",
    "elsewhere": "unknown: this spool does not have the numbers, or no longer",
}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--from", "begin", metavar="MOMENT", default="-24h", show_default=True, help="Begin of the range."
)
@click.option("--to", "end", metavar="MOMENT", default="now", show_default=True, help="End of the range.")
@click.option(
    "--prometheus", "url", metavar="URL", help="Its address.  [default: that of the settings' stack]"
)
@click.option("--suite", "suites", multiple=True, help="Only this suite; may be given more than once.")
@click.option(
    "--environment", "environments", multiple=True, help="Only this environment; more than once, too."
)
@click.option("--headers-file", type=_FILE, help="File with `Name: value` lines for it, such as credentials.")
@click.option("--ca-file", type=_FILE, help="Certificates to trust instead of the machine's, in PEM.")
@click.option("--certificate", type=_FILE, help="Client certificate, in PEM.")
@click.option("--key", type=_FILE, help="Its key.")
@click.option("--all", "everything", is_flag=True, help=f"Show every difference, not {_SHOWN} at most.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def reconcile(
    *,
    begin: str,
    end: str,
    url: str | None,
    suites: tuple[str, ...],
    environments: tuple[str, ...],
    headers_file: Path | None,
    ca_file: Path | None,
    certificate: Path | None,
    key: Path | None,
    everything: bool,
    as_json: bool,
) -> int:
    """Compare what Prometheus says of the runs of a time range with what the results store says.

    Ends with 0 where every count, sum and cost is the same, with 1 where one is not, and with 3 where
    Prometheus cannot be asked.
    """
    from gnomon_analysis.reconcile import Access, Prometheus, Range  # noqa: PLC0415 - after --help
    from gnomon_analysis.reconcile import reconcile as compare  # noqa: PLC0415
    from gnomon_analysis.simulation.times import moment  # noqa: PLC0415

    settings = gnomon_settings.load()
    now = time.time()
    # The second that has begun may still get runs on both sides; the range ends on a whole one.
    range_ = Range(math.floor(moment(begin, "--from", now)), math.floor(moment(end, "--to", now)))
    prometheus = Prometheus(url or _of_stack(settings), Access(headers_file, ca_file, certificate, key))
    with current_store(settings) as store:
        report = compare(
            store,
            prometheus,
            range_,
            case_series=settings.budgets.case_series,
            spool=state.spool_directory(settings.state_directory),
            suites=suites,
            environments=environments,
        )
    if as_json:
        echo_json(equal=report.equal, report=report)
    else:
        _show(report, None if everything else _SHOWN)
    return ExitCode.OK if report.equal else ExitCode.NEGATIVE


def _of_stack(settings: Settings) -> str:
    return f"http://{settings.stack.address}:{settings.stack.ports.prometheus}"


def _show(report: Report, limit: int | None) -> None:
    if report.differences:
        shown = report.differences[:limit]
        echo_table(_COLUMNS, [_cells(difference) for difference in shown])
        if len(shown) < len(report.differences):
            click.echo(f"and {len(report.differences) - len(shown)} more; --all shows them")
        click.echo()
    for sentence in _sentences(report):
        click.echo(sentence)
    verdict = "equal" if report.equal else "different"
    different = f", {len(report.differences)} of them different" if report.differences else ""
    click.echo(
        f"{verdict}: {report.runs} {_runs(report.runs)}, {report.sums} sums compared{different}, "
        f"{_moment(report.range.begin)} to {_moment(report.range.end)}"
    )


def _sentences(report: Report) -> Iterator[str]:
    yield from _missing(report)
    if count := len(report.unknown):
        first = report.unknown[0]
        yield (
            f"{count} {_runs(count)} in Prometheus that the store does not have, the first of "
            f"{' / '.join(first.labels.values())} at {_moment(first.ended_ms / 1000)}: ingest the spool that "
            "has them, or look who else writes there"
        )
    if count := report.unfinished:
        yield f"{count} {_runs(count)} without an end, not compared"
    if count := report.calls_apart:
        yield (
            f"{count} model {'call' if count == 1 else 'calls'} of processes that tests started, "
            f"{tables.usd(report.cost_apart)}: in the store alone"
        )


def _missing(report: Report) -> Iterator[str]:
    same = [run for run in report.missing if run.same_moment]
    if same:
        yield (
            f"{_listed(same)} not in Prometheus: another run with the same labels ended in the same "
            "millisecond, and there is room for one; give each place that runs tests a department or agent"
        )
    others = [run for run in report.missing if not run.same_moment]
    for where, _ in Counter(run.points for run in others).most_common():
        found = [run for run in others if run.points == where]
        yield f"{_listed(found)} not in Prometheus; {_WHERE[where]}"


def _listed(runs: list[LateRun]) -> str:
    names = [f"{run.sequence if run.sequence is not None else '?'} ({run.run_id[:12]})" for run in runs[:5]]
    more = f" and {len(runs) - 5} more" if len(runs) > 5 else ""
    return f"{_runs(len(runs))} {', '.join(names)}{more} {'is' if len(runs) == 1 else 'are'}"


def _runs(count: int) -> str:
    return "run" if count == 1 else "runs"


def _cells(difference: Difference) -> tuple[str, ...]:
    labels: Mapping[str, str] = difference.labels
    own = [value for name, value in labels.items() if name not in _OWNERS]
    return (
        difference.series,
        labels.get("test_suite_name", ""),
        labels.get("deployment_environment_name", ""),
        " / ".join(own),
        _value(difference.stored),
        _value(difference.prometheus),
        f"{difference.prometheus - difference.stored:+.6g}",
    )


_OWNERS = ("test_suite_name", "deployment_environment_name")


def _value(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.6f}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
