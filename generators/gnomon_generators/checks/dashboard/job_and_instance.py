"""dashboard-linter's four rules of the labels `job` and `instance`, which are two rules for two labels."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile, Expression
from gnomon_generators.checks.syntax.nodes import Selector


def variable_findings(
    dashboard: DashboardFile, label: str, check: str, severity: Severity
) -> Iterator[Finding]:
    """Whether a variable offers the values of the label, several of them, all by `.+`."""
    if not any(variable.type == "datasource" for variable in dashboard.variables):
        return
    variable = dashboard.variable(label)
    if variable is None:
        yield dashboard.finding(
            check,
            severity,
            f"The dashboard has no variable `{label}`.",
            f"add a variable `{label}` by `label_values({label})`, multi, with `.+` for all",
        )
        return
    wrong = []
    if variable.type != "query":
        wrong.append("is no query")
    if str(variable.raw.get("label") or "").lower() != label:
        wrong.append(f"is not labelled `{label.capitalize()}`")
    if not variable.raw.get("multi"):
        wrong.append("offers one value only")
    if variable.raw.get("allValue") != ".+":
        wrong.append("does not write `.+` for all")
    if wrong:
        yield variable.finding(
            check,
            severity,
            f"The variable `{label}` {', '.join(wrong)}.",
            f"write a query `label_values({label})` labelled `{label.capitalize()}`, multi, with `allValue: "
            ".+`",
        )


def selector_findings(
    expression: Expression, label: str, check: str, severity: Severity
) -> Iterator[Finding]:
    """Whether every selector of a panel's query filters by the label's variable."""
    root = expression.parsed.root
    if root is None or expression.role != "panel":
        return
    for node in root.walk():
        if not isinstance(node, Selector):
            continue
        matcher = node.matcher(label)
        if matcher is None or matcher.operator != "=~" or matcher.fixed:
            yield expression.finding(
                check,
                severity,
                f"The selector does not filter by `${label}`.",
                f'write `{label}=~"${label}"`',
                span=node.span,
            )
