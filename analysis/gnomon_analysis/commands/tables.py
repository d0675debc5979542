"""Tables on a terminal, aligned text in a pipe, and the words that numbers are written with."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import click

from gnomon.runs.money import dollars

NOTHING = "-"


class Column(NamedTuple):
    """A column's title; numbers stand on the right."""

    title: str
    right: bool = False


def echo_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Writes a table to stdout."""
    rows = [[_one_line(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _echo_rich(columns, rows, title)
    else:
        _echo_plain(columns, rows, title)


def _one_line(text: str) -> str:
    """The text without line breaks and control characters, which test names may hold."""
    return "".join(character if character.isprintable() else " " for character in text)


def _echo_rich(columns: Sequence[Column], rows: Sequence[Sequence[str]], title: str) -> None:
    from rich import box  # noqa: PLC0415 - only on a terminal
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(
            Text(column.title),
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=column.right,
        )
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _echo_plain(columns: Sequence[Column], rows: Sequence[Sequence[str]], title: str) -> None:
    lines = [[column.title for column in columns], *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    if title:
        click.echo(title)
    for line in lines:
        cells = (
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def percent(share: float | None, interval: tuple[float, float] | None = None) -> str:
    """A share in percent with its interval: `91.1 % [82.8, 95.6]`."""
    if share is None:
        return NOTHING
    text = f"{100 * share:.1f} %"
    return text if interval is None else f"{text} [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"


def usd(cost: float | None) -> str:
    """A sum of money with enough digits for a single model call."""
    return NOTHING if cost is None else dollars(cost)


def seconds(duration: float | None) -> str:
    """A duration in seconds, in minutes from two minutes on."""
    if duration is None:
        return NOTHING
    if duration >= 120:
        return f"{int(duration // 60)} min {int(duration % 60):02d} s"
    return f"{duration:.3f} s" if duration < 1 else f"{duration:.1f} s"


def when(moment: datetime | None) -> str:
    """A moment in the reader's own time zone, to the minute."""
    return NOTHING if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def commit(revision: str | None, dirty: bool | None) -> str:
    """A commit's first digits, with a star when the working tree had changes."""
    return NOTHING if revision is None else revision[:8] + ("*" if dirty else "")


def number(count: int | None) -> str:
    """A count, or that it is not known."""
    return NOTHING if count is None else f"{count:,}"


def counted(count: int, one: str, several: str | None = None) -> str:
    """A count with its noun: `1 call`, `2,000 calls`."""
    return f"{number(count)} {one if count == 1 else several or one + 's'}"


def text(value: str | None) -> str:
    """A word, or that there is none."""
    return value or NOTHING
