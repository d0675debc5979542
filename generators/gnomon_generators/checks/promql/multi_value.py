"""Several values where one is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile, Expression
from gnomon_generators.checks.syntax.nodes import Matcher, Selector

ID = "promql/multi-value"
SEVERITY = Severity.ERROR
BRIEF = "A variable that may hold several values is compared with `=` or `!=`."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports matchers of variables with several values, or All, that are no regular expressions."""
    file = expression.file
    root = expression.parsed.root
    if root is None or not isinstance(file, DashboardFile):
        return
    seen = set()
    for node in root.walk():
        for matcher in node.matchers if isinstance(node, Selector) else ():
            name = _several(expression, file, matcher)
            if name and (matcher.label, name) not in seen:
                seen.add((matcher.label, name))
                yield expression.finding(
                    ID,
                    SEVERITY,
                    f"${name} may hold several values, or All, which Grafana writes as (one|other): with "
                    f"{matcher.operator} that text is looked for as it stands and never found.",
                    f'write {matcher.label}{matcher.operator[0] if matcher.negative else "="}~"${name}"',
                    span=matcher.span,
                )


def _several(expression: Expression, file: DashboardFile, matcher: Matcher) -> str | None:
    if matcher.regex or matcher.fixed:
        return None
    for use in expression.parsed.variables:
        if matcher.span[0] <= use.span[0] < matcher.span[1]:
            variable = file.variable(use.name)
            if variable is None or _repeated(expression, use.name):
                continue
            if variable.raw.get("multi") or variable.raw.get("includeAll"):
                return use.name
    return None


def _repeated(expression: Expression, name: str) -> bool:
    """Whether the panel, or its row, is drawn once for each value: in each it holds one."""
    panel = expression.panel
    holders = (panel, panel.row) if panel is not None else ()
    return any(holder is not None and holder.raw.get("repeat") == name for holder in holders)
