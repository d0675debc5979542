"""A name that nothing emits."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import first_of_each, in_words, named
from gnomon_generators.checks.subjects import Expression

ID = "contract/metric"
SEVERITY = Severity.ERROR
BRIEF = "The expression names a metric that nothing emits."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports each unknown name once, with the nearest known ones."""
    for one in first_of_each(named(expression), "unknown"):
        near = expression.tree.contract.nearest(one.name)
        yield expression.finding(
            ID,
            SEVERITY,
            f"Nothing emits {one.name}: the query returns no data, and an alert on it never fires.",
            f"write {in_words(near)}" if near else "take a metric of docs/telemetry.md, or emit this one",
            span=one.selector.name_span,
        )
