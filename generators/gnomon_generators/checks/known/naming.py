"""Which series an expression names, and what is to be said of each name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gnomon_generators.checks.known.contract import Standing
from gnomon_generators.checks.known.series import KnownSeries
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Node, Selector


@dataclass(frozen=True, slots=True)
class Named:
    """A selector with a fixed name; `series` is None unless it is known."""

    selector: Selector
    name: str
    standing: Standing
    series: KnownSeries | None


def named(expression: Expression, within: Node | None = None) -> Iterator[Named]:
    """The selectors of an expression, or of a part of it, that ask for a fixed name, in order."""
    root = within or expression.parsed.root
    contract = expression.tree.contract
    for node in root.walk() if root else ():
        if isinstance(node, Selector) and node.name is not None:
            standing = contract.standing(node.name, expression)
            yield Named(node, node.name, standing, contract.find(node.name, expression))


def series_of(expression: Expression, selector: Selector) -> KnownSeries | None:
    """The series that a selector reads, as far as it is known."""
    return None if selector.name is None else expression.tree.contract.find(selector.name, expression)


def grows(expression: Expression, selector: Selector) -> bool:
    """Whether the selector reads a counter; of series of others the name's ending tells."""
    known = series_of(expression, selector)
    if known is not None:
        return known.grows
    if selector.name is None or expression.tree.contract.standing(selector.name, expression) != "foreign":
        return False
    return selector.name.endswith(("_total", "_bucket"))


def first_of_each(found: Iterator[Named], standing: Standing) -> Iterator[Named]:
    """Of the names with this standing each once: one mistake that is repeated is one mistake."""
    seen = set()
    for one in found:
        if one.standing == standing and one.name not in seen:
            seen.add(one.name)
            yield one


def in_words(names: tuple[str, ...] | list[str], word: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"
