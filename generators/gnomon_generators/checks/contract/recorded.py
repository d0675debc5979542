"""A recorded series that no rule records."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import first_of_each, in_words, named
from gnomon_generators.checks.subjects import Expression

ID = "contract/recorded"
SEVERITY = Severity.ERROR
BRIEF = "The expression names a recorded series that no rule here records."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports names with a colon that are no rule's."""
    for one in first_of_each(named(expression), "not recorded"):
        near = [name for name in expression.tree.contract.nearest(one.name) if ":" in name]
        yield expression.finding(
            ID,
            SEVERITY,
            f"No rule records {one.name}, so there is no such series.",
            f"write {in_words(near)}" if near else f"add a rule that records {one.name}",
            span=one.selector.name_span,
        )
