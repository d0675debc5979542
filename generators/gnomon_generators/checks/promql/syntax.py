"""An expression that Prometheus refuses."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression

ID = "promql/syntax"
SEVERITY = Severity.ERROR
BRIEF = "The expression does not parse."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports what the parser says; all other checks leave such an expression alone."""
    parsed = expression.parsed
    if parsed.root is None:
        yield expression.finding(
            ID,
            SEVERITY,
            f"Prometheus refuses this: {parsed.error}.",
            "mend the marked part",
            span=parsed.error_span,
        )
