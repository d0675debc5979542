"""An attribute that nothing writes."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.known.naming import in_words
from gnomon_generators.checks.subjects import TraceQuery
from gnomon_generators.checks.traceql.language import Field, read
from gnomon_generators.checks.traceql.names import attributes

ID = "traceql/attribute"
SEVERITY = Severity.ERROR
BRIEF = "The query names an attribute that no span, resource or event has, or has it in another scope."

# Nobody else writes attributes under this prefix, so that an unknown one is a mistake in any file.
_OURS: Final = "gnomon."


def check(query: TraceQuery) -> Iterator[Finding]:
    """Reports each attribute once; in others' files only those of our own name space."""
    if query.tree.contract_mode == "none":
        return
    strict = query.tree.contract.strict(query)
    seen = set()
    for field in read(query.text).fields:
        if (
            field.scope in ("intrinsic", "link", "instrumentation", "trace")
            or (field.scope, field.name) in seen
        ):
            continue
        seen.add((field.scope, field.name))
        wrong = _wrong(field) if strict or field.name.startswith(_OURS) else None
        if wrong:
            yield query.finding(ID, SEVERITY, *wrong, span=field.span)


def _wrong(field: Field) -> tuple[str, str] | None:
    known = attributes()
    scopes = [scope for scope, names in known.items() if field.name in names]
    if field.scope in scopes or (scopes and field.scope in ("", "parent")):
        return None
    if scopes:
        return (
            f"{field.name} is no attribute of the {field.scope}: the query finds nothing.",
            f"write {in_words([f'{scope}.{field.name}' for scope in scopes])}",
        )
    names = known.get(field.scope) or {**known["span"], **known["resource"]}
    near = get_close_matches(field.name, names, n=2)
    return (
        f"Nothing writes {field.name}: the query finds nothing.",
        f"write {in_words([f'{field.scope}.{name}' for name in near])}"
        if near
        else "take a name of docs/telemetry.md",
    )
