"""A value that is never written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import in_words
from gnomon_generators.checks.subjects import TraceQuery
from gnomon_generators.checks.traceql.language import Field, read
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
        if not allowed or field.compared is None or "$" in query.text[slice(*_after(query.text, field))]:
            continue
        operator, value = field.compared
        if (operator in ("=", "!=") and value not in allowed) or (
            operator == "=~" and not _matches(value, allowed)
        ):
            near = get_close_matches(value, allowed, n=1) or allowed
            yield query.finding(
                ID,
                SEVERITY,
                f"{field.name} is never {value!r}: the comparison is the same for every span.",
                f"write {in_words(list(near))}",
                span=field.span,
            )


def _allowed(field: Field) -> tuple[str, ...]:
    if field.scope == "intrinsic":
        return _OF_INTRINSICS.get(field.name, ())
    for scope, names in attributes().items():
        if field.scope in ("", "parent", scope) and field.name in names:
            attribute = names[field.name]
            return ("true", "false") if attribute.type == "boolean" else attribute.values or ()
    return ()


def _after(text: str, field: Field) -> tuple[int, int]:
    """The comparison behind the field, up to the next logical operator."""
    end = re.search(r"&&|\|\||[})]", text[field.span[1] :])
    return field.span[1], field.span[1] + end.start() if end else len(text)


def _matches(pattern: str, allowed: tuple[str, ...]) -> bool:
    try:
        return any(re.fullmatch(pattern, value) for value in allowed)
    except re.error:
        return True
