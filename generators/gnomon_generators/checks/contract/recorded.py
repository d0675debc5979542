"""A recorded series that no rule records."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.defined import recorded
from gnomon_generators.checks.known.naming import first_of_each, in_words, named
from gnomon_generators.checks.subjects import Expression

ID = "contract/recorded"
SEVERITY = Severity.ERROR
BRIEF = "The expression names a recorded series that no rule here records."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports names with a colon that are no rule's."""
    for one in first_of_each(named(expression), "not recorded"):
        yield expression.finding(
            ID,
            SEVERITY,
            f"No rule records {one.name}, so there is no such series.",
            _advice(expression, one.name),
            span=one.selector.name_span,
        )


def _advice(expression: Expression, name: str) -> str:
    """What to do about a series that no rule of the tree records, though a definition may."""
    tree = expression.tree
    defined = recorded(tree.settings)
    if definition := defined.get(name):
        return f"generate its rule too, and check both together: `gnomon generate rules --only {definition}`"
    near = [known for known in tree.contract.nearest(name) if ":" in known]
    near = near or get_close_matches(name, defined, n=2, cutoff=0.75)
    return f"write {in_words(near)}" if near else f"add a rule that records {name}"
