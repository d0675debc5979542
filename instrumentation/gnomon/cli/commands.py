"""Sub-commands found through entry points, without importing one that is not run."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from difflib import get_close_matches
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import click

from gnomon.cli.missing import explain
from gnomon.errors import ExitCode, UserError

ENTRY_POINTS = "gnomon.commands"


class Commands(click.Group):
    """A group whose commands are the entry points `gnomon.commands`, of any installed distribution.

    The list of commands is made from the source of their functions' docstrings, so that `--help` is
    quick and complete even where an extra is missing.
    """

    @cached_property
    def _found(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in sorted(entry_points(group=ENTRY_POINTS))}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        return sorted(self._found)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports one command. Raises `UserError` (exit code 3) when something it needs is missing."""
        point = self._found.get(cmd_name)
        return load(point, f"gnomon {cmd_name}") if point else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click's, and says which command was probably meant."""
        name = args[0]
        if name not in self._found and not name.startswith("-"):
            near = get_close_matches(name, self._found, n=1)
            meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(self._found))}"
            ctx.fail(f"there is no command {name!r}; {meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes each command with its summary."""
        names = self.list_commands(ctx)
        width = formatter.width - 6 - max((len(name) for name in names), default=0)
        rows = [(name, _shortened(summary(self._found[name]), width)) for name in names]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def load(point: EntryPoint, what: str) -> click.Command:
    """Imports the command of an entry point; `what` is how its user calls it.

    Raises `UserError` (exit code 3) when something that it needs is missing.
    """
    try:
        command = point.load()
    except ImportError as error:
        raise UserError(explain(error, what, point), ExitCode.MISSING) from error
    except AttributeError as error:
        raise UserError(
            f"the command {point.name} is not in {point.value} ({error}); reinstall its distribution",
            ExitCode.MISSING,
        ) from error
    if not isinstance(command, click.Command):
        raise UserError(f"{point.value} is not a click command; mend the entry point {point.name}")
    return command


def summary(point: EntryPoint) -> str:
    """The first sentence of a command's help, read from its source and not by running it."""
    try:
        spec = importlib.util.find_spec(point.module)
        if spec is None or not spec.origin or not spec.origin.endswith(".py"):
            return ""
        tree = ast.parse(Path(spec.origin).read_bytes())
    except (ImportError, OSError, SyntaxError, ValueError):
        return ""
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    for function in functions:
        if function.name == point.attr:
            return _first_sentence(ast.get_docstring(function))
    return _first_sentence(ast.get_docstring(tree))


def _first_sentence(docstring: str | None) -> str:
    paragraph = " ".join((docstring or "").split("\n\n", 1)[0].split())
    return paragraph.split(". ", 1)[0].removesuffix(".")


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)].rstrip() + "…"
