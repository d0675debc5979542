"""`gnomon simulate`: the telemetry of an organisation's agents, and the truth about it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from gnomon import settings as gnomon_settings
from gnomon import state
from gnomon.errors import UserError
from gnomon_analysis.commands.json_form import echo_json

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from gnomon.settings import Settings
    from gnomon_analysis.simulation.interruption import Interruption
    from gnomon_analysis.simulation.outlets import Outlet
    from gnomon_analysis.simulation.scenario import Scenario
    from gnomon_analysis.simulation.simulation import Progress, Wish

_DAY = 86_400.0
_TELL_EVERY_SECONDS = 60.0


@click.command()
@click.option(
    "--scenario", type=click.Path(path_type=Path), help="Scenario file.  [default: the one of Gnomon]"
)
@click.option("--write-scenario", is_flag=True, help="Print Gnomon's scenario, to be changed, and end.")
@click.option("--seed", type=click.IntRange(0, 2**31), help="Beginning of all chance.  [default: scenario's]")
@click.option("--per-day", type=click.FloatRange(0, min_open=True), help="Requests on a mean day.")
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), help="Requests a second at all hours, instead."
)
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    help="How many times faster than the clock simulated time runs.  [default: 1]",
)
@click.option("--duration", metavar="TIME", help="End after that time, such as 10m.  [default: at Ctrl-C]")
@click.option("--start", metavar="MOMENT", help="What time it is in the simulation at first.  [default: now]")
@click.option("--from", "past", metavar="MOMENT", help="Write what has been since then, such as -30d.")
@click.option("--to", metavar="MOMENT", help="Where that ends.  [default: now]")
@click.option("--interval", metavar="TIME", help="Time between points of metrics then.  [default: 1m]")
@click.option("--test-runs", type=click.IntRange(0, 100_000), default=0, help="Runs of routing tests, too.")
@click.option(
    "--spool",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the telemetry.  [default: simulation in the state directory]",
)
@click.option("--endpoint", metavar="URL", help="OTLP address to send it to as well.")
@click.option("--truth", type=click.Path(path_type=Path, dir_okay=False), help="Write here what was emitted.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def simulate(
    *,
    scenario: Path | None,
    write_scenario: bool,
    seed: int | None,
    per_day: float | None,
    rate: float | None,
    speed: float | None,
    duration: str | None,
    start: str | None,
    past: str | None,
    to: str | None,
    interval: str | None,
    test_runs: int,
    spool: Path | None,
    endpoint: str | None,
    truth: Path | None,
    as_json: bool,
) -> int:
    """Emit the telemetry of an organisation's agents, as it happens or as it was, and the truth about it.

    Without --from it runs by the clock; with it, what would have been recorded since then is written with
    the times of then, as fast as the machine can. The same seed gives the same calls either way.
    """
    from gnomon_analysis.simulation import reading  # noqa: PLC0415 - after --help

    if write_scenario:
        click.echo(reading.SHIPPED.read_text("utf-8"), nl=False)
        return 0
    found = reading.load_scenario(scenario)
    found = found if seed is None else replace(found, seed=seed)
    asked = _Asked(per_day, rate, speed, duration, start, past, to, interval, test_runs, endpoint)
    wish = _wish(found, asked, time.time())
    settings = gnomon_settings.load()
    if spool is None:
        spool = state.prepare(settings.state_directory) / "simulation"
    return _run(wish, asked, _settings(settings, found, endpoint), spool, truth, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says of time and amount."""

    per_day: float | None
    rate: float | None
    speed: float | None
    duration: str | None
    start: str | None
    past: str | None
    to: str | None
    interval: str | None
    test_runs: int
    endpoint: str | None


def _wish(scenario: Scenario, asked: _Asked, now: float) -> Wish:
    from gnomon_analysis.simulation.simulation import Wish  # noqa: PLC0415 - after --help
    from gnomon_analysis.simulation.times import duration, moment  # noqa: PLC0415

    _refuse_contradictions(asked)
    until: float | None
    if asked.past is not None:
        began, until = moment(asked.past, "--from", now), moment(asked.to or "now", "--to", now)
        if began >= until:
            raise UserError(f"--from {asked.past} is not before --to {asked.to or 'now'}; swap the two")
    else:
        began = moment(asked.start or "now", "--start", now)
        lasts = None if asked.duration is None else duration(asked.duration, "--duration")
        until = None if lasts is None else began + lasts * (asked.speed or 1.0)
    if asked.test_runs and until is None:
        raise UserError("--test-runs are spread over the simulation's time; say --duration as well")
    per_day = asked.per_day or scenario.traffic.per_day
    if asked.rate is not None:
        per_day = asked.rate * _DAY
    return Wish(scenario, began, until, per_day, flat=asked.rate is not None, test_runs=asked.test_runs)


def _refuse_contradictions(asked: _Asked) -> None:
    if asked.per_day is not None and asked.rate is not None:
        raise UserError("--per-day and --rate both say how many requests there are; keep one of them")
    only_live = ("speed", "duration", "start", "endpoint")
    only_past = ("to", "interval")
    wrong = [name for name in (only_past if asked.past is None else only_live) if getattr(asked, name)]
    if not wrong:
        return
    if asked.past is None:
        raise UserError(f"--{wrong[0]} belongs to the past; say --from as well")
    if wrong[0] == "endpoint":
        raise UserError(
            "--from writes files and sends nothing; leave --endpoint out, and send them with "
            "`gnomon spool replay --directory … --endpoint …`"
        )
    raise UserError(f"--{wrong[0]} belongs to a simulation by the clock; leave it or --from out")


