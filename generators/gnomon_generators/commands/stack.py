"""`gnomon stack`: the stack as processes of this machine, and the secrets of either kind of stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from gnomon.errors import ExitCode, UserError

if TYPE_CHECKING:
    from gnomon.settings import Settings
    from gnomon_generators.stack.local.board import Board

_POLL_SECONDS = 0.1


@click.group()
def stack() -> None:
    """Run Collector, Prometheus, Alertmanager, Tempo, Grafana and PostgreSQL together."""


@stack.command()
@click.option("--local", is_flag=True, help="As processes of this machine, without containers.")
@click.option("--detach", is_flag=True, help="With --local: return when all is up, as containers do.")
def up(local: bool, detach: bool) -> int:
    """Start the stack with the generated files of this project; make its secrets first.

    In containers, by Docker's Compose or Podman's. With --local as processes of this machine, and until
    Ctrl-C: says what is missing, how to get it, and what does not work without it. What ends is started anew.
    """
    from gnomon import settings as gnomon_settings  # noqa: PLC0415 - the command line starts without them
    from gnomon_generators.stack import containers  # noqa: PLC0415
    from gnomon_generators.stack.local import running  # noqa: PLC0415

    settings = gnomon_settings.load()
    if not local:
        return containers.up(settings)
    if detach:
        _tell(_detached(settings))
        return ExitCode.OK
    with running.started(settings, click.echo) as supervisor:
        supervisor.run(lambda board: _tell(board, "Ctrl-C ends all of it"))
    click.echo("stopped")
    return ExitCode.OK


@stack.command()
def down() -> int:
    """Stop what `up` started: local processes if they run, else containers. Their data stay."""
    from gnomon import settings as gnomon_settings  # noqa: PLC0415
    from gnomon_generators.stack import containers  # noqa: PLC0415
    from gnomon_generators.stack.local import running  # noqa: PLC0415

    settings = gnomon_settings.load()
    stopped = running.stop(settings)
    if not stopped and containers.there(settings):
        return containers.down(settings)
    click.echo(f"stopped {', '.join(stopped)}" if stopped else "nothing runs here")
    return ExitCode.OK


@stack.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(as_json: bool) -> int:
    """Say what runs here and how it is; ends with 1 when nothing does, or something is not well.

    Containers are shown when no local processes run; --json is about the local ones alone.
    """
    from gnomon import settings as gnomon_settings  # noqa: PLC0415
    from gnomon_generators.stack import containers  # noqa: PLC0415
    from gnomon_generators.stack.local import running  # noqa: PLC0415

    settings = gnomon_settings.load()
    board, swept = running.current(settings)
    if board is None and not as_json and not swept and containers.there(settings):
        return containers.status(settings)
    if as_json:
        click.echo(json.dumps(_plain(board, swept), indent=2))
    else:
        if swept:
            click.echo(
                f"stopped what a supervisor that is gone had left behind: {', '.join(swept)}", err=True
            )
        if board is None:
            click.echo("nothing runs here; `gnomon stack up --local` starts it")
        else:
            _tell(board)
    well = board is not None and all(line.state == "healthy" for line in board.lines)
    return ExitCode.OK if well else ExitCode.NEGATIVE


@stack.command()
@click.argument("name")
@click.option("--lines", type=click.IntRange(1), default=50, show_default=True, help="How many lines.")
@click.option("--follow", is_flag=True, help="Go on with what is written next, until Ctrl-C.")
def logs(name: str, lines: int, follow: bool) -> None:
    """Print the end of the log of one part, such as `collector`."""
    from gnomon import settings as gnomon_settings  # noqa: PLC0415
    from gnomon_generators.stack.local import running  # noqa: PLC0415

    log = running.log(gnomon_settings.load(), name)
    with log.open(encoding="utf-8", errors="replace") as file:
        click.echo("".join(file.readlines()[-lines:]), nl=False)
        while follow:
            if more := file.read():
                click.echo(more, nl=False)
            time.sleep(_POLL_SECONDS)


@stack.command()
def secrets() -> None:
    """Make the random secrets of the stack that are not there yet, and say where they are."""
    from gnomon import settings as gnomon_settings  # noqa: PLC0415
    from gnomon_generators.paths import shown  # noqa: PLC0415
    from gnomon_generators.stack import secrets as own  # noqa: PLC0415

    settings = gnomon_settings.load()
    for path in own.make(settings):
        click.echo(f"made {shown(path)}", err=True)
    click.echo(shown(own.folder(settings)))


def _detached(settings: Settings) -> Board:
    """Starts the supervisor as a process of its own, and waits until all is up or it has given up."""
    from gnomon_generators.stack.local import board as boards  # noqa: PLC0415
    from gnomon_generators.stack.local import running  # noqa: PLC0415

    if board := running.current(settings)[0]:
        return board
    folder = running.folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "supervisor.log"
    environment = dict(os.environ)
    if settings.path is not None:
        environment["GNOMON_CONFIG"] = str(settings.path)
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "gnomon.cli.main", "stack", "up", "--local"],
            cwd=settings.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    while child.poll() is None:
        board = boards.read(folder)
        if board is not None and board.supervisor.pid == child.pid and board.ready:
            return board
        time.sleep(_POLL_SECONDS)
    said = log.read_text("utf-8", errors="replace").strip().splitlines()
    reason = said[-1].removeprefix("gnomon: ") if said else "it did not say why"
    raise UserError(reason, ExitCode(child.returncode) if child.returncode in (1, 2, 3) else ExitCode.MISSING)


def _tell(board: Board, end: str = "") -> None:
    width = max((len(line.name) for line in board.lines), default=0)
    for line in board.lines:
        again = f", started anew {line.restarts} times" if line.restarts else ""
        ended = f", ended with {line.exit_code}" if line.exit_code is not None else ""
        click.echo(f"{line.name:<{width}}  {line.state:<9}  {line.address}{again}{ended}")
    for name, reason in board.missing.items():
        click.echo(f"{name:<{width}}  missing    {reason}")
    if end:
        click.echo(end)


def _plain(board: Board | None, swept: list[str]) -> dict[str, Any]:
    if board is None:
        return {"running": False, "parts": [], "missing": {}, "left_behind": swept}
    return {
        "running": True,
        "supervisor": board.supervisor.pid,
        "ready": board.ready,
        "parts": [
            {
                "name": line.name,
                "state": line.state,
                "address": line.address,
                "pid": line.process.pid if line.process else None,
                "restarts": line.restarts,
                "exit_code": line.exit_code,
                "log": line.log,
            }
            for line in board.lines
        ],
        "missing": board.missing,
        "left_behind": swept,
    }
