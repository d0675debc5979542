"""Grafana's variables replaced by PromQL of the same length, so that every character keeps its place."""

from __future__ import annotations

import re
from typing import Final

from gnomon_generators.checks.syntax.nodes import VariableUse

_VARIABLE: Final = (
    r"\$(?P<plain>[A-Za-z_]\w*)|\$\{(?P<braced>[A-Za-z_][\w.]*)[^}]*\}|\[\[(?P<old>[A-Za-z_]\w*)(?::\w+)?\]\]"
)
_PIECE: Final = re.compile(
    rf"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|(?P<comment>\#[^\n]*)|(?P<variable>{_VARIABLE})""",
    re.DOTALL,
)
_IN_STRING: Final = re.compile(_VARIABLE)
# Grafana's own variables that are numbers: seconds, milliseconds, points of time.
_NUMBERS: Final = {"__range_s", "__range_ms", "__interval_ms", "__rate_interval_ms", "__from", "__to"}
_AFTER_OFFSET: Final = re.compile(r"\boffset\s*-?\s*\Z")
_IN_LABELS: Final = re.compile(
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\Z", re.IGNORECASE
)
_TAKES_NUMBER: Final = re.compile(
    r"\b(?:topk|bottomk|limitk|limit_ratio|quantile|histogram_quantile|vector)\s*"
    r"(?:(?:by|without)\s*\([^()]*\)\s*)?\(\s*\Z"
)
_AFTER_OPERATOR: Final = re.compile(r"(?:[-+*/%^<>=]|\bbool)\s*\Z")


def substituted(text: str) -> tuple[str, tuple[VariableUse, ...]]:
    """The text as a PromQL parser takes it, of the same length, and the variables that stood in it.

    What a variable stands for is told from its surroundings: a duration in brackets and after `offset`, a
    label in a grouping clause, a number after an operator, otherwise a part of a name.
    """
    out: list[str] = []
    uses: list[VariableUse] = []
    end = 0
    for match in _PIECE.finditer(text):
        out.append(text[end : match.start()])
        end = match.end()
        if match["comment"]:
            out.append(match.group())
        elif match["string"]:
            uses += [
                VariableUse(_name(inner), (match.start() + inner.start(), match.start() + inner.end()))
                for inner in _IN_STRING.finditer(match.group())
            ]
            out.append(_IN_STRING.sub(lambda inner: "x" * len(inner.group()), match.group()))
        else:
            uses.append(VariableUse(_name(match), match.span()))
            before = "".join(out)
            out = [before, _stand_in(_name(match), len(match.group()), before, text[end:])]
    out.append(text[end:])
    return "".join(out), tuple(uses)


def _name(match: re.Match[str]) -> str:
    return next(name for key in ("plain", "braced", "old") if (name := match[key]))


def _stand_in(name: str, length: int, before: str, after: str) -> str:  # noqa: PLR0911 - one a surrounding
    touches = bool(re.match(r"\w", after)) or bool(re.search(r"\w\Z", before))
    for opening, closing in (("[", "]"), ("{", "}")):
        if before.rfind(opening) > before.rfind(closing):
            return _in_brackets(length, touches) if opening == "[" else _in_braces(length, after)
    if _AFTER_OFFSET.search(before):
        return _in_brackets(length, touches)
    if touches or _IN_LABELS.search(before):
        return "x" * length
    if after.lstrip().startswith("("):
        return "sum".ljust(length) if length >= len("sum") else "x" * length
    if after[:1] in ("{", "["):
        return "x" * length
    if name in _NUMBERS or _TAKES_NUMBER.search(before) or _AFTER_OPERATOR.search(before):
        return "1" * length
    return "x" * length


def _in_brackets(length: int, touches: bool) -> str:
    return ("1" if touches else "1m").rjust(length, "0")


def _in_braces(length: int, after: str) -> str:
    """A label, or where no operator follows a whole matcher."""
    if re.match(r"\s*[,}]", after) and length > len('!=""'):
        return "x" * (length - 4) + '!=""'
    return "x" * length
