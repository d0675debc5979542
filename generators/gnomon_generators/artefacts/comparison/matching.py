"""Which item of the old artefact is which of the new one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from gnomon_generators.artefacts.outline import Form, Item

_ALIKE = 0.85
# For what the format itself knows again by an id, and for rows and groups that hold the same.
_ALIKE_IF_KNOWN = 0.5
# How much of an item is what it asks: panels of one dashboard look alike in all else.
_TEXTS = 0.7


@dataclass(frozen=True, slots=True)
class Match:
    """One item before and after; one of the two is None where it was added or removed."""

    old: Item | None
    new: Item | None


def matched(old: Sequence[Item], new: Sequence[Item]) -> list[Match]:
    """Pairs up items: the new ones in their order, then those that are gone.

    By name and place, then by name alone (it was moved), then by likeness (it was renamed).
    """
    matcher = _Matcher(old, new)
    for key in (lambda item: (item.kind, item.name, item.inside), lambda item: (item.kind, item.name)):
        matcher.by(key)
    matcher.by_likeness()
    gone = (Match(old[number], None) for number in matcher.left_old)
    return [*(Match(matcher.partner(number), item) for number, item in enumerate(new)), *gone]


class _Matcher:
    def __init__(self, old: Sequence[Item], new: Sequence[Item]) -> None:
        self._old, self._new = old, new
        self._partners: dict[int, int] = {}
        self.left_old = list(range(len(old)))
        self._left_new = list(range(len(new)))

    def partner(self, number: int) -> Item | None:
        found = self._partners.get(number)
        return None if found is None else self._old[found]

    def by(self, key: Callable[[Item], Hashable]) -> None:
        """Pairs items of the same key, the first with the first."""
        waiting: dict[Hashable, list[int]] = {}
        for number in self.left_old:
            waiting.setdefault(key(self._old[number]), []).append(number)
        for number in list(self._left_new):
            if candidates := waiting.get(key(self._new[number])):
                self._pair(candidates.pop(0), number)

    def by_likeness(self) -> None:
        """Pairs what is left, the most alike first."""
        scored = sorted(self._candidates(), key=lambda entry: (-entry[0], entry[1:]))
        for _, old, new in scored:
            if old in self.left_old and new in self._left_new:
                self._pair(old, new)

    def _candidates(self) -> Iterator[tuple[float, int, int]]:
        for old_number in self.left_old:
            for new_number in self._left_new:
                score = self._score(self._old[old_number], self._new[new_number])
                if score:
                    yield score, old_number, new_number

    def _score(self, old: Item, new: Item) -> float:
        """How sure it is that one became the other; 0 when it is not."""
        if old.kind != new.kind:
            return 0.0
        held = _held(old, self._old), _held(new, self._new)
        if any(held):
            score = _share(*held)
            return score if score >= _ALIKE_IF_KNOWN else 0.0
        known = bool(old.identity) and old.identity == new.identity
        score = likeness(old, new)
        return score + known if score >= (_ALIKE_IF_KNOWN if known else _ALIKE) else 0.0

    def _pair(self, old: int, new: int) -> None:
        self._partners[new] = old
        self.left_old.remove(old)
        self._left_new.remove(new)


def likeness(old: Item, new: Item) -> float:
    """How much two items say the same, their names left aside: 0 (nothing) to 1 (all)."""
    old_texts, new_texts = " ".join(_texts(old)), " ".join(_texts(new))
    facts = _share(Counter(_facts(old)), Counter(_facts(new)))
    if not old_texts and not new_texts:
        return facts
    same = SequenceMatcher(None, old_texts.split(), new_texts.split(), autojunk=False).ratio()
    return _TEXTS * same + (1 - _TEXTS) * facts


def _held(item: Item, items: Sequence[Item]) -> Counter[tuple[str, ...]]:
    """What stands in a row or a group."""
    return Counter(
        (inner.kind, inner.name) for inner in items if not item.inside and inner.inside == item.name
    )


def _share(old: Counter[tuple[str, ...]], new: Counter[tuple[str, ...]]) -> float:
    total = max(old.total(), new.total())
    return (old & new).total() / total if total else 0.0


def _facts(item: Item) -> Iterator[tuple[str, ...]]:
    for fact in item.facts:
        if not fact.quiet and fact.form is not Form.TEXT:
            yield fact.name, fact.value
    for inner in item.items:
        yield from ((inner.kind, *fact) for fact in _facts(inner))


def _texts(item: Item) -> Iterator[str]:
    yield from (fact.value for fact in item.facts if fact.form is Form.TEXT)
    for inner in item.items:
        yield from _texts(inner)
