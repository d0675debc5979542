"""A value that the label never has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from gnomon.registry.values import NONE
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import in_words, named
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Matcher

ID = "contract/value"
SEVERITY = Severity.ERROR
BRIEF = "A matcher asks for a value that the label never has."

_WORDS = re.compile(r"\(?(?:\?:)?([\w.@/ -]*(?:\|[\w.@/ -]*)*)\)?")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports values outside a label's closed set, also among the alternatives of a regular expression."""
    seen = set()
    for one in named(expression):
        for matcher in one.selector.matchers:
            allowed = one.series.labels.get(matcher.label) if one.series else None
            for value in _impossible(matcher, allowed or ()):
                if (matcher.label, value) in seen:
                    continue
                seen.add((matcher.label, value))
                yield expression.finding(
                    ID,
                    SEVERITY,
                    f'{matcher.label} of {one.name} is never "{value}": '
                    + ("this excludes nothing." if matcher.negative else "this selects nothing."),
                    _advice(matcher, value, allowed or ()),
                    span=matcher.span,
                )


def _advice(matcher: Matcher, value: str, allowed: tuple[str, ...]) -> str:
    if value == NONE:
        # Run points say so; the series of services are without the label where there is nothing to say.
        there, missing = f'{matcher.label}!=""', f'{matcher.label}=""'
        return f"write {there} for what has one, {missing} for what has none"
    return f"write {in_words(get_close_matches(value, allowed, n=1) or list(allowed))}"


def _impossible(matcher: Matcher, allowed: tuple[str, ...]) -> list[str]:
    # An empty value stands for a label that is not there.
    if not allowed or not matcher.fixed or matcher.value == "":
        return []
    if not matcher.regex:
        return [] if matcher.value in allowed else [matcher.value]
    words = _WORDS.fullmatch(matcher.value)
    if words:
        return [word for word in words.group(1).split("|") if word and not _matches(word, allowed)]
    return [] if _matches(matcher.value, allowed) else [matcher.value]


def _matches(pattern: str, allowed: tuple[str, ...]) -> bool:
    try:
        return any(re.fullmatch(pattern, value) for value in allowed)
    except re.error:
        # Go's syntax knows what Python's does not; the parser has accepted it.
        return True
