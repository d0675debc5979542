"""PromQL over several lines, so that a reviewer sees its parts."""

from __future__ import annotations

import re
from typing import Final

_OPENING: Final = "([{"
_CLOSING: Final = ")]}"
# From the loosest to the tightest; `*`, `/` and `%` bind alike, as do `+` and `-`, and comparisons.
_LEVELS: Final = (r" or ", r" (?:and|unless) ", r" (?:==|!=|<=|>=|<|>) ", r" [-+] ", r" [*/%] ")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
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
    masked = _STRING.sub(lambda string: "q" * len(string[0]), text)
    depths = _depths(masked)
    for level in _LEVELS:
        cuts = [match.start() for match in re.finditer(level, masked) if depths[match.start()] == 0]
        parts = [text[start:end].strip() for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
        if len(parts) > 1 and _FACTOR.fullmatch(parts[0]):
            parts[:2] = [" ".join(parts[:2])]
        if len(parts) > 1:
            return [line for part in parts for line in _lines(part, width, indent)]
    place = _opening(masked, depths)
    if place < 0:
        return [indent + text]
    end = _end(depths, place)
    inner = _lines(text[place + 1 : end].strip(), width, indent + _INDENT)
    return [f"{indent}{text[: place + 1]}", *inner, f"{indent}{text[end:]}"]


def _opening(text: str, depths: list[int]) -> int:
    """Where the parentheses begin whose inside gets lines of its own; -1 where there are none.

    That of `sum by (a, b) (...)` are the last ones; a selector and a range stay as they are.
    """
    start = text.find("(")
    while start >= 0 and _end(depths, start) == start + 1:
        start = text.find("(", start + 1)
    while start >= 0:
        following = text.find("(", _end(depths, start))
        if following < 0 or depths[following - 1] > 0:
            break
        start = following
    return start


def _end(depths: list[int], start: int) -> int:
    """Where the parentheses end that begin there."""
    return next(place for place in range(start + 1, len(depths)) if depths[place] < depths[start])


def _depths(text: str) -> list[int]:
    """For each character in how many brackets it stands, an opening one in its own."""
    found, depth = [], 0
    for character in text:
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        found.append(depth)
    return found
