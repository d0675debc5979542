"""The right metric under a name that its kind does not have."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import first_of_each, in_words, named
from gnomon_generators.checks.known.series import KnownSeries
from gnomon_generators.checks.subjects import Expression

ID = "contract/suffix"
SEVERITY = Severity.ERROR
BRIEF = "The metric is there, but not under this suffix (`_total`, `_bucket`, `_sum`, `_count`)."


def _instead(series: KnownSeries, right: tuple[str, ...]) -> str:
    if series.part != "whole":
        return f"{series.metric} is a histogram, which has {in_words(right, 'and')}."
    return f"{series.metric} is {series.kind_in_words} and is called {series.name}."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports histograms without their suffix, counters without theirs, and suffixes of other kinds."""
    contract = expression.tree.contract
    for one in first_of_each(named(expression), "wrong suffix"):
        right = contract.with_right_suffix(one.name)
        yield expression.finding(
            ID,
            SEVERITY,
            f"There is no series {one.name}; " + _instead(contract.series[right[0]], right),
            f"write {in_words(right)}",
            span=one.selector.name_span,
        )
