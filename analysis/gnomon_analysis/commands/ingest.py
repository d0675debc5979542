"""`gnomon ingest`: spool files into the results store."""

from __future__ import annotations

from pathlib import Path

import click

from gnomon import settings as gnomon_settings
from gnomon import state
from gnomon.errors import ExitCode, UserError
from gnomon_analysis.commands.json_form import echo_json
from gnomon_analysis.commands.opened import prepared_store, tell_damage


@click.command()
@click.argument("spools", metavar="[SPOOL]...", nargs=-1, type=click.Path(path_type=Path, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print what was read as JSON.")
def ingest(spools: tuple[Path, ...], as_json: bool) -> int:
    """Brings spool files into the results store. Ends with 1 when a line was damaged.

    Every command that shows results does this first, so that it is needed only for spools from
    elsewhere: SPOOL is a folder of trace files; without it, the project's own.
    """
    settings = gnomon_settings.load()
    for spool in spools:
        if not spool.is_dir():
            raise UserError(f"{spool}: no such folder; name one that holds *.traces.jsonl files")
    with prepared_store(settings) as store:
        reports = [
            store.ingest(spool) for spool in spools or [state.spool_directory(settings.state_directory)]
        ]
    read = [path for report in reports for path in report.read]
    damaged = [line for report in reports for line in report.damaged]
    unreadable = [item for report in reports for item in report.unreadable]
    counts = {
        name: sum(getattr(report, name) for report in reports)
        for name in ("known", "spans", "new_runs", "new_results")
    }
    if as_json:
        echo_json(
            read=[str(path) for path in read],
            **counts,
            damaged=[{"file": str(item.file), "line": item.line, "reason": item.reason} for item in damaged],
            unreadable=[{"file": str(path), "reason": reason} for path, reason in unreadable],
        )
    else:
        for report in reports:
            tell_damage(report)
        click.echo(
            f"{_plural(len(read), 'new file')} with {_plural(counts['spans'], 'span')}: "
            f"{_plural(counts['new_runs'], 'new run')}, {_plural(counts['new_results'], 'new result')}; "
            f"{_plural(counts['known'], 'file')} known"
        )
    return ExitCode.NEGATIVE if damaged or unreadable else ExitCode.OK


def _plural(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
