"""Matchers that exclude each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Matcher, Selector

ID = "promql/selector"
SEVERITY = Severity.ERROR
BRIEF = "Two matchers of one selector can never both hold."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports pairs of matchers of the same label that contradict each other."""
    root = expression.parsed.root
    for node in root.walk() if root else ():
        if not isinstance(node, Selector):
            continue
        for one, other in combinations(node.matchers, 2):
            if one.label == other.label and one.fixed and other.fixed and _contradict(one, other):
                yield expression.finding(
                    ID,
                    SEVERITY,
                    f"No {one.label} satisfies both matchers, so the selector is always empty.",
                    f'leave one of them out, or write {one.label}=~"…|…" for either',
                    span=(one.span[0], other.span[1]),
                )


def _contradict(one: Matcher, other: Matcher) -> bool:
    for exact, second in ((one, other), (other, one)):
        if exact.operator == "=":
            return not _holds(second, exact.value)
    return one.value == other.value and one.negative != other.negative


def _holds(matcher: Matcher, value: str) -> bool:
    if not matcher.regex:
        return (matcher.value == value) != matcher.negative
    try:
        return bool(re.fullmatch(matcher.value, value)) != matcher.negative
    except re.error:
        # Go's syntax knows what Python's does not.
        return True
