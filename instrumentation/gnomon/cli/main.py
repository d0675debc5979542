"""The console script `gnomon`: one place where every failure becomes a sentence and an exit code."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from collections.abc import Sequence
from functools import singledispatch
from pathlib import Path

import click

from gnomon.cli.commands import Commands
from gnomon.cli.missing import explain, is_optional
from gnomon.errors import ExitCode, UserError
from gnomon.version import __version__

UNEXPECTED = 70
"""Exit code of a defect of Gnomon's own (`EX_SOFTWARE` of sysexits): no script takes it for an answer."""

_INTERRUPTED = 130  # what shells report for SIGINT
_BROKEN_PIPE = 141  # and for SIGPIPE
_DEBUG = "GNOMON_DEBUG"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file to use instead of the nearest gnomon.yaml; the same as GNOMON_CONFIG.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error; the same as GNOMON_DEBUG=1.")
@click.version_option(__version__, prog_name="gnomon", message="%(prog)s %(version)s")
def gnomon(config: Path | None, debug: bool) -> None:
    """Tells what every test, agent step and model call did, what it cost, and which change moved it."""
    if config is not None:
        if not config.is_file():
            raise UserError(f"--config names {config}, which is not a file; name a gnomon.yaml")
        os.environ["GNOMON_CONFIG"] = str(config.absolute())
    if debug:
        os.environ[_DEBUG] = "1"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`head`, a pager) has what it wanted. Python would complain once more when it
        # flushes at exit, so the rest goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = _BROKEN_PIPE
    sys.exit(code)


def _run(given: list[str]) -> int:
    """The exit code of one command line; what went wrong has been said on stderr.

    An integer that a command returns is its exit code.
    """
    try:
        # Not `gnomon.main()`: it would end with 1 on a broken pipe, which is an answer here.
        with gnomon.make_context("gnomon", list(given)) as context:
            result = gnomon.invoke(context)
        return result if isinstance(result, int) else ExitCode.OK
    except click.exceptions.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        sentence, code = _told(error, given)
        if os.environ.get(_DEBUG, "").lower() not in ("", "0", "false"):
            traceback.print_exc()
        click.echo(sentence, err=True)
        return int(code)


@singledispatch
def _told(error: BaseException, given: list[str]) -> tuple[str, int]:
    """The sentence for an error and the exit code: here for one that nobody foresaw."""
    told = " ".join(str(error).split())
    what = f"{type(error).__name__}: {told}" if told else type(error).__name__
    again = shlex.join(["gnomon", "--debug", *given])
    return f"gnomon: unexpected error ({what}); `{again}` shows the traceback for a report", UNEXPECTED


@_told.register
def _(error: UserError, given: list[str]) -> tuple[str, int]:
    return f"gnomon: {error}", error.exit_code


@_told.register
def _(error: click.ClickException, given: list[str]) -> tuple[str, int]:
    return f"gnomon: {error.format_message()}", ExitCode.USAGE


@_told.register
def _(error: click.UsageError, given: list[str]) -> tuple[str, int]:
    hint = f"; see `{error.ctx.command_path} --help`" if error.ctx else ""
    return f"gnomon: {error.format_message().rstrip('.')}{hint}", ExitCode.USAGE


@_told.register
def _(error: click.exceptions.NoArgsIsHelpError, given: list[str]) -> tuple[str, int]:
    return error.format_message(), ExitCode.USAGE


@_told.register(click.Abort)
@_told.register(KeyboardInterrupt)
def _(error: BaseException, given: list[str]) -> tuple[str, int]:
    return "gnomon: interrupted", _INTERRUPTED


@_told.register
def _(error: ModuleNotFoundError, given: list[str]) -> tuple[str, int]:
    if error.name and is_optional(error.name):
        command = next((word for word in given if not word.startswith("-")), "")
        return f"gnomon: {explain(error, f'gnomon {command}'.rstrip())}", ExitCode.MISSING
    unforeseen: tuple[str, int] = _told.dispatch(Exception)(error, given)
    return unforeseen


if __name__ == "__main__":
    main()
