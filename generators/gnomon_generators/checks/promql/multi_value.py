"""Several values where one is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.several import may_be_several
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Matcher, Selector

ID = "promql/multi-value"
SEVERITY = Severity.ERROR
BRIEF = "A variable that may hold several values is compared with `=` or `!=`."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports matchers of variables with several values, or All, that are no regular expressions."""
    root = expression.parsed.root
    seen = set()
    for node in root.walk() if root is not None else ():
        for matcher in node.matchers if isinstance(node, Selector) else ():
            name = _several(expression, matcher)
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


def _several(expression: Expression, matcher: Matcher) -> str | None:
    if matcher.regex or matcher.fixed:
        return None
    for use in expression.parsed.variables:
        inside = matcher.span[0] <= use.span[0] < matcher.span[1]
        if inside and may_be_several(expression, use.name):
            return use.name
    return None
