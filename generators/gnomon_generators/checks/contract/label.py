"""A label that the series does not have."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.contract import labels_within
from gnomon_generators.checks.known.labels import Labels, labels_of
from gnomon_generators.checks.known.naming import in_words, named
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation, Node, Selector, Span

ID = "contract/label"
SEVERITY = Severity.ERROR
BRIEF = "The expression filters or groups by a label that the metric does not have."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports each label once: in matchers, in `by`, and in what a variable lists."""
    seen = set()
    for name, span, what, labels in sorted(_unknown(expression), key=lambda found: found[1]):
        if name not in seen:
            seen.add(name)
            yield expression.finding(
                ID, SEVERITY, f"{what} {_effect(expression, span)}", _advice(name, labels), span=span
            )


Unknown = tuple[str, Span, str, Labels]


def _unknown(expression: Expression) -> Iterator[Unknown]:
    root = expression.parsed.root
    if root is None:
        return
    for one in named(expression):
        if one.series is None or one.series.open:
            continue
        labels = Labels(frozenset(one.series.labels))
        for matcher in one.selector.matchers:
            if matcher.label not in labels:
                yield matcher.label, matcher.span, f"{one.name} has no label {matcher.label}:", labels
    for node in root.walk():
        if isinstance(node, Aggregation) and node.grouping == "by":
            yield from _in_grouping(expression, node)
    yield from _listed(expression, root)


def _in_grouping(expression: Expression, node: Aggregation) -> Iterator[Unknown]:
    # A label that the metric has and that an aggregation inside dropped is another mistake.
    labels = _of_selectors(expression, node.inner) | labels_of(node.inner, labels_within(expression))
    for label in node.labels:
        if label.name not in labels:
            yield label.name, label.span, f"What is grouped has no label {label.name}:", labels


def _listed(expression: Expression, root: Node) -> Iterator[Unknown]:
    """The label whose values a variable lists."""
    labels = labels_of(root, labels_within(expression))
    if expression.label and expression.label not in labels:
        yield expression.label, root.span, f"There is no label {expression.label} here:", labels


def _of_selectors(expression: Expression, node: Node) -> Labels:
    lookup = labels_within(expression)
    found = Labels.none()
    for inner in node.walk():
        if isinstance(inner, Selector):
            found = found | lookup(inner)
    return found


def _effect(expression: Expression, span: Span) -> str:
    if expression.role == "variable" and expression.parsed.root and span == expression.parsed.root.span:
        return "the variable offers nothing to choose."
    before = expression.text[: span[0]]
    if before.rfind("{") > before.rfind("}"):
        return "the matcher selects nothing, or with != and !~ everything."
    return "all series fall into one group without it."


def _advice(name: str, labels: Labels) -> str:
    near = get_close_matches(name, labels.names, n=2, cutoff=0.6)
    # `gen_ai_skill_name` is what somebody means who writes `skill`.
    near += [other for other in sorted(labels.names) if name in other.split("_") and other not in near]
    if near:
        return f"write {in_words(near[:3])}"
    return f"its labels are {', '.join(sorted(labels.names)) or 'none'}"
