"""Windows that tile time and share an edge."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import series_of
from gnomon_generators.checks.subjects import Expression, Rule
from gnomon_generators.checks.syntax.nodes import Call, Range

ID = "promql/edge"
SEVERITY = Severity.ERROR
BRIEF = (
    "A recording rule sums run points over exactly its interval: Prometheus 2 counts those on the edge twice."
)


def check(expression: Expression) -> Iterator[Finding]:
    """Reports sums and counts whose window is the group's interval to the millisecond."""
    rule = expression.owner
    root = expression.parsed.root
    if root is None or not isinstance(rule, Rule) or rule.kind != "record" or rule.group.interval is None:
        return
    for node in root.walk():
        if not (isinstance(node, Call) and node.name in ("sum_over_time", "count_over_time")):
            continue
        argument = node.arguments[0]
        if not isinstance(argument, Range) or argument.window.seconds != rule.group.interval:
            continue
        known = series_of(expression, argument.selector)
        if known is not None and known.kind == "run_point":
            yield expression.finding(
                ID,
                SEVERITY,
                f"The group is evaluated every {argument.window.text} and this looks back "
                f"{argument.window.text}: before Prometheus 3.0 a window holds both its edges, so a sample "
                "on one is in two windows; since then in one.",
                f"write {rule.group.interval * 1000 - 1:.0f}ms, right on both",
                span=argument.window.span,
            )
