"""A word that Tempo does not know."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import in_words
from gnomon_generators.checks.subjects import TraceQuery
from gnomon_generators.checks.traceql.language import read
from gnomon_generators.checks.traceql.names import INTRINSICS, OPTIONS

ID = "traceql/intrinsic"
SEVERITY = Severity.ERROR
# `status = failed` is a wrong value, and no attribute without its scope.
YIELDS_TO = ("traceql/value",)
BRIEF = "A name without a scope is none of TraceQL's intrinsics."


def check(query: TraceQuery) -> Iterator[Finding]:
    """Reports bare words that are neither an intrinsic nor a constant."""
    for field in read(query.text).fields:
        if field.scope == "intrinsic" and field.name not in INTRINSICS | OPTIONS:
            near = get_close_matches(field.name, INTRINSICS, n=2)
            yield query.finding(
                ID,
                SEVERITY,
                f"{field.name} is no intrinsic of TraceQL, and an attribute has its scope in front.",
                f"write {in_words(near) or f'span.{field.name} or resource.{field.name}'}",
                span=field.span,
            )
