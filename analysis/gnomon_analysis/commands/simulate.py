"""`gnomon simulate`: the telemetry of an organisation's agents, and the truth about it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
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
    from gnomon_analysis.simulation.outlets import Live
    from gnomon_analysis.simulation.processes import Job
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
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="Processes that write the past side by side.  [default: one a processor]",
)
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
    processes: int | None,
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
    asked = _Asked(per_day, rate, speed, duration, start, past, to, interval, processes, test_runs, endpoint)
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
    processes: int | None
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
    only_past = ("to", "interval", "processes")
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


def _live(wish: Wish, asked: _Asked, settings: Settings, spool: Path, stop: Interruption) -> Live:
    from gnomon_analysis.simulation.outlets import Live  # noqa: PLC0415 - after --help

    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        raise UserError("OTEL_SDK_DISABLED switches off what would be emitted; unset it")
    where = {"spool_directory": spool} | ({"endpoint": asked.endpoint} if asked.endpoint else {})
    return Live(settings, {**_who(wish), **where}, began=wish.began, speed=asked.speed or 1.0, stop=stop)


def _who(wish: Wish) -> dict[str, Any]:
    return {"service_name": wish.scenario.name, "environment": wish.scenario.environments[0].name}


def _jobs(wish: Wish, asked: _Asked, settings: Settings, spool: Path, hours: Sequence[Path]) -> list[Job]:
    from gnomon_analysis.simulation.processes import Job  # noqa: PLC0415 - after --help
    from gnomon_analysis.simulation.simulation import Share  # noqa: PLC0415
    from gnomon_analysis.simulation.times import duration  # noqa: PLC0415

    interval = duration(asked.interval or "1m", "--interval")
    count = _processes(wish, asked)
    return [
        Job(wish, settings, spool, _who(wish), interval, Share(number, count), file)
        for number, file in enumerate(hours or (None,) * count)
    ]


def _processes(wish: Wish, asked: _Asked) -> int:
    if asked.past is None:
        return 1
    return min(asked.processes or os.cpu_count() or 1, len(wish.scenario.departments))


def _run(
    wish: Wish, asked: _Asked, settings: Settings, spool: Path, truth: Path | None, *, as_json: bool
) -> int:
    from gnomon_analysis.simulation.header import header  # noqa: PLC0415 - after --help
    from gnomon_analysis.simulation.interruption import Interruption  # noqa: PLC0415
    from gnomon_analysis.simulation.processes import run_all  # noqa: PLC0415
    from gnomon_analysis.simulation.simulation import Simulation  # noqa: PLC0415
    from gnomon_analysis.simulation.truth import Truth, totals_of, write_truth  # noqa: PLC0415

    began = time.perf_counter()
    with Interruption() as stop, _temporary(truth, _processes(wish, asked)) as hours:
        live = _live(wish, asked, settings, spool, stop) if asked.past is None else None
        try:
            with _Bar() as bar:
                if live is not None:
                    simulation = Simulation(wish, settings, spool)
                    outcomes = [simulation.run(live, Truth(hours[0] if hours else None), bar.tell)]
                else:
                    outcomes = run_all(_jobs(wish, asked, settings, spool, hours), stop, bar.tell)
            parts = [outcome.counted for outcome in outcomes]
            told = header(wish, outcomes, (lambda moment: 0.0) if live is None else live.shift)
            if truth is not None:
                write_truth(truth, told, parts)
        except OSError as error:
            raise UserError(
                f"the simulation's files cannot be written ({error.strerror or error}); make room, or name "
                "another folder with --spool"
            ) from None
    seconds, totals = time.perf_counter() - began, totals_of(parts)
    if as_json:
        more = {} if live is None else {"behind_seconds": live.behind}
        echo_json(**told, totals=totals, seconds=seconds, **more, spool=str(spool))
    else:
        _show(told, totals, seconds, None if live is None else live.behind)
        click.echo(f"spool  {spool}" + (f"\ntruth  {truth}" if truth else ""))
    return 128 + stop.signal if stop.signal else 0


@contextmanager
def _temporary(truth: Path | None, count: int) -> Iterator[list[Path]]:
    """Files beside the truth file for the hours of each process, removed at the end; none without truth."""
    if truth is None:
        yield []
        return
    hours = [truth.with_name(f"{truth.name}.{os.getpid()}-{number}.tmp") for number in range(count)]
    try:
        truth.parent.mkdir(parents=True, exist_ok=True)
        for path in hours:
            path.touch()
    except OSError as error:
        raise UserError(f"--truth {truth} cannot be written ({error.strerror}); name another file") from None
    try:
        yield hours
    finally:
        for path in hours:
            path.unlink(missing_ok=True)


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
