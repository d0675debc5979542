"""`gnomon show`: a run or a generated file, by whatever room knows how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import click

from gnomon.cli.commands import load
from gnomon.errors import ExitCode, UserError

ENTRY_POINTS = "gnomon.show"
"""Commands that show one kind of thing each: `run`, and `file` for what lies on disk."""

_SUFFIXES = (".json", ".yaml", ".yml")


class _Handled(click.Command):
    """Passes its arguments on to the command for the kind of thing that they name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.args = list(args)
        return []

    def invoke(self, ctx: click.Context) -> object:
        arguments = ctx.args
        subject = _subject(arguments)
        if subject is None and any(name in arguments for name in ("-h", "--help")):
            click.echo(self.get_help(ctx))
            return None
        command = _command("file" if subject is not None and _is_file(subject) else "run")
        with command.make_context(ctx.info_name, list(arguments), parent=ctx.parent) as own:
            return command.invoke(own)

    def get_help(self, ctx: click.Context) -> str:
        """What each of the commands has to say, for there is no other help to give."""
        return "\n\n".join(_helps(ctx))


@click.command(cls=_Handled, add_help_option=False)
def show() -> None:
    """Shows one run, or a dashboard, rule file or configuration as text."""


def _subject(arguments: Sequence[str]) -> str | None:
    """The argument that names what to show.

    Which options take a value only the commands know, so that a word after an option counts when there is
    no other.
    """
    words = [(before, word) for before, word in zip(("", *arguments), arguments, strict=False)]
    operands = [(before, word) for before, word in words if not word.startswith("-")]
    certain = [word for before, word in operands if not before.startswith("-") or "=" in before]
    return next(iter(certain), operands[0][1] if operands else None)


def _is_file(subject: str) -> bool:
    """Whether a file is meant, be it there or not: no run is called so."""
    return Path(subject).exists() or "/" in subject or subject.endswith(_SUFFIXES)


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=ENTRY_POINTS))}


def _command(kind: str) -> click.Command:
    point = _points().get(kind)
    if point is None:
        raise UserError(
            f"nothing installed can show a {kind}; run: python -m pip install --force-reinstall gnomon",
            ExitCode.MISSING,
        )
    return load(point, "gnomon show")


def _helps(ctx: click.Context) -> Iterator[str]:
    for kind in _points():
        try:
            command = _command(kind)
        except UserError as missing:
            yield f"gnomon show, for a {kind}: {missing}"
        else:
            yield command.get_help(click.Context(command, info_name=ctx.info_name, parent=ctx.parent))
