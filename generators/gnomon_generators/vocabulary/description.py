"""The description of a panel: what its author says, and the series that it really reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gnomon_generators.vocabulary.queries import Query

_TABLE: Final = re.compile(r"\b(?:from|join)\s+([A-Za-z_][\w.]*)", re.IGNORECASE)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
_GROUPING: Final = re.compile(
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", re.IGNORECASE
)
_BRACES: Final = re.compile(r"\{[^{}]*\}")
_NAME: Final = re.compile(r"(?<![\w:$.])([A-Za-z_:][\w:]*)(?!\s*\()(?![\w:])")
_WORDS: Final = frozenset(
    {"and", "or", "unless", "offset", "bool", "by", "without", "on", "ignoring", "inf", "nan"}
)
_DURATION: Final = re.compile(r"\[[^\]]*\]")


def described(about: str, queries: Sequence[Query]) -> str:
    """The text behind a panel's (i): the author's words, then where the numbers come from."""
    words = re.sub(r"[ \t]*\n[ \t]*", "\n", about.strip())
    named = dict.fromkeys(name for query in queries for name in _sources(query))
    if not named:
        return words
    return f"{words}\n\nFrom: {', '.join(f'`{name}`' for name in named)}."


def _sources(query: Query) -> Iterator[str]:
    match query.source:
        case "prometheus":
            yield from series_in(query.text)
        case "tempo":
            yield "traces"
        case _:
            yield from dict.fromkeys(_TABLE.findall(_STRING.sub("''", query.text)))


def series_in(expression: str) -> Iterator[str]:
    """The names of the series that a PromQL expression reads, in their order.

    Variables of Grafana may stand in it, so it is not parsed: what is left of strings, labels, ranges and
    functions are the names.
    """
    bare = _STRING.sub('""', expression)
    bare = _DURATION.sub("", _BRACES.sub("", _GROUPING.sub("", bare)))
    for name in dict.fromkeys(_NAME.findall(bare)):
        if name.lower() not in _WORDS and not re.fullmatch(r"\d.*", name):
            yield name
