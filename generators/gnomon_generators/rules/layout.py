"""PromQL over several lines, so that a reviewer sees its parts."""

from __future__ import annotations

import re
from typing import Final

_OPENING: Final = "([{"
_CLOSING: Final = ")]}"
# From the loosest to the tightest; `*`, `/` and `%` bind alike, as do `+` and `-`, and comparisons.
_LEVELS: Final = (r" or ", r" (?:and|unless) ", r" (?:==|!=|<=|>=|<|>) ", r" [-+] ", r" [*/%] ")
# A number is not worth a line.
_FACTOR: Final = re.compile(r"(?:(?:or|and|[-+*/]) )?[\d.]+")
_INDENT: Final = "  "


def laid_out(text: str, width: int) -> str:
    """The expression with a line for each part where it is longer than `width`; else as it is.

    Only white space is put in or taken away.
    """
    return "\n".join(_lines(text, width, ""))


def _lines(text: str, width: int, indent: str) -> list[str]:
    if len(indent) + len(text) <= width:
        return [indent + text]
    depths = _depths(text)
    for level in _LEVELS:
        cuts = [match.start() for match in re.finditer(level, text) if depths[match.start()] == 0]
        parts = [text[start:end].strip() for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
        if len(parts) > 1 and _FACTOR.fullmatch(parts[0]):
            parts[:2] = [" ".join(parts[:2])]
        if len(parts) > 1:
            return [line for part in parts for line in _lines(part, width, indent)]
    return _opened(text, depths, width, indent)


def _opened(text: str, depths: list[int], width: int, indent: str) -> list[str]:
    """`head(`, what is between, and `)` on lines of their own; a selector or a range is left as it is."""
    start = text.find("(")
    while start >= 0 and _end(depths, start) - start <= len("()"):
        start = text.find("(", start + 1)
    if start < 0:
        return [indent + text]
    # `sum by (a, b) (…)`: what is aggregated stands in the last parentheses.
    while (following := text.find("(", _end(depths, start))) >= 0 and depths[following - 1] == 0:
        start = following
    end = _end(depths, start)
    inner = _lines(text[start + 1 : end].strip(), width, indent + _INDENT)
    return [f"{indent}{text[: start + 1]}", *inner, f"{indent}{text[end:]}"]


def _end(depths: list[int], start: int) -> int:
    """Where the parentheses end that begin there."""
    return next(place for place in range(start + 1, len(depths)) if depths[place] < depths[start])


def _depths(text: str) -> list[int]:
    """For each character in how many brackets it stands, an opening one in its own."""
    found, depth, quoted = [], 0, False
    for place, character in enumerate(text):
        if character == '"' and text[max(0, place - 1)] != "\\":
            quoted = not quoted
        if not quoted and character in _OPENING:
            depth += 1
        if not quoted and character in _CLOSING:
            depth -= 1
        found.append(depth)
    return found
