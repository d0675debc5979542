"""Whether the organisation fits into its budget of series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.estimate import estimate
from gnomon_generators.checks.subjects import Tree

ID = "contract/series"
SEVERITY = Severity.ERROR
BRIEF = "The organisation in gnomon.yaml makes more series than `budgets.series` allows."

_LARGEST = 3


def check(tree: Tree) -> Iterator[Finding]:
    """Reports an estimate above the budget, with the metrics that make most of it."""
    if not tree.whole or tree.contract_mode == "none":
        return
    expected, budget = estimate(tree.settings), tree.settings.budgets.series
    if expected.total <= budget:
        return
    largest = ", ".join(f"{name} {count:,}" for name, count in islice(expected.by_metric.items(), _LARGEST))
    finding = tree.finding(
        ID,
        SEVERITY,
        f"The suites, agents and environments described here make about {expected.total:,} series "
        f"({largest}), and budgets.series allows {budget:,}: Prometheus will need memory for all of them.",
        "raise budgets.series to what Prometheus has room for, or give agents of one kind one name",
        part="budgets.series",
    )
    path = tree.settings.path
    yield replace(finding, path=path.relative_to(tree.root) if path else Path())
