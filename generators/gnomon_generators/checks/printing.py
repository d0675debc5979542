"""Findings for people: the expression with the offending part underlined."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from gnomon_generators.checks.finding import Finding, Severity

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_GAP: Final = "…"
_INDENT: Final = "  "
_MOST_LINES: Final = 4


def shown(finding: Finding, width: int, colour: bool) -> str:
    """The finding as lines of at most `width` characters, words permitting."""
    return "\n".join(_lines(finding, width, colour))


def _lines(finding: Finding, width: int, colour: bool) -> Iterator[str]:
    tint = _COLOURS[finding.severity]
    place = f"{finding.path}:{finding.line}" if finding.line else _named(finding.path)
    severity = _styled(str(finding.severity), colour, fg=tint, bold=True)
    yield f"{_styled(place, colour, bold=True)}: {severity} {_styled(finding.check, colour, fg=tint)}"
    if str(finding.where):
        yield f"{_INDENT}{finding.where}"
    yield ""
    if finding.expression and (finding.span or "\n" not in finding.expression.strip()):
        for text, marks in underlined(finding.expression, finding.span, width - 4):
            yield f"    {text}"
            if marks:
                yield f"    {_styled(marks, colour, fg=tint, bold=True)}"
        yield ""
    yield from _wrapped(finding.message, width)
    if finding.advice:
        yield from _wrapped(f"→ {finding.advice}", width)
    yield ""


def _named(path: Path) -> str:
    """The path, or what the empty one stands for."""
    return str(path) if path.parts else "the project"


def underlined(expression: str, span: tuple[int, int] | None, width: int) -> Iterator[tuple[str, str]]:
    """The lines of the expression that the span touches, each with its carets; without a span its first line.

    A line too long for `width` is cut around the span, and of a long span the first lines are shown.
    """
    if span is None:
        yield _cut(expression.strip().splitlines()[0], 0, 0, width)[0], ""
        return
    begin = 0
    shown = 0
    for line in expression.splitlines(keepends=True):
        end = begin + len(line)
        text = line.rstrip().expandtabs(1)
        first, last = max(span[0] - begin, 0), min(span[1] - begin, len(text))
        if span[0] < end and span[1] > begin and last > first:
            cut, offset = _cut(text, first, last, width)
            first, last = first + offset, min(last + offset, len(cut))
            shown += 1
            if shown > _MOST_LINES:
                yield _GAP, ""
                return
            yield cut, " " * first + "^" * max(last - first, 1)
        begin = end


def _cut(text: str, first: int, last: int, width: int) -> tuple[str, int]:
    """The text cut to the width around a part of it, and by how much that part moved."""
    if len(text) <= width:
        return text, 0
    # A third of the room before the part, so that what it belongs to can be seen.
    room = max(width - 2 * len(_GAP), 10)
    start = max(0, min(first - max((room - (last - first)) // 3, 0), len(text) - room))
    end = min(len(text), start + room)
    before, after = _GAP if start else "", _GAP if end < len(text) else ""
    return before + text[start:end] + after, len(before) - start


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, max(width, 40), initial_indent=_INDENT, subsequent_indent=_INDENT, break_long_words=False
    )


def _styled(text: str, colour: bool, *, fg: str | None = None, bold: bool = False) -> str:
    return click.style(text, fg=fg, bold=bold) if colour else text
