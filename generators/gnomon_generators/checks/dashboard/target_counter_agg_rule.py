"""dashboard-linter's rule of counters, over all kinds of panels."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Aggregation, Binary, Call, Node, Range, Selector, bare

ID = "dashboard/target-counter-agg-rule"
SEVERITY = Severity.ERROR
BRIEF = "A panel shows a counter as it stands: what was counted since its process began."
# The same from the registry, which knows counters that do not end in `_total`, and gauges that do.
YIELDS_TO = ("promql/lifetime",)

_SUFFIX = "_total"
# What is asked here is whether a series is there, how old it is, or what labels it has.
_NOT_THE_VALUE = frozenset({"absent", "timestamp", "count", "group"})


def check(expression: Expression) -> Iterator[Finding]:
    """Reports counters that stand in no range; differences of `last_over_time` are exact, and allowed."""
    root = expression.parsed.root
    if root is None or expression.role != "panel":
        return
    for selector in _bare_selectors(root):
        if (selector.name or "").endswith(_SUFFIX):
            yield expression.finding(
                ID,
                SEVERITY,
                f"{selector.name} is a counter: its value is what was counted since the process began, and "
                "falls to nothing when it begins anew.",
                "write increase(…[$__range]) for a total, rate(…[$__rate_interval]) for a rate",
                span=selector.name_span,
            )
            # Others in the expression stand there for the same reason.
            return


def _bare_selectors(node: Node) -> Iterator[Selector]:
    """Selectors whose value at one time is used."""
    if isinstance(node, Range):
        return
    if isinstance(node, Selector):
        yield node
    elif isinstance(node, Call | Aggregation):
        name = node.name if isinstance(node, Call) else node.operator
        if name not in _NOT_THE_VALUE:
            yield from _of_children(node)
    elif isinstance(node, Binary) and node.operator in ("and", "unless"):
        # The right side says only which series stay.
        yield from _bare_selectors(bare(node.left))
    else:
        yield from _of_children(node)


def _of_children(node: Node) -> Iterator[Selector]:
    for child in node.children:
        yield from _bare_selectors(child)