def _settings(settings: Settings, scenario: Scenario, endpoint: str | None) -> Settings:
    """The project's settings without its backend: what is simulated goes there only where that is asked."""
    from gnomon_analysis.simulation.simulation import organised  # noqa: PLC0415 - after --help

    if endpoint is None or endpoint != settings.export.endpoint:
        bare = replace(settings.export, endpoint=None, protocol=None, headers_file=None)
        settings = replace(settings, export=bare)
    if endpoint is None:
        # Nothing here will ever be delivered, and what is pruned would be missing beside the truth.
        settings = replace(settings, spool=replace(settings.spool, max_bytes=2**62))
    return organised(settings, scenario)


def _outlet(wish: Wish, asked: _Asked, settings: Settings, spool: Path, stop: Interruption) -> Outlet:
    from gnomon_analysis.simulation.outlets import Live, Past  # noqa: PLC0415 - after --help
    from gnomon_analysis.simulation.times import duration  # noqa: PLC0415

    who = {"service_name": wish.scenario.name, "environment": wish.scenario.environments[0].name}
    if asked.past is not None:
        interval = duration(asked.interval or "1m", "--interval")
        return Past(spool, settings, who, began=wish.began, interval=interval, stop=stop)
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        raise UserError("OTEL_SDK_DISABLED switches off what would be emitted; unset it")
    where = {"spool_directory": spool} | ({"endpoint": asked.endpoint} if asked.endpoint else {})
    return Live(settings, {**who, **where}, began=wish.began, speed=asked.speed or 1.0, stop=stop)


def _run(
    wish: Wish, asked: _Asked, settings: Settings, spool: Path, path: Path | None, *, as_json: bool
) -> int:
    from gnomon_analysis.simulation.interruption import Interruption  # noqa: PLC0415 - after --help
    from gnomon_analysis.simulation.simulation import Simulation  # noqa: PLC0415
    from gnomon_analysis.simulation.truth import Truth  # noqa: PLC0415

    try:
        truth = Truth(path)
    except OSError as error:
        raise UserError(f"--truth {path} cannot be written: {error.strerror}; name another file") from None
    began = time.perf_counter()
    with Interruption() as stop:
        outlet = _outlet(wish, asked, settings, spool, stop)
        try:
            with _Bar() as bar:
                header = Simulation(wish, settings, spool).run(outlet, truth, bar.tell)
            truth.close(header)
        except OSError as error:
            raise UserError(
                f"the simulation's files cannot be written ({error.strerror}); make room, or name another "
                "folder with --spool"
            ) from None
        finally:
            truth.abandon()
    seconds = time.perf_counter() - began
    behind = getattr(outlet, "behind", None)
    if as_json:
        more = {} if behind is None else {"behind_seconds": behind}
        echo_json(**header, totals=truth.totals, seconds=seconds, **more, spool=str(spool))
    else:
        _show(header, truth.totals, seconds, behind)
        click.echo(f"spool  {spool}" + (f"\ntruth  {path}" if path else ""))
    return 128 + stop.signal if stop.signal else 0


def _show(header: Mapping[str, Any], totals: Mapping[str, Any], seconds: float, behind: float | None) -> None:
    requests, calls = totals.get("requests", 0), totals.get("calls", 0)
    failed = sum(totals.get("requests_failed", {}).values())
    tokens = totals.get("tokens", {})
    words = "" if header["complete"] else ", stopped before the end"
    click.echo(
        f"{requests:,} requests of {header['agents']} agents from {header['stamped']['from']} to "
        f"{header['stamped']['to']}, in {seconds:.1f} s{words}"
    )
    click.echo(
        f"  {failed:,} failed; {calls:,} model calls, {sum(totals.get('retries', {}).values()):,} retries, "
        f"{tokens.get('input', 0) + tokens.get('output', 0):,} tokens, {totals.get('cost_usd', 0.0):.2f} USD"
    )
    spans = header["spans"]
    late = "" if behind is None else f", at most {behind:.1f} s late"
    click.echo(f"  {spans['emitted']:,} spans, {spans['dropped']:,} dropped{late}")


class _Bar(AbstractContextManager["_Bar"]):
    """How far it is: a moving bar on a terminal, elsewhere a line each tenth, or each minute."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - after --help

        self._console = Console(stderr=True)
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._tenths = 0
        self._told = time.monotonic()

    def tell(self, progress: Progress) -> None:
        """Shows how far the simulation has come."""
        if self._console.is_terminal:
            self._move(progress)
            return
        now = time.monotonic()
        if progress.of is None:
            due = now - self._told > _TELL_EVERY_SECONDS
        else:
            tenths = int(10 * progress.lapsed / progress.of)
            due, self._tenths = tenths > self._tenths, tenths
        if due:
            self._told = now
            share = "" if progress.of is None else f"{100 * progress.lapsed / progress.of:.0f} %, "
            click.echo(f"  {share}{progress.requests:,} requests", err=True)

    def _move(self, progress: Progress) -> None:
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415
        from rich.progress import Progress as RichProgress  # noqa: PLC0415

        if self._bar is None:
            columns = (BarColumn(bar_width=30), TimeElapsedColumn(), TimeRemainingColumn())
            text = TextColumn("{task.description}", markup=False)
            self._bar = RichProgress(*columns, text, console=self._console, transient=True)
            self._task = self._bar.add_task("", total=progress.of)
            self._bar.start()
        if self._task is not None:
            self._bar.update(
                self._task, completed=progress.lapsed, description=f"{progress.requests:,} requests"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
