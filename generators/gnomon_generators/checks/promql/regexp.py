"""A regular expression that says nothing, or nothing true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Matcher, Selector

ID = "promql/regexp"
SEVERITY = Severity.WARNING
BRIEF = "A regular expression in a matcher matches everything, nothing, or one text only."

_PLAIN: Final = re.compile(r"[\w ,:;@/<>=!~'\"&%#-]+")
_EVERYTHING: Final = (".*", "(.*)", ".*|.*", "^.*$")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports matchers without variables whose pattern does no work."""
    root = expression.parsed.root
    for node in root.walk() if root else ():
        if not isinstance(node, Selector):
            continue
        for matcher in node.matchers:
            wrong = _wrong(matcher) if matcher.regex and matcher.fixed else None
            if wrong:
                severity, message, advice = wrong
                yield expression.finding(ID, severity, message, advice, span=matcher.span)


def _wrong(matcher: Matcher) -> tuple[Severity, str, str] | None:
    label, pattern = matcher.label, matcher.value
    if pattern in _EVERYTHING:
        if matcher.negative:
            return (
                Severity.ERROR,
                "This excludes every series, with the label or without it.",
                f"leave the matcher out, or name what {label} must not be",
            )
        return (
            Severity.WARNING,
            "This matches everything, also series without the label: it filters nothing.",
            f'leave the matcher out, or write {label}=~".+" for series that have the label',
        )
    if re.search(r"(?<!^)(?<![\\\[(|])\^", pattern) or re.search(r"(?<!\\)\$(?![)|]|$)", pattern):
        return (
            Severity.ERROR,
            "An anchor in the middle of a pattern can never match.",
            "leave the anchor out; patterns are anchored at both ends already",
        )
    if pattern.startswith("^") or re.search(r"(?<!\\)\$$", pattern):
        return (
            Severity.INFO,
            "Patterns are anchored at both ends already.",
            f'write {label}{matcher.operator}"{pattern.strip("^$")}"',
        )
    if _PLAIN.fullmatch(pattern):
        return (
            Severity.INFO,
            "The pattern is plain text, and matching text is cheaper than matching a pattern.",
            f'write {label}{"!=" if matcher.negative else "="}"{pattern}"',
        )
    return None
