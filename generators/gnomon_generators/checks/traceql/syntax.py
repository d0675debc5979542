"""A query that Tempo refuses."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import TraceQuery
from gnomon_generators.checks.traceql.language import read

ID = "traceql/syntax"
SEVERITY = Severity.ERROR
BRIEF = "The query does not parse."


def check(query: TraceQuery) -> Iterator[Finding]:
    """Reports the first thing that is no TraceQL."""
    reading = read(query.text)
    if reading.error:
        yield query.finding(
            ID, SEVERITY, f"Tempo refuses this: {reading.error}.", "mend the marked part", span=reading.span
        )
