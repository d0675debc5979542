"""A value that is never written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import in_words
from gnomon_generators.checks.subjects import TraceQuery
from gnomon_generators.checks.traceql.language import Comparison, Field, read
from gnomon_generators.checks.traceql.names import attributes

ID = "traceql/value"
SEVERITY = Severity.ERROR
BRIEF = "An attribute or intrinsic is compared with a value that it never has."

_OF_INTRINSICS: Final = {
    **dict.fromkeys(("status", "span:status"), ("ok", "error", "unset")),
    **dict.fromkeys(
        ("kind", "span:kind"), ("server", "client", "producer", "consumer", "internal", "unspecified")
    ),
}


def check(query: TraceQuery) -> Iterator[Finding]:
    """Reports values outside an attribute's closed set."""
    for field in read(query.text).fields:
        allowed = _allowed(field)
        compared = field.compared
        if not allowed or compared is None or "$" in query.text[slice(*compared.span)]:
            continue
        if not _possible(compared, allowed):
            near = get_close_matches(compared.value, allowed, n=1) or allowed
            yield query.finding(
                ID,
                SEVERITY,
                f"{field.name} is never {compared.value!r}: the comparison is the same for every span.",
                f"write {in_words(list(near))}",
                span=compared.span,
            )


def _possible(compared: Comparison, allowed: tuple[str, ...]) -> bool:
    # Whether an attribute is there is asked by comparing it with nil.
    if compared.operator in ("=", "!="):
        return compared.value in (*allowed, "nil")
    if compared.operator not in ("=~", "!~"):
        return True
    try:
        return any(re.fullmatch(compared.value, value) for value in allowed)
    except re.error:
        # Go's syntax knows what Python's does not.
        return True


def _allowed(field: Field) -> tuple[str, ...]:
    if field.scope == "intrinsic":
        return _OF_INTRINSICS.get(field.name, ())
    for scope, names in attributes().items():
        if field.scope in ("", "parent", scope) and field.name in names:
            attribute = names[field.name]
            return ("true", "false") if attribute.type == "boolean" else attribute.values or ()
    return ()
