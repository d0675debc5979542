"""Which labels an expression's result can have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from gnomon_generators.checks.syntax.nodes import (
    Aggregation,
    Binary,
    Call,
    Label,
    Node,
    Number,
    Paren,
    Range,
    Selector,
    String,
    Subquery,
    Unary,
)

# Aggregations that pick series and leave their labels as they are.
PICKING: Final = ("topk", "bottomk", "limitk", "limit_ratio")
_SCALARS: Final = ("time", "scalar", "pi")
_LABELLESS: Final = (*_SCALARS, "vector")


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels that may be there; where `open` is true, any other may be there too."""

    names: frozenset[str]
    open: bool = False

    @classmethod
    def none(cls) -> Labels:
        """No label at all."""
        return cls(frozenset())

    @classmethod
    def unknown(cls) -> Labels:
        """Nothing is known."""
        return cls(frozenset(), open=True)

    def __contains__(self, name: str) -> bool:
        return self.open or not name or name in self.names

    def __or__(self, other: Labels) -> Labels:
        return Labels(self.names | other.names, self.open or other.open)

    def __sub__(self, names: Iterable[str]) -> Labels:
        return Labels(self.names - set(names), self.open)

    def only(self, names: Iterable[str]) -> Labels:
        """Of these labels those that may be there; an unknown series may have each."""
        return Labels(frozenset(name for name in names if name and name in self))


Lookup = Callable[[Selector], Labels]
"""Tells the labels of a selector's series."""


def labels_of(node: Node, lookup: Lookup) -> Labels:
    """The labels that the node's result can have."""
    match node:
        case Selector():
            return _selected(node, lookup)
        case Range(selector=inner) | Paren(inner=inner) | Unary(inner=inner) | Subquery(inner=inner):
            return labels_of(inner, lookup)
        case Aggregation():
            return _aggregated(node, lookup)
        case Binary():
            return _joined(node, lookup)
        case Call():
            return _called(node, lookup)
        case _:
            return Labels.none()


def is_scalar(node: Node) -> bool:
    """Whether the node is a number without labels rather than series."""
    match node:
        case Number() | String():
            return True
        case Paren(inner=inner) | Unary(inner=inner):
            return is_scalar(inner)
        case Binary(left=left, right=right):
            return is_scalar(left) and is_scalar(right)
        case Call(name=name):
            return name in _SCALARS
        case _:
            return False


def _selected(selector: Selector, lookup: Lookup) -> Labels:
    # `label=""` asks for series without the label.
    return lookup(selector) - {
        one.label for one in selector.matchers if one.operator == "=" and one.value == ""
    }


def _aggregated(node: Aggregation, lookup: Lookup) -> Labels:
    inner = labels_of(node.inner, lookup)
    if node.operator in PICKING:
        return inner
    left = _kept(node, inner)
    if node.operator == "count_values" and isinstance(node.parameter, String):
        left = left | Labels(frozenset({node.parameter.value}))
    return left


def _kept(node: Aggregation, inner: Labels) -> Labels:
    names = _names(node.labels)
    if node.grouping == "without":
        return inner - names
    if node.grouping == "by":
        # A variable may name any label.
        return inner.only(names) if "" not in names else Labels(inner.only(names).names, open=True)
    return Labels.none()


def _joined(node: Binary, lookup: Lookup) -> Labels:  # noqa: PLR0911 - one a kind of join
    left, right = labels_of(node.left, lookup), labels_of(node.right, lookup)
    if node.operator == "or":
        return left | right
    if node.operator in ("and", "unless") or is_scalar(node.right):
        return left
    if is_scalar(node.left):
        return right
    included = frozenset(name for name in _names(node.included) if name)
    if node.many is not None:
        many = left if node.many == "left" else right
        return many | Labels(included)
    if node.matching == "on":
        return left.only(_names(node.labels))
    if node.matching == "ignoring":
        return left - _names(node.labels)
    return left


def _called(node: Call, lookup: Lookup) -> Labels:  # noqa: PLR0911 - one a kind of function
    if node.name in _LABELLESS:
        return Labels.none()
    if node.name == "info":
        return Labels.unknown()
    if node.name in ("absent", "absent_over_time"):
        return _absent(node)
    series = [one for one in node.arguments if not is_scalar(one)]
    if not series:
        return Labels.none()
    inner = labels_of(series[-1], lookup)
    if node.name in ("histogram_quantile", "histogram_fraction"):
        return inner - {"le"}
    if node.name in ("label_replace", "label_join"):
        target = node.arguments[1]
        return inner | Labels(frozenset({target.value} if isinstance(target, String) else ()))
    return inner


def _absent(node: Call) -> Labels:
    """Absence has the labels that its selector fixes."""
    inner = node.arguments[0]
    selector = inner.selector if isinstance(inner, Range) else inner
    if not isinstance(selector, Selector):
        return Labels.none()
    return Labels(frozenset(one.label for one in selector.matchers if one.operator == "="))


def _names(labels: tuple[Label, ...]) -> frozenset[str]:
    return frozenset(label.name for label in labels)
