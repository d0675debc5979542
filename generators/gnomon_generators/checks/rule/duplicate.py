"""Rules that say the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression, Rule, Tree
from gnomon_generators.checks.syntax.nodes import Selector

ID = "rule/duplicate"
SEVERITY = Severity.ERROR
BRIEF = "Two rules write the same series, or are the same alert."


def check(tree: Tree) -> Iterator[Finding]:
    """Reports every rule that one before it repeats.

    Recording rules of one name and the same labels may record different series; they repeat each other when
    they select the same ones.
    """
    selected = {one.owner: _selectors(one) for one in tree.expressions if isinstance(one.owner, Rule)}
    alike: dict[tuple[Any, ...], list[Rule]] = defaultdict(list)
    for rule in tree.rules:
        labels = tuple(sorted((str(name), str(value)) for name, value in rule.labels.items()))
        others = alike[rule.kind, rule.name, labels]
        before = next((other for other in others if _repeats(rule, other, selected)), None)
        others.append(rule)
        if before is not None:
            yield _finding(rule, before)


def _repeats(rule: Rule, other: Rule, selected: dict[Any, frozenset[str]]) -> bool:
    if rule.kind == "alert":
        return rule.text.split() == other.text.split()
    return selected.get(rule) == selected.get(other)


def _selectors(expression: Expression) -> frozenset[str]:
    root = expression.parsed.root
    return frozenset(
        "".join(expression.parsed.of(node.span).split())
        for node in (root.walk() if root else ())
        if isinstance(node, Selector)
    )


def _finding(rule: Rule, before: Rule) -> Finding:
    place = before.group.name if before.path == rule.path else f"{before.group.name} in {before.path}"
    if rule.kind == "record":
        message = (
            f"A rule of the group {place} records the same series with the same labels: Prometheus refuses "
            "the second result as a duplicate sample, or keeps now the one and now the other."
        )
    else:
        message = f"A rule of the group {place} is the same alert: everybody is told twice."
    return rule.finding(
        ID, SEVERITY, message, "remove one of them, or give them a label that tells them apart"
    )
