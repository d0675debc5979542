"""An outline as text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap

from gnomon_generators.artefacts.outline.breaking import broken
from gnomon_generators.artefacts.outline.model import Fact, Form, Item

_INDENT = "  "
_WIDTH = 110
# Items before which a line stays free.
_APART = frozenset(
    {
        *("row", "panel", "group", "alert", "record"),
        *("pipeline", "receiver", "processor", "exporter", "connector", "extension"),
    }
)


def text(item: Item) -> str:
    """The whole outline, ending in a newline."""
    return "\n".join(line.rstrip() for line in _lines(item, 0)) + "\n"


def _lines(item: Item, depth: int) -> Iterator[str]:
    margin = _INDENT * depth
    yield margin + heading(item)
    for part, group in groupby(item.facts, _part):
        if part:
            told = ", ".join(f"{fact.name.removeprefix(f'{part}.')}={fact.value}" for fact in group)
            yield from _wrapped(f"{part}: {told}", margin + _INDENT)
        else:
            for fact in group:
                yield from _fact(fact, margin + _INDENT)
    small = ", ".join(f"{fact.name}={fact.value}" for fact in item.facts if fact.form is Form.SMALL)
    yield from _wrapped(small, margin + _INDENT)
    for inner in item.items:
        if inner.kind in _APART and depth < 1:
            yield ""
        yield from _lines(inner, depth + (2 if inner.inside else 1))


def _part(fact: Fact) -> str:
    """What facts that are told together begin with; empty for the others."""
    return fact.name.partition(".")[0] if fact.form is Form.PART else ""


def heading(item: Item) -> str:
    """The first line of an item: what it is, and the facts that are told at once."""
    brief = [
        fact.value if fact.form is Form.HEAD else f"{fact.name} {fact.value}"
        for fact in item.facts
        if fact.form in (Form.HEAD, Form.NAMED)
    ]
    return f"{item.label}: {', '.join(brief)}" if brief else item.label


def _fact(fact: Fact, margin: str) -> Iterator[str]:
    if fact.form is Form.TEXT:
        yield from (margin + line for line in broken(fact.value, _WIDTH - len(margin)))
    elif fact.form is Form.LINE:
        yield from _wrapped(f"{fact.name}: {fact.value}", margin)


def _wrapped(told: str, margin: str) -> Iterator[str]:
    width = max(_WIDTH - len(margin), 40)
    lines = wrap(told, width, subsequent_indent=_INDENT, break_long_words=False, break_on_hyphens=False)
    yield from (margin + line for line in lines)
