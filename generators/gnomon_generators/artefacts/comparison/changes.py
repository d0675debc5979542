"""From two outlines to a list of changes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gnomon_generators.artefacts.comparison.matching import Match, matched
from gnomon_generators.artefacts.outline import Fact, Form, Item

What = Literal["added", "removed", "renamed", "moved", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was.

    `path` are the items that it lies in, from the artefact inwards, as they are called now, and at last the
    one that it is about. For `changed`, `fact` names what differs, and `old` and `new` are its values,
    None where it was not there or no longer is. For `renamed` and `moved` they are the names, and the rows
    or neighbours.
    """

    what: What
    path: tuple[Item, ...]
    fact: str | None = None
    old: str | None = None
    new: str | None = None
    quiet: bool = False

    @property
    def item(self) -> Item:
        """What the change is about."""
        return self.path[-1]


def compare(old: Item, new: Item) -> list[Change]:
    """What differs between two artefacts, in the order of the new one; nothing where both mean the same."""
    if old.kind != new.kind:
        return [Change("changed", (new,), "kind", old.kind, new.kind)]
    return list(_compared(old, new, (new,)))


def _compared(old: Item, new: Item, path: tuple[Item, ...]) -> Iterator[Change]:
    if old.name != new.name:
        yield Change("renamed", path, None, old.name, new.name)
    yield from _facts(old, new, path)
    matches = matched(old.items, new.items)
    renamed = {
        pair.old.name: pair.new.name for pair in matches if pair.old and pair.new and not pair.new.inside
    }
    shifted = {id(item): before for item, before in _out_of_order(old.items, matches, renamed)}
    for pair in matches:
        match pair:
            case Match(Item() as gone, None):
                yield Change("removed", (*path, gone))
            case Match(None, Item() as come):
                yield Change("added", (*path, come))
            case Match(Item() as before, Item() as after):
                yield from _moved(before, after, (*path, after), renamed, shifted)
                yield from _compared(before, after, (*path, after))


def _facts(old: Item, new: Item, path: tuple[Item, ...]) -> Iterator[Change]:
    before, after = _by_name(old.facts), _by_name(new.facts)
    for name in [*after, *(name for name in before if name not in after)]:
        was, is_now = before.get(name), after.get(name)
        if _meaning(was) != _meaning(is_now):
            values = (was.value if was else None, is_now.value if is_now else None)
            yield Change(
                "changed", path, name, *values, quiet=all(fact.quiet for fact in (was, is_now) if fact)
            )


def _meaning(fact: Fact | None) -> str | None:
    """What must be equal: a query means the same however it is broken into lines."""
    if fact is None:
        return None
    return " ".join(fact.value.split()) if fact.form is Form.TEXT else fact.value


def _by_name(facts: Sequence[Fact]) -> Mapping[str, Fact]:
    """Facts by name; one that stands there several times gets its number."""
    named: dict[str, Fact] = {}
    for fact in facts:
        name, number = fact.name, 2
        while name in named:
            name, number = f"{fact.name} ({number})", number + 1
        named[name] = fact
    return named


def _moved(
    old: Item,
    new: Item,
    path: tuple[Item, ...],
    renamed: Mapping[str, str],
    shifted: Mapping[int, Item | None],
) -> Iterator[Change]:
    if not _stayed(old, new, renamed):
        yield Change("moved", path, "inside", old.inside, new.inside)
    elif id(new) in shifted:
        before = shifted[id(new)]
        yield Change("moved", path, "order", None, before.label if before else None)


def _stayed(old: Item, new: Item, renamed: Mapping[str, str]) -> bool:
    """Whether an item stands in the row or group that it stood in."""
    return renamed.get(old.inside, old.inside) == new.inside


def _out_of_order(
    old: Sequence[Item], matches: Sequence[Match], renamed: Mapping[str, str]
) -> Iterator[tuple[Item, Item | None]]:
    """The fewest items that must have been moved for the others to stand as they stood, each with the one
    that it follows now (None: it is the first). What stands in another row or group than before does not
    count.
    """
    places = {id(item): number for number, item in enumerate(old)}
    rows: dict[tuple[str, str], list[tuple[int, Item]]] = {}
    for pair in matches:
        if pair.old and pair.new and _stayed(pair.old, pair.new, renamed):
            rows.setdefault((pair.new.kind, pair.new.inside), []).append((places[id(pair.old)], pair.new))
    for row in rows.values():
        stayed = _longest_rising([place for place, _ in row])
        for number, (_, item) in enumerate(row):
            if number not in stayed:
                yield item, row[number - 1][1] if number else None


def _longest_rising(places: Sequence[int]) -> set[int]:
    """The positions of a longest rising subsequence (patience sorting)."""
    tops: list[int] = []
    positions: list[int] = []
    before: list[int | None] = []
    for position, place in enumerate(places):
        pile = bisect_left(tops, place)
        before.append(positions[pile - 1] if pile else None)
        tops[pile : pile + 1] = [place]
        positions[pile : pile + 1] = [position]
    chosen: set[int] = set()
    last = positions[-1] if positions else None
    while last is not None:
        chosen.add(last)
        last = before[last]
    return chosen
