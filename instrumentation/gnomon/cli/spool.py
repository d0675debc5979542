"""`gnomon spool`: what waits on this machine, and sending it."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import click

from gnomon import settings as gnomon_settings
from gnomon import spool as spool_room
from gnomon.errors import ExitCode, UserError
from gnomon.otlp import endpoint as otlp_endpoint
from gnomon.runs.recovery import recover
from gnomon.settings import Settings
from gnomon.spool import files
from gnomon.state import spool_directory

_STATES = {
    "": "waiting",
    files.SENT: "sent",
    files.REJECTED: "refused",
    ".part": "being written",
}

_DIRECTORY = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Spool to work on; by default that of the project's state directory.",
)


@click.group()
def spool() -> None:
    """Shows, sends and prunes the telemetry that waits on this machine."""


@spool.command()
@_DIRECTORY
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(directory: Path | None, as_json: bool) -> None:
    """Says how many files are in which state, how large, and since when.

    Journals whose process has died are completed first.
    """
    place = directory or spool_directory(gnomon_settings.load().state_directory)
    recover(place)
    counts = _counts(place)
    if as_json:
        click.echo(json.dumps({"directory": str(place), "states": counts}, indent=2))
        return
    click.echo(f"spool {place}")
    if not counts:
        click.echo("  empty")
    for state, numbers in counts.items():
        age = _age(time.time() - numbers["oldest"])
        plural = "file" if numbers["files"] == 1 else "files"
        click.echo(
            f"  {state:<14}{numbers['files']:>6} {plural:<6}{numbers['bytes'] / 1e6:>9.1f} MB  oldest {age}"
        )


def _counts(place: Path) -> dict[str, dict[str, Any]]:
    counts: dict[str, dict[str, Any]] = defaultdict(lambda: {"files": 0, "bytes": 0, "oldest": time.time()})
    for suffix, state in _STATES.items():
        for path in place.glob(f"*.jsonl{suffix}"):
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # delivered by somebody else meanwhile
            numbers = counts[state]
            numbers["files"] += 1
            numbers["bytes"] += found.st_size
            numbers["oldest"] = min(numbers["oldest"], found.st_mtime)
    return dict(counts)


def _age(seconds: float) -> str:
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {word} ago"
    return f"{max(0.0, seconds):.0f} s ago"


@spool.command()
@_DIRECTORY
@click.option("--endpoint", help="Send there instead of the endpoint of settings and OTEL_* variables.")
@click.option("--protocol", type=click.Choice(otlp_endpoint.PROTOCOLS), help="How to send to --endpoint.")
@click.option(
    "--deadline",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0.1),
    help="Give up after that many seconds.",
)
@click.option(
    "--again", is_flag=True, help="Also send what was sent or refused before: a new backend has none of it."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(
    *,
    directory: Path | None,
    endpoint: str | None,
    protocol: str | None,
    deadline: float,
    again: bool,
    as_json: bool,
) -> int:
    """Sends what waits in the spool, oldest first, with its original times.

    Ends with 0 when nothing is left, with 1 when something still waits or was refused, and with 3
    when no endpoint is known.
    """
    settings = gnomon_settings.load()
    place = directory or spool_directory(settings.state_directory)
    targets = _targets(settings, endpoint, protocol)
    recover(place)
    if again:
        _reopen(place)
    report = spool_room.deliver(place, targets, deadline)
    left = report.waiting + report.refused
    if as_json:
        values = {
            "sent": report.sent,
            "refused": report.refused,
            "waiting": report.waiting,
            "why": report.why,
        }
        click.echo(json.dumps(values, indent=2))
    else:
        click.echo(f"{_files(report.sent)} sent, {report.refused} refused, {report.waiting} waiting")
        if report.why:
            click.echo(f"  {report.why}", err=True)
    return ExitCode.NEGATIVE if left else ExitCode.OK


def _files(number: int) -> str:
    return f"{number} file" if number == 1 else f"{number} files"


def _targets(
    settings: Settings, endpoint: str | None, protocol: str | None
) -> dict[otlp_endpoint.Signal, otlp_endpoint.Target]:
    export = settings.export
    targets = otlp_endpoint.resolve(
        {} if endpoint else os.environ,
        endpoint=endpoint or export.endpoint,
        protocol=protocol or (None if endpoint else export.protocol),
        headers_file=export.headers_file,
    )
    if not targets:
        raise UserError(
            "no endpoint to send to: set OTEL_EXPORTER_OTLP_ENDPOINT, write export.endpoint in gnomon.yaml, "
            "or name one with --endpoint http://localhost:4318",
            ExitCode.MISSING,
        )
    return targets


def _reopen(place: Path) -> None:
    for suffix in (files.SENT, files.REJECTED):
        for path in place.glob(f"*.jsonl{suffix}"):
            path.replace(path.with_name(path.name.removesuffix(suffix)))


@spool.command()
@_DIRECTORY
@click.option("--keep-days", type=click.FloatRange(0), help="Remove delivered files older than that.")
@click.option("--max-bytes", type=click.IntRange(0), help="Remove the oldest files until that much is left.")
def prune(directory: Path | None, keep_days: float | None, max_bytes: int | None) -> None:
    """Removes delivered files that are old, then the oldest, down to the limits of the settings."""
    settings = gnomon_settings.load()
    place = directory or spool_directory(settings.state_directory)
    report = spool_room.prune(
        place,
        max_bytes=settings.spool.max_bytes if max_bytes is None else max_bytes,
        keep_days=settings.spool.keep_days if keep_days is None else keep_days,
    )
    click.echo(f"{_files(report.removed)} removed, {report.lost} of them never delivered")
