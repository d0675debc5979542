"""Long queries on several lines, broken where their brackets and operators are.

No parser is asked: dashboards hold variables that PromQL does not know, and queries of other languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_INDENT: Final = "  "
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
# A quoted text, a bracket, or anything between these.
_TOKEN: Final = re.compile(
    r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|[()\[\]{}]|[^"\'`()\[\]{}]+|.', re.DOTALL
)
# Binary operators of PromQL, loosest first, each with the words that may follow it.
_OPERATORS: Final = tuple(
    re.compile(rf"(?<=\s)(?:{operators})(?=\s)", re.IGNORECASE)
    for operators in ("or", "and|unless", r"==|!=|<=?|>=?", r"\+|-", r"\*|/|%")
)


def broken(query: str, width: int) -> Iterator[str]:
    """The lines of a query, none longer than `width` where it can be broken; its own line breaks are kept."""
    for line in query.strip().splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        yield from (indent + part for part in _broken(line.strip(), width - len(indent)))


def _broken(query: str, width: int) -> Iterator[str]:
    if len(query) <= width:
        yield query
        return
    for parts in (_operands(query), _arguments(query)):
        if len(parts) > 1:
            for part in parts:
                yield from _broken(part, width)
            return
    inner = _last_group(query)
    if inner is None:
        yield query
        return
    start, end = inner
    yield query[:start].rstrip()
    for part in _arguments(query[start:end].strip()):
        yield from (_INDENT + line for line in _broken(part, width - len(_INDENT)))
    yield query[end:].lstrip()


def _operands(query: str) -> list[str]:
    """The query cut at its loosest operator outside of brackets; an operator begins the line after it."""
    outside = _outside(query)
    for operator in _OPERATORS:
        starts = [match.start() for match in operator.finditer(outside)]
        if starts:
            return _cut(query, starts)
    return [query]


def _arguments(query: str) -> list[str]:
    return _cut(query, [match.end() for match in re.finditer(",", _outside(query))])


def _cut(query: str, starts: list[int]) -> list[str]:
    ends = [*starts, len(query)]
    return [part for begin, end in zip([0, *starts], ends, strict=True) if (part := query[begin:end].strip())]


def _outside(query: str) -> str:
    """The query with everything in quotes or brackets blanked, place for place."""
    kept, depth = [], 0
    for token in _TOKEN.findall(query):
        closes = token in _OPENING.values()
        depth -= closes
        kept.append(token if depth <= 0 and token[0] not in "\"'`" else "\0" * len(token))
        depth += token in _OPENING
    return "".join(kept)


def _last_group(query: str) -> tuple[int, int] | None:
    """Where the inside of the last pair of round brackets outside of others lies."""
    found, depth, position, start = None, 0, 0, 0
    for token in _TOKEN.findall(query):
        if token in _OPENING.values():
            depth -= 1
            if depth == 0 and query[position] == ")":
                found = (start, position)
        elif token in _OPENING:
            if depth == 0:
                start = position + 1
            depth += 1
        position += len(token)
    return found
