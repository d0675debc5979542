"""Reading Go templates as Prometheus runs them, as far as mistakes in them go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

_ACTION: Final = re.compile(
    r"\{\{-?(?P<inside>(?:\"(?:\\.|[^\"\\])*\"|`[^`]*`|[^}\"`]|\}(?!\}))*?)-?\}\}", re.DOTALL
)
_STRING: Final = re.compile(r"\"(?:\\.|[^\"\\])*\"|`[^`]*`")
_VARIABLE: Final = re.compile(r"\$(?P<name>\w*)")
_DECLARED: Final = re.compile(r"\$(?P<name>\w+)(?:\s*,\s*\$(?P<second>\w+))?\s*:?=")
_WORD: Final = re.compile(r"(?<![\w.$])(?P<name>[A-Za-z]\w*)")
_LABEL: Final = re.compile(r"(?:\$labels|(?<!\$)\.Labels)\.(?P<name>\w+)")
_INDEXED: Final = re.compile(r"index\s+(?:\$labels|\.Labels)\s+\"(?P<name>\w+)\"")

_OPENING: Final = frozenset({"if", "range", "with", "block", "define"})
_GIVEN: Final = frozenset({"labels", "value", "externalLabels", "externalURL", ""})
_KEYWORDS: Final = "else end template break continue true false nil"
_OF_GO: Final = "and call eq ge gt html index js le len lt ne not or print printf println slice urlquery"
_OF_PROMETHEUS: Final = """
    args externalURL first graphLink humanize humanize1024 humanizeDuration humanizePercentage
    humanizeTimestamp
    label match now parseDuration pathPrefix query reReplaceAll safeHtml sortByLabel stripDomain stripPort
    strvalue tableLink title tmpl toDuration toLower toTime toUpper urlQueryEscape value
"""
_WORDS: Final = _OPENING | set(f"{_KEYWORDS} {_OF_GO} {_OF_PROMETHEUS}".split())


def fault_of(text: str) -> tuple[str, str] | None:
    """What is wrong with a template and what to write, or None; only the first is told, as a parser does."""
    rest = _ACTION.sub("", text)
    if "{{" in rest or "}}" in rest:
        return "An action of the template is not closed or not opened.", "write every action as `{{ … }}`"
    declared = set(_GIVEN)
    depth = 0
    for inside in _actions(text):
        for match in _DECLARED.finditer(inside):
            declared |= {name for name in match.groups() if name}
        first = _WORD.match(inside.strip())
        word = first["name"] if first else ""
        depth += (word in _OPENING) - (word == "end")
        if depth < 0:
            break
        if fault := _unknown(inside, declared):
            return fault
    if depth:
        return (
            "A block of the template has no end, or an end no block.",
            "write one `{{ end }}` for each block",
        )
    return None


def labels_in(text: str) -> Iterator[str]:
    """The labels of the alert that a template names, outside of queries and loops of its own."""
    for inside in _actions(text):
        yield from (match["name"] for match in _INDEXED.finditer(inside))
        yield from (match["name"] for match in _LABEL.finditer(_STRING.sub('""', inside)))


def _actions(text: str) -> Iterator[str]:
    """What stands between braces, comments left out."""
    for match in _ACTION.finditer(text):
        if not match["inside"].strip().startswith("/*"):
            yield match["inside"]


def _unknown(inside: str, declared: set[str]) -> tuple[str, str] | None:
    plain = _STRING.sub('""', inside)
    for match in _VARIABLE.finditer(plain):
        if match["name"] not in declared:
            return _not_known(f"variable ${match['name']}", match["name"], declared, "$")
    for match in _WORD.finditer(plain):
        if match["name"] not in _WORDS:
            return _not_known(f"function {match['name']}", match["name"], _WORDS, "")
    return None


def _not_known(what: str, name: str, known: set[str] | frozenset[str], prefix: str) -> tuple[str, str]:
    close = get_close_matches(name, sorted(known), 1)
    return (
        f"The template names the {what}, which Prometheus does not have: the rule file is refused.",
        f"write `{prefix}{close[0]}`" if close else "name one that there is",
    )
