"""A quantile without buckets."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.contract import labels_within
from gnomon_generators.checks.known.labels import labels_of
from gnomon_generators.checks.known.naming import series_of
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Call, Node, Number, Selector

ID = "promql/le"
SEVERITY = Severity.ERROR
BRIEF = "`histogram_quantile` of something without the label `le`, or with a quantile outside 0 to 1."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports aggregations that drop `le`, series that never had it, and quantiles such as 95."""
    root = expression.parsed.root
    for node in root.walk() if root else ():
        if isinstance(node, Call) and node.name == "histogram_quantile":
            yield from _faults(expression, node)


def _faults(expression: Expression, node: Call) -> Iterator[Finding]:
    share, buckets = node.arguments
    if isinstance(share, Number) and share.value is not None and not 0 <= share.value <= 1:
        yield expression.finding(
            ID,
            SEVERITY,
            "A quantile is a share from 0 to 1; anything else gives an infinite result.",
            f"write {share.value / 100:g}" if 1 < share.value <= 100 else "write a share such as 0.95",
            span=share.span,
        )
    if _are_classic(expression, buckets) and "le" not in labels_of(buckets, labels_within(expression)):
        yield expression.finding(
            ID,
            SEVERITY,
            "There is no label le left to tell the buckets apart: the result is empty.",
            "group by le too: sum by (le) (…), over the series that end in _bucket",
            span=buckets.span,
        )


def _are_classic(expression: Expression, node: Node) -> bool:
    """Whether the histogram is one of buckets; a native one has no `le` and needs none."""
    selectors = [inner for inner in node.walk() if isinstance(inner, Selector)]
    return any(
        ((known := series_of(expression, one)) is not None and known.kind != "recorded")
        or str(one.name).endswith(("_bucket", "_sum", "_count"))
        for one in selectors
    )
