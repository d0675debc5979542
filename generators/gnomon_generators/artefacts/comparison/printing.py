"""Changes as sentences and lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from gnomon_generators.artefacts.comparison.changes import Change
from gnomon_generators.artefacts.comparison.marking import marked
from gnomon_generators.artefacts.outline import Form, Item
from gnomon_generators.artefacts.outline.printing import heading

_LONG = 40


def text(changes: Sequence[Change]) -> str:
    """What changed in one artefact, one item after another, ending in a newline unless nothing did."""
    told = [change for change in changes if not change.quiet]
    lines = [
        line for path, group in groupby(told, lambda change: change.path) for line in _item(path, [*group])
    ]
    return "".join(f"{line}\n" for line in [*lines, *_counted([c for c in changes if c.quiet])])


def _item(path: tuple[Item, ...], changes: Sequence[Change]) -> Iterator[str]:
    whole = [change for change in changes if change.what in ("added", "removed")]
    for change in whole:
        yield f"{change.what} {_where(path, brief=True)}"
        yield from (f"  {line}" for line in _texts(change.item))
    rest = [change for change in changes if change not in whole]
    if rest:
        yield _where(path)
        for change in rest:
            yield from (f"  {line}" for line in _told(change))


def _where(path: tuple[Item, ...], *, brief: bool = False) -> str:
    """`panel Passed (row Summary), query A`."""
    steps = path[1:] if len(path) > 1 else path
    labels = [f"{item.label}{_standing(item)}" for item in steps]
    if brief:
        labels[-1] = f"{heading(steps[-1])}{_standing(steps[-1])}"
    return ", ".join(labels)


def _standing(item: Item) -> str:
    if not item.inside:
        return ""
    return f" ({'row' if item.kind == 'panel' else 'group'} {item.inside})"


def _texts(item: Item) -> Iterator[str]:
    """What was asked by something that came or went."""
    yield from (" ".join(fact.value.split()) for fact in item.facts if fact.form is Form.TEXT)
    for inner in item.items:
        yield from _texts(inner)


def _told(change: Change) -> Iterator[str]:
    match change.what:
        case "renamed":
            yield f"was called {change.old or '(nothing)'}"
        case "moved" if change.fact == "inside":
            yield f"moved from {change.old or 'above the first row'} to {change.new or 'above the first row'}"
        case "moved":
            yield f"moved to stand after {change.new}" if change.new else "moved to the front"
        case _:
            yield from _changed(change)


def _changed(change: Change) -> Iterator[str]:
    old, new = change.old, change.new
    if old is None or new is None:
        yield f"{'added' if old is None else 'removed'} {change.fact}: {' '.join((new or old or '').split())}"
    elif max(len(old), len(new)) <= _LONG and "\n" not in old + new:
        yield f"{change.fact}: {old} → {new}"
    else:
        yield f"{change.fact}:"
        yield from (f"  {line}" for line in marked(old, new))


def _counted(quiet: Sequence[Change]) -> Iterator[str]:
    for name, count in sorted(Counter(change.fact for change in quiet).items(), key=str):
        yield f"{count} panel{'s and rows have' if count > 1 else ' or row has'} another {name}"
