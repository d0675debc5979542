"""Several values where one is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.dashboard.references import names_in
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.several import all_as_pattern, is_list, may_be_several
from gnomon_generators.checks.subjects import SqlQuery

ID = "sql/multi-value"
SEVERITY = Severity.ERROR
BRIEF = "A variable that may hold several values is compared with `=`, or stands between quotes."

# Strings, and variables outside of them; what is compared with `=` or `<>` has that before it.
_PART: Final = re.compile(
    r"(?P<compared>(?<![<>=!])(?:=|!=|<>)\s*)?"
    r"(?P<text>'(?:[^']|'')*'|\$\{[^}]*\}|\$(?!__)[A-Za-z_]\w*|\[\[\w+(?::\w+)?\]\])"
)
_FORMAT: Final = re.compile(r":\w+(?:\}|\]\])")


def check(query: SqlQuery) -> Iterator[Finding]:
    """Reports variables of several values, or All, that cannot stand where they do."""
    for found in _PART.finditer(query.text):
        for name in dict.fromkeys(name for name, _ in names_in(found["text"])):
            if wrong := _wrong(query, name, found["text"], compared=bool(found["compared"])):
                regex = f"~ '^(${{{name}:regex}})$'"
                as_list = (
                    f"{regex}, since All is no list here" if all_as_pattern(query, name) else f"IN (${name})"
                )
                yield query.finding(
                    ID, SEVERITY, f"${name} {wrong}.", f"write column {as_list}", span=found.span()
                )


def _wrong(query: SqlQuery, name: str, text: str, *, compared: bool) -> str | None:
    if compared and may_be_several(query, name):
        return (
            "may hold several values, or All, which Grafana writes as 'one','other': compared with that, the "
            "database refuses the query as soon as a second value is chosen"
        )
    if _FORMAT.search(text) or not is_list(query, name):
        return None
    if text.startswith("'"):
        return (
            "may hold several values, and Grafana writes each with quotes: those around it make a query that "
            "the database refuses"
        )
    if all_as_pattern(query, name) and may_be_several(query, name):
        return "is written as the bare pattern of All when all is chosen, which is no SQL"
    return None
