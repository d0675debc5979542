"""What the queries of a tree may name, and what is known of each series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Final, Literal

from gnomon_generators.checks.known.emitted import emitted
from gnomon_generators.checks.known.labels import Labels, labels_of
from gnomon_generators.checks.known.series import KnownSeries
from gnomon_generators.checks.subjects import DashboardFile, Expression, Query, Rule, Subject, Tree
from gnomon_generators.checks.syntax.nodes import Node, Selector

Standing = Literal["known", "wrong suffix", "not recorded", "unknown", "foreign"]
"""What is to be said of a name: it is there; it is there with another suffix; it looks like a recorded series
and no rule records it; nothing emits it; it is of a family that others emit, of which nothing can be said."""

SUFFIXES: Final = ("_total", "_bucket", "_sum", "_count")
# Families that nobody else emits, so that an unknown member is a mistake wherever it stands.
_OWN_FAMILIES: Final = (
    "gnomon_",
    "routing_test_",
    "routing_accuracy",
    "tool_use_accuracy",
    "traces_spanmetrics_",
)
_ALERTS: Final = ("ALERTS", "ALERTS_FOR_STATE")


@dataclass(eq=False)
class Contract:
    """The series known to a tree.

    `series` are those emitted, `elsewhere` the same with what others call by the same names. Recorded series
    are worked out when they are first asked for, through as many rules as it takes.
    """

    mode: Literal["auto", "ours", "none"]
    series: Mapping[str, KnownSeries]
    elsewhere: Mapping[str, KnownSeries]
    rules: Mapping[str, Sequence[Rule]]
    expressions: Mapping[Rule, Expression]
    _recorded: dict[str, KnownSeries | None] = field(default_factory=dict)

    def strict(self, subject: Subject) -> bool:
        """Whether a name in this file must be known, whatever its family."""
        if self.mode != "auto":
            return self.mode == "ours"
        file = subject.file if isinstance(subject, Query) else subject
        return subject.tree.whole or (isinstance(file, DashboardFile) and file.own)

    def find(self, name: str, subject: Subject) -> KnownSeries | None:
        """The series of that name as this file may read it; None when it is not known."""
        known = (self.series if self.strict(subject) else self.elsewhere).get(name)
        return known or self.recorded(name)

    def standing(self, name: str, subject: Subject) -> Standing:
        """What is to be said of a name in this file."""
        if self.mode == "none":
            return "known" if self.find(name, subject) else "foreign"
        if self.find(name, subject) is not None or name in _ALERTS:
            return "known"
        if self.with_right_suffix(name):
            return "wrong suffix"
        if not self.strict(subject) and not (name.startswith(_OWN_FAMILIES) or self._is_misspelt(name)):
            return "foreign"
        return "not recorded" if ":" in name else "unknown"

    def with_right_suffix(self, name: str) -> tuple[str, ...]:
        """The known series of the same metric under other suffixes."""
        stem = _stem(name)
        return tuple(known for known in self._by_stem().get(stem, ()) if known != name)

    def nearest(self, name: str) -> tuple[str, ...]:
        """Known names that are written almost so."""
        return tuple(get_close_matches(name, [*self.series, *self.rules], n=2, cutoff=0.75))

    def recorded(self, name: str) -> KnownSeries | None:
        """The series that the rules of that name record, with the labels that they leave."""
        if name not in self._recorded:
            # Nothing is known of a series that is asked for on the way to itself.
            self._recorded[name] = None
            self._recorded[name] = self._from_rules(name)
        return self._recorded[name]

    def made_of(self, name: str | None) -> tuple[tuple[Expression, Node], ...]:
        """The expressions of the rules that record a name, with their trees.

        None of a name that is made, through whatever rules, from itself: following it would not end.
        """
        if name is None or name in self._circular:
            return ()
        return self._definitions(name)

    def _definitions(self, name: str) -> tuple[tuple[Expression, Node], ...]:
        found = [self.expressions.get(rule) for rule in self.rules.get(name, ())]
        return tuple((one, one.parsed.root) for one in found if one is not None and one.parsed.root)

    @cached_property
    def _circular(self) -> frozenset[str]:
        """The recorded names that are made from themselves, now or in the past."""
        uses = {
            name: {
                node.name
                for _, root in self._definitions(name)
                for node in root.walk()
                if isinstance(node, Selector) and node.name in self.rules
            }
            for name in self.rules
        }
        return frozenset(name for name in uses if name in _reached(uses, name))

    def labels(self, selector: Selector, subject: Subject) -> Labels:
        """The labels that the selector's series have."""
        known = None if selector.name is None else self.find(selector.name, subject)
        return Labels.unknown() if known is None else Labels(frozenset(known.labels), known.open)

    def _from_rules(self, name: str) -> KnownSeries | None:
        rules = self.rules.get(name)
        if not rules:
            return None
        found = Labels.none()
        for rule in rules:
            expression = self.expressions.get(rule)
            root = None if expression is None else expression.parsed.root
            if root is None or expression is None:
                return KnownSeries(name, name, "recorded", "whole", {}, open=True)
            left = labels_of(root, _Finder(self, expression))
            found = found | Labels(left.names | set(rule.labels), left.open)
        values: dict[str, tuple[str, ...] | None] = dict.fromkeys(found.names)
        return KnownSeries(name, name, "recorded", "whole", values, open=found.open)

    def _is_misspelt(self, name: str) -> bool:
        return bool(get_close_matches(name, self.series, n=1, cutoff=0.92))

    def _by_stem(self) -> Mapping[str, Sequence[str]]:
        return _stems(tuple(self.series))


@dataclass(frozen=True, slots=True)
class _Finder:
    """Looks up the labels of selectors as one expression may read them."""

    contract: Contract
    subject: Subject

    def __call__(self, selector: Selector) -> Labels:
        return self.contract.labels(selector, self.subject)


def contract_of(tree: Tree) -> Contract:
    """The contract of a tree: what is emitted, and what its rules record."""
    rules: dict[str, list[Rule]] = defaultdict(list)
    for rule in tree.rules:
        if rule.kind == "record":
            rules[rule.name].append(rule)
    return Contract(
        tree.contract_mode,
        emitted(tree.settings, elsewhere=False),
        emitted(tree.settings, elsewhere=True),
        rules,
        {one.owner: one for one in tree.expressions if isinstance(one.owner, Rule)},
    )


def labels_within(expression: Expression) -> _Finder:
    """What tells the labels of each selector of an expression."""
    return _Finder(expression.tree.contract, expression)


def _reached(uses: Mapping[str, set[str | None]], start: str) -> set[str | None]:
    """The names that a name is made from, directly or through others."""
    found: set[str | None] = set()
    waiting = list(uses[start])
    while waiting:
        name = waiting.pop()
        if name is not None and name not in found:
            found.add(name)
            waiting += uses[name]
    return found


def _stem(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


@lru_cache(maxsize=4)
def _stems(names: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        found[_stem(name)].append(name)
    return found
